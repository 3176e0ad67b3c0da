import AMQPWire
import Bytes
import Testing

/// The short way for deliveries against the general one.
@Suite("Plain deliveries")
struct PlainDeliveryTests {
    /// What became of octets: deliveries and give-backs, or the error that ended them.
    struct Outcome: Equatable {
        var actions: [ChannelMachine.Action] = []
        var failure: AMQPError.Code?
        var unsettled = 0
    }

    static func play(_ octets: [UInt8], frameMax: Int = 4096, plainly: Bool) throws -> (outcome: Outcome, plain: Int) {
        let channel = try ChannelTranscript.open(bodyMax: 1000)
        try channel.consume("c1", consumer: 4, ticket: 1)
        try channel.consume("a tag of many octets", consumer: 5, ticket: 2, noAck: true)
        let parser = FrameParser(frameMax: frameMax)
        var outcome = Outcome()
        var plain = 0
        octets.withUnsafeBytes { bytes in
            var position = 0
            do throws(AMQPError) {
                while let frame = try parser.next(UnsafeRawBufferPointer(rebasing: bytes[position...])) {
                    position += frame.size
                    guard frame.channel == 1 else { continue }
                    let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
                    if plainly, let delivery = try channel.machine.deliver(frame, followedBy: rest, parser) {
                        position += delivery.octets
                        plain += 1
                        outcome.actions.append(action(delivery, &channel.interner))
                    } else {
                        let action = try channel.machine.receive(frame, &channel.interner, &channel.out)
                        if action != .none { outcome.actions.append(action) }
                    }
                }
            } catch {
                outcome.failure = error.code
            }
        }
        outcome.unsettled = channel.machine.unsettled.count
        return (outcome, plain)
    }

    static func action(_ plain: ChannelMachine.PlainDelivery, _ interner: inout Interner) -> ChannelMachine.Action {
        guard let consumer = plain.consumer else { return .orphan(deliveryTag: plain.deliveryTag) }
        let properties = plain.properties.count > 2 ? Array(plain.properties) : []
        return .delivery(
            ChannelMachine.Delivery(
                consumer: consumer, deliveryTag: plain.deliveryTag, redelivered: plain.redelivered,
                route: interner.route(plain.exchange, plain.routingKey),
                content: Content(properties: properties, body: Array(plain.body))))
    }

    static func conversation() throws -> [UInt8] {
        try encoded { buffer in
            let bodies = ["", "x", String(repeating: "y", count: 56), String(repeating: "z", count: 57)]
            let tags = ["c1", "a tag of many octets", "nobody", "c1"]
            let all = [BasicProperties(), PropertiesTests.all, BasicProperties(contentType: "a/b"), BasicProperties()]
            for (index, tag) in tags.enumerated() {
                try Array(bodies[index].utf8).withUnsafeBytes { body in
                    let method = BasicDeliver(
                        consumerTag: tag, deliveryTag: UInt64(index + 1), redelivered: index % 2 == 0,
                        exchange: "an exchange with a long name", routingKey: "k\(index)")
                    // Only the last body needs two frames.
                    try buffer.append(
                        method, properties: all[index], body: body, channel: 1,
                        frameMax: index == 1 ? 4096 : 64)
                }
            }
        }
    }

    @Test("they are the same deliveries, wherever the octets are cut")
    func same() throws {
        let octets = try Self.conversation()
        for count in 0...octets.count {
            let cut = Array(octets[..<count])
            let short = try Self.play(cut, plainly: true)
            let general = try Self.play(cut, plainly: false)
            if count == octets.count {
                #expect(short.plain == 3)
                #expect(short.outcome.actions.count == 4)
            }
            #expect(short.outcome.actions == general.outcome.actions)
            #expect(short.outcome.failure == nil && general.outcome.failure == nil)
        }
    }

    @Test("a change in any octet has the same consequences", arguments: 0..<8)
    func mutated(_ seed: Int) async throws {
        var random = SeededGenerator(state: UInt64(seed) + 7)
        let original = try Self.conversation()
        for round in 0..<1000 {
            // Tests that wait for events share these threads.
            if round % 20 == 0 { await Task.yield() }
            var octets = original
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                octets[Int.random(in: 0..<octets.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let short = try Self.play(octets, plainly: true).outcome
            let general = try Self.play(octets, plainly: false).outcome
            #expect(short.actions == general.actions, "octets \(octets)")
            #expect(short.failure == general.failure, "octets \(octets)")
        }
    }
}
