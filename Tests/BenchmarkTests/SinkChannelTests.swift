import AMQPWire
import Bytes
import Testing

@testable import bench

@Suite struct SinkChannelTests {
    private let channel = SinkChannel(1, SinkChannel.Settings(confirmEvery: 2, bodySize: 3, flood: 5))

    /// Hands octets to the channel frame by frame, as the connection does.
    private func feed(_ octets: [UInt8]) throws {
        try octets.withUnsafeBytes { bytes in
            let parser = FrameParser(frameMax: SinkConnection.frameMax)
            var position = 0
            while let frame = try parser.next(UnsafeRawBufferPointer(rebasing: bytes[position...])) {
                if frame.kind == .method { try channel.publish(frame.payload) } else { try channel.content(frame) }
                position += frame.size
            }
        }
    }

    private func message(_ size: Int) throws -> [UInt8] {
        var buffer = ByteBuffer()
        try [UInt8](repeating: 1, count: size).withUnsafeBytes {
            try buffer.append(
                BasicPublish(exchange: "e", routingKey: "k"), properties: BasicProperties(deliveryMode: .persistent),
                body: $0, channel: 1, frameMax: 32)
        }
        return buffer.array
    }

    private func methods(_ buffer: borrowing ByteBuffer) throws -> [Method] {
        try buffer.withBytes { bytes in
            let parser = FrameParser(frameMax: SinkConnection.frameMax)
            var (position, methods) = (0, [Method]())
            while let frame = try parser.next(UnsafeRawBufferPointer(rebasing: bytes[position...])) {
                if frame.kind == .method { methods.append(try Method(payload: frame.payload)) }
                position += frame.size
            }
            return methods
        }
    }

    @Test("publishes are confirmed together once enough have come, or all of them when asked")
    func confirms() throws {
        channel.selectConfirms()
        var out = ByteBuffer()
        for size in [0, 3, 100] {
            try feed(message(size))
            channel.confirm(all: false, &out)
        }
        channel.confirm(all: true, &out)
        channel.confirm(all: true, &out)
        #expect(
            try methods(out) == [
                .basicAck(BasicAck(deliveryTag: 2, multiple: true)), .basicAck(BasicAck(deliveryTag: 3)),
            ])
        #expect(channel.totals.published == 3)
        #expect(channel.totals.publishedOctets == 103)
    }

    @Test("frames out of order and bodies of another size than announced are errors")
    func disorder() throws {
        let octets = try message(40)
        // The method takes 20 octets, the header 25, body frames at most 32.
        let pieces = try octets.withUnsafeBytes { bytes in
            let parser = FrameParser(frameMax: SinkConnection.frameMax)
            var (position, sizes) = (0, [Int]())
            while let frame = try parser.next(UnsafeRawBufferPointer(rebasing: bytes[position...])) {
                sizes.append(frame.size)
                position += frame.size
            }
            return sizes
        }
        #expect(pieces.count == 4)
        let (method, header) = (Array(octets[..<pieces[0]]), Array(octets[pieces[0]..<pieces[0] + pieces[1]]))
        let body = Array(octets[(pieces[0] + pieces[1])...].prefix(pieces[2]))
        #expect(throws: AMQPError.self) { try feed(header) }
        #expect(throws: AMQPError.self) { try feed(body) }
        #expect(throws: AMQPError.self) { try feed(method + body) }
        #expect(throws: AMQPError.self) { try feed(header + body + body) }
    }

    @Test("a consumer gets deliveries up to its prefetch, and more as it acknowledges")
    func prefetch() throws {
        channel.setPrefetch(2)
        try channel.consume(BasicConsume(queue: "q"), tag: "t")
        var out = ByteBuffer()
        try channel.flood(room: 1 << 20, &out)
        #expect(
            try methods(out)
                == [1, 2].map {
                    .basicDeliver(
                        BasicDeliver(
                            consumerTag: "t", deliveryTag: $0, exchange: "delivery.exchange", routingKey: "delivery.key"
                        ))
                })
        #expect(channel.settle(2, multiple: false))
        #expect(!channel.settle(2, multiple: false))
        #expect(!channel.settle(3, multiple: false))
        try channel.flood(room: 1 << 20, &out)
        #expect(channel.totals.delivered == 3)
        #expect(channel.settle(0, multiple: true))
        #expect(channel.totals.settled == 3)
        try channel.flood(room: 1 << 20, &out)
        #expect(channel.totals.delivered == 5)
    }
}
