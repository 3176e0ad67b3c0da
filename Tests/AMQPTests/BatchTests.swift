import AMQP
import AMQPWire
import Support
import Testing

@Suite("Publishing batches", .timeLimit(.minutes(1)))
struct BatchTests {
    static let bodies = (0..<5).map { [UInt8](repeating: UInt8($0), count: $0) }

    @Test("each message has the outcome that the broker gave it")
    func outcomes() async throws {
        try await PublishingTests.withChannel { peer in
            try peer.expect(ConfirmSelect.id)
            try peer.send(ConfirmSelectOk())
            for _ in Self.bodies { try peer.expect(BasicPublish.id) }
            try peer.send(
                BasicReturn(replyCode: 312, replyText: "NO_ROUTE", exchange: "e", routingKey: "k"), body: [3, 3, 3])
            try peer.send(BasicNack(deliveryTag: 2))
            try peer.send(BasicAck(deliveryTag: 5, multiple: true))
            try peer.farewell()
        } _: { connection, channel in
            let outcomes = await channel.publish(batch: Self.bodies, to: "e", routingKey: "k", mandatory: true)
            #expect([outcomes[0], outcomes[2], outcomes[4]] == [.confirmed, .confirmed, .confirmed])
            #expect(#expect(throws: AMQPError.self) { try outcomes[1].get() }?.code == .publishRefused)
            #expect(#expect(throws: AMQPError.self) { try outcomes[3].get() }?.code == .publishReturned)
            let metrics = await connection.metrics
            #expect(metrics.published == 5)
            #expect(metrics.confirmed == 3)
        }
    }

    @Test("a batch sends the same octets as its messages one by one")
    func sameOctets() async throws {
        let properties = BasicProperties(
            contentType: "text/plain", headers: ["n": 1], deliveryMode: .persistent, messageID: "m")
        let broker = try ScriptedBroker()
        let served = Task {
            try await broker.serve { peer -> [[UInt8]] in
                try peer.handshake()
                try peer.openChannel()
                try peer.expect(ConfirmSelect.id)
                var rounds: [[UInt8]] = []
                for _ in 0..<2 {
                    var octets: [UInt8] = []
                    var left = Self.bodies.count * 3 - 1
                    while left > 0, let frame = try peer.frame() {
                        octets += [frame.kind.rawValue] + frame.payload
                        left -= 1
                    }
                    rounds.append(octets)
                }
                return rounds
            }
        }
        try await AMQPConnection.withConnection(broker.url, configuration: .alone) { connection in
            let channel = try await connection.openChannel()
            for body in Self.bodies {
                _ = try await channel.publishing(
                    body, to: "e", routingKey: "k", properties: properties, mandatory: true)
            }
            _ = await channel.publishing(
                batch: Self.bodies, to: "e", routingKey: "k", properties: properties, mandatory: true)
            let rounds = try await served.value
            #expect(rounds[0] == rounds[1])
        }
    }

    @Test("a batch above the window goes on as confirms come")
    func window() async throws {
        var configuration = AMQPConfiguration.alone
        configuration.publishWindow = 2
        try await PublishingTests.withChannel(configuration) { peer in
            try peer.expect(ConfirmSelect.id)
            for tag in 1...5 {
                try peer.expect(BasicPublish.id)
                if tag == 2 || tag == 4 { try peer.send(BasicAck(deliveryTag: UInt64(tag), multiple: true)) }
            }
            try peer.send(BasicAck(deliveryTag: 5))
            try peer.farewell()
        } _: { _, channel in
            #expect(await channel.publish(batch: Self.bodies, to: "e") == Array(repeating: .confirmed, count: 5))
        }
    }

    @Test("when the channel ends in the middle, what was sent is unknown and the rest is refused")
    func channelClosed() async throws {
        var configuration = AMQPConfiguration.alone
        configuration.publishWindow = 3
        try await PublishingTests.withChannel(configuration) { peer in
            try peer.expect(ConfirmSelect.id)
            for _ in 0..<3 { try peer.expect(BasicPublish.id) }
            try peer.send(BasicAck(deliveryTag: 1))
            try peer.expect(BasicPublish.id)
            try peer.send(ChannelClose(replyCode: 404, replyText: "NOT_FOUND", classID: 60, methodID: 40))
            try peer.farewell()
        } _: { _, channel in
            let outcomes = await channel.publish(batch: Self.bodies, to: "e")
            #expect(outcomes[0] == .confirmed)
            for outcome in outcomes[1...3] {
                #expect(#expect(throws: AMQPError.self) { try outcome.get() }?.code == .publishUnknown)
            }
            guard case .refused(let error) = outcomes[4] else {
                Issue.record("the last outcome is \(outcomes[4])")
                return
            }
            #expect(error.reply?.code == .notFound)
        }
    }

    @Test("what cannot be sent is refused and leaves the channel alone; an empty batch has no outcomes")
    func invalid() async throws {
        try await PublishingTests.withChannel { peer in
            try peer.expect(ConfirmSelect.id)
            for _ in Self.bodies { try peer.expect(BasicPublish.id) }
            try peer.send(BasicAck(deliveryTag: 0, multiple: true))
            try peer.farewell()
        } _: { _, channel in
            let long = String(repeating: "k", count: 256)
            for outcome in await channel.publish(batch: Self.bodies, to: "e", routingKey: long) {
                #expect(#expect(throws: AMQPError.self) { try outcome.get() }?.code == .invalidArgument)
            }
            #expect(await channel.publish(batch: [], to: "e") == [])
            #expect(await channel.publish(batch: Self.bodies, to: "e") == Array(repeating: .confirmed, count: 5))
        }
    }

    @Test("a task that is cancelled while its batch waits gets unknown outcomes, and the handle tells more later")
    func cancelled() async throws {
        try await PublishingTests.withChannel { peer in
            try peer.expect(ConfirmSelect.id)
            try peer.send(ConfirmSelectOk())
            for _ in Self.bodies { try peer.expect(BasicPublish.id) }
            try peer.expect(QueuePurge.id)
            try peer.send(QueuePurgeOk(messageCount: 0))
            try peer.send(BasicAck(deliveryTag: 5, multiple: true))
            try peer.farewell()
        } _: { _, channel in
            let batch = await channel.publishing(batch: Self.bodies, to: "e")
            let waiting = Task { await batch.outcomes }
            waiting.cancel()
            for outcome in await waiting.value {
                #expect(#expect(throws: AMQPError.self) { try outcome.get() }?.code == .publishUnknown)
            }
            #expect(!batch.isFinished)
            try await channel.purgeQueue("q")
            #expect(await batch.outcomes == Array(repeating: .confirmed, count: 5))
        }
    }
}
