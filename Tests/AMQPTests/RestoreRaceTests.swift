import AMQP
import AMQPWire
import Support
import Testing

/// What is done to a channel while it is being restored.
@Suite("While a channel is being restored", .timeLimit(.minutes(1)))
struct RestoreRaceTests {
    /// Two consumers are restored; the answer for the second waits until `body` has done its deed.
    static func held(
        _ heard: Heard, _ body: (AMQPConnection, AMQPChannel, AMQPConsumer) async throws -> Void
    ) async throws {
        let isAsked = Flag()
        let isDone = Flag()
        let broker = try ScriptedBroker()
        let served = Task {
            try await broker.serve { peer in
                try peer.handshake()
                try peer.openChannel()
                try peer.startConsumer()
                try peer.startConsumer()
                try peer.expect(QueuePurge.id)
            }
            try await broker.serve { peer in
                try peer.handshake()
                try peer.openChannel()
                let first = try peer.startConsumer()
                let second = try peer.expectConsume()
                isAsked.raise()
                try eventuallyHere { isDone.isUp }
                try peer.send(BasicConsumeOk(consumerTag: second))
                // A broker whose consumer was not ended delivers what comes back to it for ever.
                try peer.send(BasicDeliver(consumerTag: first, deliveryTag: 1), body: [1])
                var tag: UInt64 = 1
                try peer.answerAll(heard) { method, _ in
                    guard case .basicNack = method, tag < 20, !heard.all.contains(where: { $0.contains("cancel") })
                    else { return }
                    tag += 1
                    try peer.send(BasicDeliver(consumerTag: first, deliveryTag: tag, redelivered: true), body: [1])
                }
            }
        }
        try await AMQPConnection.withConnection(broker.url, configuration: .quick) { connection in
            let channel = try await connection.openChannel()
            let consumer = try await channel.consume("a")
            _ = try await channel.consume("b")
            let events = connection.events()
            _ = try? await channel.purgeQueue("q")
            try await eventually("it is being restored") { isAsked.isUp }
            let deed = Task { isDone.raise() }
            try await body(connection, channel, consumer)
            await deed.value
            for await event in events { if case .recovered = event { break } }
            #expect(try await consumer.next() == nil)
        }
        try? await served.value
    }

    @Test("closing it closes it at the broker, too")
    func close() async throws {
        let heard = Heard()
        try await Self.held(heard) { _, channel, _ in await channel.close() }
        #expect(heard.contains("1: channel.close"))
        #expect(!heard.all.contains { $0.contains("nack") })
    }

    @Test("a consumer that is cancelled ends at the broker, too")
    func cancel() async throws {
        let heard = Heard()
        try await Self.held(heard) { connection, channel, consumer in
            try await consumer.cancel()
            try await eventually("it ends") { heard.all.contains { $0.contains("cancel c1") } }
            try await channel.purgeQueue("q")
        }
        #expect(heard.all.filter { $0.contains("nack") }.count <= 2)
    }

    @Test(
        "a consumer whose answer is late is given up with its channel's number, and nothing of it reaches the new one")
    func lateAnswer() async throws {
        let heard = Heard()
        let broker = try ScriptedBroker()
        let served = Task {
            try await broker.serve { peer in
                try peer.handshake()
                try peer.openChannel()
                try peer.startConsumer()
                try peer.startConsumer()
                try peer.expect(QueuePurge.id)
            }
            try await broker.serve { peer in
                try peer.handshake()
                var consumers = 0
                while true {
                    let (method, channel) = try peer.method()
                    heard.note(method, channel)
                    switch method {
                    case .channelOpen: try peer.send(ChannelOpenOk(), channel: channel)
                    case .basicQos: try peer.send(BasicQosOk(), channel: channel)
                    case .basicConsume(let consume):
                        consumers += 1
                        // The second one on the first number gets no answer.
                        if consumers == 2 { continue }
                        try peer.send(BasicConsumeOk(consumerTag: consume.consumerTag), channel: channel)
                        guard channel == 2 else { continue }
                        for tag in 1...3 as ClosedRange<UInt64> {
                            try peer.send(BasicDeliver(consumerTag: "c1", deliveryTag: tag), body: [2], channel: 2)
                        }
                    case .channelClose:
                        // What was on its way when the broker read it.
                        for tag in 1...3 as ClosedRange<UInt64> {
                            try peer.send(
                                BasicDeliver(consumerTag: "c1", deliveryTag: tag), body: [1], channel: channel)
                        }
                        try peer.send(ChannelCloseOk(), channel: channel)
                    case .connectionClose:
                        try peer.send(ConnectionCloseOk(), channel: 0)
                        return
                    default: break
                    }
                }
            }
        }
        var configuration = AMQPConfiguration.quick
        configuration.requestTimeout = .milliseconds(300)
        try await AMQPConnection.withConnection(broker.url, configuration: configuration) { connection in
            let channel = try await connection.openChannel()
            let consumer = try await channel.consume("a")
            _ = try await channel.consume("b")
            let events = connection.events()
            _ = try? await channel.purgeQueue("q")
            for await event in events { if case .recovered = event { break } }
            for tag in 1...3 as ClosedRange<UInt64> {
                let delivery = try #require(try await consumer.next())
                #expect(delivery.deliveryTag == tag)
                #expect(delivery.body == [2])
            }
            #expect(await connection.metrics.connected == 2)
        }
        try await served.value
        #expect(heard.contains("1: channel.close"))
    }

    @Test("a transaction that a loss cuts in half is rolled back, and commit says so")
    func transaction() async throws {
        let heard = Heard()
        let broker = try ScriptedBroker()
        let served = Task {
            try await broker.serve { peer in
                try peer.handshake()
                try peer.openChannel()
                try peer.expect(TxSelect.id)
                try peer.send(TxSelectOk())
                for _ in 0..<2 { try peer.expect(BasicPublish.id) }
            }
            try await broker.serve { peer in
                try peer.handshake()
                try peer.answerAll(heard)
            }
        }
        try await AMQPConnection.withConnection(broker.url, configuration: .quick) { connection in
            let channel = try await connection.openChannel()
            try await channel.selectTransactions()
            let events = connection.events()
            for body in [1, 2] as [UInt8] { try await channel.send([body], to: "", routingKey: "q") }
            for await event in events { if case .recovered = event { break } }
            try await channel.send([3], to: "", routingKey: "q")
            let error = await #expect(throws: AMQPError.self) { try await channel.commit() }
            #expect(error?.code == .transactionLost)
            #expect(heard.contains("1: tx.rollback") && !heard.contains("1: tx.commit"))
            // The next transaction is whole.
            try await channel.send([4], to: "", routingKey: "q")
            try await channel.commit()
            #expect(heard.contains("1: tx.commit"))
        }
        try? await served.value
    }
}
