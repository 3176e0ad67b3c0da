import AMQP
import AMQPWire
import EventLoop
import Support
import Testing

@Suite("Acknowledging", .timeLimit(.minutes(1)))
struct AcknowledgingTests {
    struct Written: Equatable {
        var method: String
        var tag: UInt64
        var multiple = false
    }

    @Test("acknowledgements of one turn leave in as few methods as they need, before what follows on the channel")
    func coalescing() async throws {
        let broker = try ScriptedBroker()
        let served = Task {
            try await broker.serve { peer -> [Written] in
                try peer.handshake()
                try peer.openChannel()
                try peer.expect(BasicQos.id)
                try peer.send(BasicQosOk())
                let tag = try peer.expect {
                    if case .basicConsume(let consume) = $0 { consume.consumerTag } else { nil }
                }
                try peer.send(BasicConsumeOk(consumerTag: tag))
                for number in 1...6 {
                    try peer.send(
                        BasicDeliver(consumerTag: tag, deliveryTag: UInt64(number), exchange: "", routingKey: "q"),
                        body: [])
                }
                var written: [Written] = []
                while true {
                    switch try peer.method().method {
                    case .basicAck(let ack):
                        written.append(Written(method: "ack", tag: ack.deliveryTag, multiple: ack.multiple))
                    case .basicNack(let nack):
                        written.append(Written(method: "nack", tag: nack.deliveryTag, multiple: nack.multiple))
                    default:
                        try peer.send(QueuePurgeOk(messageCount: 0))
                        try peer.farewell()
                        return written
                    }
                }
            }
        }
        let connection = try await AMQPConnection.connect(broker.url, configuration: .alone)
        let channel = try await connection.openChannel()
        let consumer = try await channel.consume("q")
        var deliveries: [AMQPDelivery] = []
        while deliveries.count < 6 { deliveries += try await consumer.nextBatch() }
        let all = deliveries
        // On the loop nothing is sent between these.
        try await Task(executorPreference: connection.loop) {
            for index in [2, 0, 1] { try await all[index].ack() }
            try await all[3].nack(requeue: true)
            try await all[5].ack()
            try await channel.purgeQueue("q")
        }.value
        await #expect(throws: AMQPError.self) { try await all[5].ack() }
        await connection.close()
        #expect(
            try await served.value == [
                Written(method: "ack", tag: 3, multiple: true), Written(method: "nack", tag: 4),
                Written(method: "ack", tag: 6),
            ])
    }

    @Test("between recover and its answer there is nothing to settle")
    func takenBack() async throws {
        try await PublishingTests.withChannel { peer in
            try peer.expect(BasicQos.id)
            try peer.send(BasicQosOk())
            let tag = try peer.expect { if case .basicConsume(let consume) = $0 { consume.consumerTag } else { nil } }
            try peer.send(BasicConsumeOk(consumerTag: tag))
            for number in 1...2 as ClosedRange<UInt64> {
                try peer.send(BasicDeliver(consumerTag: tag, deliveryTag: number), body: [])
            }
            try peer.expect(BasicRecover.id)
            // It was on its way when the broker read basic.recover.
            try peer.send(BasicDeliver(consumerTag: tag, deliveryTag: 3), body: [])
            try peer.expect(QueuePurge.id)
            try peer.send(BasicRecoverOk())
            try peer.send(BasicDeliver(consumerTag: tag, deliveryTag: 4, redelivered: true), body: [])
            try peer.send(QueuePurgeOk(messageCount: 0))
            try peer.expect { if case .basicAck(let ack) = $0, ack.deliveryTag == 4 { () } else { nil } }
            try peer.farewell()
        } _: { connection, channel in
            let consumer = try await channel.consume("q")
            var old: [AMQPDelivery] = []
            while old.count < 2 { old += try await consumer.nextBatch() }
            async let recovered: Void = channel.recover()
            old.append(try #require(try await consumer.next()))
            for delivery in old { #expect(try await delivery.ack() == .stale) }
            try await channel.purgeQueue("q")
            try await recovered
            let again = try #require(try await consumer.next())
            #expect(again.redelivered)
            #expect(try await again.ack() == .sent)
        }
    }
}
