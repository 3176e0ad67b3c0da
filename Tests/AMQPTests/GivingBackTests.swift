import AMQP
import AMQPWire
import Support
import Testing

@Suite("Giving everything back", .timeLimit(.minutes(1)))
struct GivingBackTests {
    @Test("of two recovers on their way, the answer to the first does not make deliveries valid for the second")
    func twoRecovers() async throws {
        try await PublishingTests.withChannel { peer in
            try peer.expect(BasicQos.id)
            try peer.send(BasicQosOk())
            try peer.expect(BasicConsume.id)
            try peer.send(BasicConsumeOk(consumerTag: "c1"))
            for _ in 0..<2 { try peer.expect(BasicRecover.id) }
            try peer.send(BasicRecoverOk())
            try peer.send(BasicDeliver(consumerTag: "c1", deliveryTag: 1), body: [1])
            // The client's answer to what it got so far: nothing about the first delivery.
            try peer.expect(QueueDeclare.id)
            try peer.send(BasicRecoverOk())
            try peer.send(BasicDeliver(consumerTag: "c1", deliveryTag: 2, redelivered: true), body: [2])
            try peer.send(QueueDeclareOk(queue: "q"))
            try peer.expect { if case .basicAck(let ack) = $0, ack.deliveryTag == 2 { () } else { nil } }
            try peer.farewell()
        } _: { _, channel in
            let consumer = try await channel.consume("q")
            async let first: Void = channel.recover()
            async let second: Void = channel.recover()
            let early = try #require(try await consumer.next())
            #expect(early.body == [1])
            #expect(try await early.ack() == .stale)
            try await channel.declareQueue("q")
            try await first
            try await second
            #expect(try await early.ack() == .stale)
            let late = try #require(try await consumer.next())
            #expect(late.body == [2])
            #expect(try await late.ack() == .sent)
        }
    }
}
