import AMQPWire
import Bytes
import Testing

/// A small generator with a seed, so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

@Suite("Hostile octets")
struct HostileOctetsTests {
    /// A conversation that a server might send on channel 1, with a byte changed here and there.
    static func conversation() throws -> [UInt8] {
        try encoded { buffer in
            try buffer.append(ChannelOpenOk(), channel: 1)
            for tag in 1...5 {
                try Array("hello world".utf8).withUnsafeBytes { body in
                    try buffer.append(
                        BasicDeliver(consumerTag: "t", deliveryTag: UInt64(tag), exchange: "e", routingKey: "k"),
                        properties: PropertiesTests.all, body: body, channel: 1, frameMax: 64)
                }
            }
            for method in Method.samples { try buffer.append(method, channel: 1) }
        }
    }

    @Test("seven 6: no change to a conversation makes the machines trap", arguments: 0..<8)
    func mutated(_ seed: Int) async throws {
        var random = SeededGenerator(state: UInt64(seed))
        let original = try Self.conversation()
        for round in 0..<2000 {
            // Tests that wait for events share these threads.
            if round % 20 == 0 { await Task.yield() }
            var octets = original
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                octets[Int.random(in: 0..<octets.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            var out = ByteBuffer()
            var interner = Interner()
            var channel = try ChannelMachine(number: 1, bodyMax: 1 << 20, &out)
            try channel.consume(BasicConsume(consumerTag: "t"), consumer: 0, ticket: 1, &out)
            var connection = ConnectionMachine(HandshakeSettings(), &out)
            octets.withUnsafeBytes { bytes in
                var position = 0
                do {
                    while let frame = try FrameParser().next(UnsafeRawBufferPointer(rebasing: bytes[position...])) {
                        position += frame.size
                        if frame.channel == 0 { _ = try? connection.receive(frame, &out) }
                        // Going on after an error is worse than what a connection does.
                        if let action = try? channel.receive(frame, &interner, &out),
                            case .delivery(let delivery) = action
                        {
                            _ = BasicProperties(checked: delivery.content.properties)
                        }
                    }
                } catch {}
            }
        }
    }

    @Test("seven 6: random octets as tables, properties and methods do not trap", arguments: 0..<4)
    func random(_ seed: Int) async {
        var random = SeededGenerator(state: UInt64(seed) + 100)
        for round in 0..<20_000 {
            if round % 500 == 0 { await Task.yield() }
            let octets = (0..<Int.random(in: 0..<64, using: &random)).map { _ in
                // Small numbers and type letters make progress more likely.
                Bool.random(using: &random)
                    ? UInt8.random(in: 0...8, using: &random)
                    : "tbBsuIilLfdDSATFVx".utf8.randomElement(using: &random) ?? 0
            }
            let table = (try? read(octets) { try $0.table() }) != nil
            let walked = (try? read(octets) { try $0.skipTable() }) != nil
            #expect(table == walked)
            let properties = (try? read(octets) { try $0.properties() }) != nil
            let skipped = (try? read(octets) { try $0.skipProperties() }) != nil
            #expect(properties == skipped)
            _ = try? octets.withUnsafeBytes { try Method(payload: $0) }
        }
    }
}
