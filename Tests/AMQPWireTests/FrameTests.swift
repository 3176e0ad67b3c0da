import AMQPWire
import Bytes
import Testing

@Suite("Frames")
struct FrameTests {
    @Test("a heartbeat is eight octets on channel 0")
    func heartbeat() throws {
        let sent = encoded { $0.appendHeartbeat() }
        #expect(sent == octets("08 0000 00000000 CE"))
        #expect(try frames(sent).frames == [PlainFrame(kind: .heartbeat, channel: 0, payload: [])])
    }

    @Test("the protocol header is AMQP 0 0 9 1")
    func protocolHeader() {
        #expect(encoded { $0.appendProtocolHeader() } == octets("'AMQP' 00 00 09 01"))
    }

    @Test("frames are found one after the other, whatever the cuts between reads")
    func incremental() throws {
        let stream = octets("01 0001 00000004 0014000B CE  03 0002 00000003 'abc' CE  08 0000 00000000 CE")
        let expected = [
            PlainFrame(kind: .method, channel: 1, payload: octets("0014000B")),
            PlainFrame(kind: .body, channel: 2, payload: octets("'abc'")),
            PlainFrame(kind: .heartbeat, channel: 0, payload: []),
        ]
        #expect(try frames(stream).frames == expected)
        for cut in 0..<stream.count {
            let first = try frames(Array(stream[..<cut]))
            let second = try frames(Array(stream[first.used...]))
            #expect(first.frames + second.frames == expected)
        }
    }

    @Test(
        "behaviour 4: bad frames are refused",
        arguments: [
            "04 0001 00000000 CE", "00", "FF 0000", "01 0001 00000004 0014000B CD", "08 0001 00000000 CE",
            "08 0000 00000001 00 CE",
        ])
    func bad(_ text: String) throws {
        #expect(throws: AMQPError.self) { try frames(octets(text)) }
    }

    @Test("behaviour 5: a frame above the limit is refused from its size alone")
    func tooLarge() throws {
        let limit = FrameParser(frameMax: 4096, headerMax: 10_000)
        #expect(try frames(octets("03 0001 00000FF8"), limit).frames.isEmpty)
        #expect(throws: AMQPError.self) { try frames(octets("03 0001 00000FF9"), limit) }
        #expect(throws: AMQPError.self) { try frames(octets("01 0001 FFFFFFFF"), limit) }
    }

    @Test("seven 7: a header frame may exceed the limit up to a bound of its own")
    func largeHeader() throws {
        let limit = FrameParser(frameMax: 4096, headerMax: 10_000)
        #expect(try frames(octets("02 0001 00002708"), limit).frames.isEmpty)
        #expect(throws: AMQPError.self) { try frames(octets("02 0001 00002709"), limit) }
    }

    @Test("behaviour 1: an empty body has no body frame")
    func emptyBody() throws {
        let sent = try encoded { buffer in
            try buffer.appendPublish(
                exchange: "e", routingKey: "k", mandatory: true, properties: BasicProperties(),
                body: UnsafeRawBufferPointer(start: nil, count: 0), channel: 1, frameMax: 4096)
        }
        #expect(
            sent
                == octets(
                    "01 0001 0000000B 003C0028 0000 01'e' 01'k' 01 CE  02 0001 0000000E 003C 0000 0000000000000000 0000 CE"
                ))
    }

    @Test(
        "behaviour 2: a body is cut into frames of at most frame_max",
        arguments: [1, 4087, 4088, 4089, 8176, 8177, 50_000])
    func bodyFrames(_ size: Int) throws {
        let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let sent = try encoded { buffer in
            try body.withUnsafeBytes { body in
                try buffer.appendPublish(
                    exchange: "", routingKey: "q", mandatory: false, properties: BasicProperties(), body: body,
                    channel: 3, frameMax: 4096)
            }
        }
        let found = try frames(sent, FrameParser(frameMax: 4096)).frames
        #expect(found.count == 2 + (size + 4087) / 4088)
        #expect(found.dropFirst(2).flatMap(\.payload) == body)
        let general = try encoded { buffer in
            try body.withUnsafeBytes { body in
                try buffer.append(
                    BasicPublish(routingKey: "q"), properties: BasicProperties(), body: body, channel: 3, frameMax: 4096
                )
            }
        }
        #expect(sent == general)
    }

    @Test("behaviour 3: properties that need more than a frame are refused and leave nothing behind")
    func largeProperties() throws {
        let properties = BasicProperties(headers: ["x": .string(String(repeating: "x", count: 5000))])
        var buffer = ByteBuffer()
        buffer.appendHeartbeat()
        let code = #expect(throws: AMQPError.self) {
            try buffer.appendPublish(
                exchange: "", routingKey: "q", mandatory: false, properties: properties,
                body: UnsafeRawBufferPointer(start: nil, count: 0), channel: 3, frameMax: 4096)
        }?.code
        #expect(code == .invalidArgument)
        let count = buffer.count
        #expect(count == 8)
    }

    @Test("an ack is one method frame")
    func ack() {
        #expect(
            encoded { $0.appendAck(5, multiple: true, channel: 2) }
                == octets("01 0002 0000000D 003C0050 0000000000000005 01 CE"))
    }
}
