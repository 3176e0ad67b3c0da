import AMQPWire
import Bytes
import Testing

/// What settles deliveries, as the broker reads it.
@Suite("Settling")
struct SettlingTests {
    /// A channel with deliveries 1 to `count`, unsettled.
    static func channel(_ count: UInt64) throws -> ChannelTranscript {
        let channel = try ChannelTranscript.open()
        try channel.consume("c", consumer: 1, ticket: 1)
        for tag in 1...count {
            _ = try channel.receive(BasicDeliver(consumerTag: "c", deliveryTag: tag), body: "")
        }
        _ = try channel.written()
        return channel
    }

    @Test(
        "an acknowledgement for many never stands for one that is given up in the same turn", arguments: [true, false])
    func givenUp(_ asReject: Bool) throws {
        let channel = try Self.channel(3)
        for tag in [1, 3] as [UInt64] {
            #expect(channel.machine.ack(tag, multiple: false) == .settled(tag: tag, count: 1))
        }
        _ = try channel.machine.giveUp(2, requeue: true, asReject: asReject, &channel.out)
        let refusal: Method =
            asReject
            ? .basicReject(BasicReject(deliveryTag: 2, requeue: true))
            : .basicNack(BasicNack(deliveryTag: 2, requeue: true))
        #expect(
            try channel.written() == [
                .basicAck(BasicAck(deliveryTag: 3)), .basicAck(BasicAck(deliveryTag: 1)), refusal,
            ])
    }

    /// Random settling against what a broker holds: it may be told only of what it holds, and learns of everything.
    @Test("whatever is settled in whatever order, the broker learns exactly that", arguments: 0..<20)
    func model(_ seed: Int) throws {
        var random = SeededGenerator(state: UInt64(seed))
        let channel = try Self.channel(200)
        var held = Set(1...200 as ClosedRange<UInt64>)
        var (acknowledged, refused) = (Set<UInt64>(), Set<UInt64>())
        var (heardOf, heardNot) = (Set<UInt64>(), Set<UInt64>())
        func read() throws {
            for method in try channel.written() {
                let (tag, multiple, isAck): (UInt64, Bool, Bool)
                switch method {
                case .basicAck(let ack): (tag, multiple, isAck) = (ack.deliveryTag, ack.multiple, true)
                case .basicNack(let nack): (tag, multiple, isAck) = (nack.deliveryTag, nack.multiple, false)
                default: continue
                }
                #expect(held.contains(tag), "\(method)")
                let meant = multiple ? held.filter { $0 <= tag } : [tag]
                held.subtract(meant)
                if isAck { heardOf.formUnion(meant) } else { heardNot.formUnion(meant) }
            }
        }
        for tag in (1...200 as ClosedRange<UInt64>).shuffled(using: &random) {
            let multiple = Int.random(in: 0..<30, using: &random) == 0
            let open = Set(1...200 as ClosedRange<UInt64>).subtracting(acknowledged).subtracting(refused)
            let meant = multiple ? open.filter { $0 <= tag } : open.filter { $0 == tag }
            if Bool.random(using: &random) {
                if case .settled = channel.machine.ack(tag, multiple: multiple) { acknowledged.formUnion(meant) }
            } else if case .settled = try channel.machine.giveUp(
                tag, multiple: multiple, requeue: true, &channel.out)
            {
                refused.formUnion(meant)
            }
            if Int.random(in: 0..<4, using: &random) == 0 { channel.machine.writeAcks(&channel.out) }
            try read()
        }
        channel.machine.writeAcks(&channel.out)
        try read()
        #expect(held == [])
        #expect(heardOf == acknowledged)
        #expect(heardNot == refused)
    }

    @Test("in a transaction each acknowledgement is written by itself, since a rollback undoes those before")
    func transaction() throws {
        let channel = try Self.channel(6)
        try channel.machine.request(TxSelect(), ticket: 2, &channel.out)
        _ = try channel.written()
        for tag in [1, 2] as [UInt64] { _ = channel.machine.ack(tag, multiple: false) }
        _ = channel.machine.ack(4, multiple: true)
        channel.machine.writeAcks(&channel.out)
        #expect(
            try channel.written() == [
                .basicAck(BasicAck(deliveryTag: 1)), .basicAck(BasicAck(deliveryTag: 2)),
                .basicAck(BasicAck(deliveryTag: 4, multiple: true)),
            ])
    }

    @Test("what a peer may leave out of its delivery tags is bounded over all deliveries")
    func gaps() throws {
        var deliveries = UnsettledDeliveries()
        var tag: UInt64 = 0
        #expect(throws: AMQPError.self) {
            for _ in 0..<1000 {
                tag += 1000
                try deliveries.delivered(tag, settled: false)
            }
        }
        #expect(tag < 70_000)
    }
}
