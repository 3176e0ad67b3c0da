import AMQP
import AMQPWire
import Support
import Testing

@Suite("Recovery", .timeLimit(.minutes(1)))
struct RecoveryTests {
    static var quick: AMQPConfiguration {
        var configuration = AMQPConfiguration()
        configuration.recovery.initialDelay = .milliseconds(1)
        configuration.recovery.ceiling = .milliseconds(20)
        return configuration
    }

    @Test("topology comes back before channels, and a channel with its prefetch and consumers under the old tags")
    func order() async throws {
        let broker = try ScriptedBroker()
        async let served: Void = {
            try await broker.serve { peer in
                try peer.handshake()
                try peer.openChannel()
                try peer.expect(ExchangeDeclare.id)
                try peer.send(ExchangeDeclareOk())
                try peer.expect(QueueDeclare.id)
                try peer.send(QueueDeclareOk(queue: "amq.gen-1"))
                try peer.expect(QueueBind.id)
                try peer.send(QueueBindOk())
                try peer.expect(BasicQos.id)
                try peer.send(BasicQosOk())
                let tag = try peer.expect {
                    if case .basicConsume(let consume) = $0 { consume.consumerTag } else { nil }
                }
                try peer.send(BasicConsumeOk(consumerTag: tag))
            }
            try await broker.serve { peer in
                try peer.handshake()
                try peer.openChannel(1)
                try peer.expect(ExchangeDeclare.id)
                try peer.send(ExchangeDeclareOk())
                try peer.expect { if case .queueDeclare(let declare) = $0, declare.queue.isEmpty { () } else { nil } }
                try peer.send(QueueDeclareOk(queue: "amq.gen-2"))
                try peer.expect { if case .queueBind(let bind) = $0, bind.queue == "amq.gen-2" { () } else { nil } }
                try peer.send(QueueBindOk())
                try peer.expect(ChannelClose.id)
                try peer.send(ChannelCloseOk())
                try peer.openChannel(1)
                try peer.expect { if case .basicQos(let qos) = $0, qos.prefetchCount == 7 { () } else { nil } }
                try peer.send(BasicQosOk())
                let tag = try peer.expect {
                    if case .basicConsume(let consume) = $0, consume.queue == "amq.gen-2" {
                        consume.consumerTag
                    } else {
                        nil
                    }
                }
                try peer.send(BasicConsumeOk(consumerTag: tag))
                try peer.send(BasicDeliver(consumerTag: tag, deliveryTag: 1), body: [42])
                try peer.farewell()
            }
        }()
        try await AMQPConnection.withConnection(broker.url, configuration: Self.quick) { connection in
            let channel = try await connection.openChannel()
            try await channel.declareExchange("e", type: .direct)
            let queue = try await channel.declareQueue(exclusive: true).name
            try await channel.bindQueue(queue, to: "e")
            let consumer = try await channel.consume(queue, prefetch: 7)
            let delivery = try #require(try await consumer.next())
            #expect(delivery.body == [42])
            #expect(consumer.queue == "amq.gen-2")
        }
        try await served
    }

    @Test("requests wait for the recovery, and fail at once where the configuration says so", arguments: [true, false])
    func whileDown(_ waits: Bool) async throws {
        let broker = try ScriptedBroker()
        async let first: Void = broker.serve { peer in
            try peer.handshake()
            try peer.openChannel()
            try peer.expect(QueueDelete.id)
        }
        var configuration = Self.quick
        if !waits {
            configuration.whileDown = .failAtOnce
            configuration.recovery.initialDelay = .seconds(60)
            configuration.recovery.ceiling = .seconds(60)
        }
        let connection = try await AMQPConnection.connect(broker.url, configuration: configuration)
        let channel = try await connection.openChannel()
        let lost = await #expect(throws: AMQPError.self) { try await channel.deleteQueue("q") }
        #expect(lost?.code == .connectionLost)
        try await first
        if waits {
            async let second: Void = broker.serve { peer in
                try peer.handshake()
                try peer.openChannel()
                try peer.expect(QueueDeclare.id)
                try peer.send(QueueDeclareOk(queue: "q"))
                try peer.farewell()
            }
            let info = try await channel.declareQueue("q")
            #expect(info.name == "q")
            await connection.close()
            try await second
        } else {
            let request = await #expect(throws: AMQPError.self) { try await channel.declareQueue("q") }
            #expect(request?.code == .notConnected)
            let publish = await #expect(throws: AMQPError.self) { try await channel.publish([], to: "e") }
            #expect(publish?.code == .notConnected)
            // Closing does not wait for the next attempt.
            await connection.close()
        }
        #expect(await connection.state == .closed(nil))
    }

    @Test("a publish that waits for room goes on after the recovery, and counts anew")
    func publishAcross() async throws {
        let broker = try ScriptedBroker()
        async let served: Void = {
            try await broker.serve { peer in
                try peer.handshake()
                try peer.openChannel()
                try peer.expect(ConfirmSelect.id)
                try peer.expect(BasicPublish.id)
            }
            try await broker.serve { peer in
                try peer.handshake()
                try peer.openChannel()
                try peer.expect(ConfirmSelect.id)
                try peer.expect(BasicPublish.id)
                try peer.send(BasicAck(deliveryTag: 1))
                try peer.farewell()
            }
        }()
        var configuration = Self.quick
        configuration.publishWindow = 1
        try await AMQPConnection.withConnection(broker.url, configuration: configuration) { connection in
            let channel = try await connection.openChannel()
            let first = try await channel.publishing([1], to: "e")
            try await channel.publish([2], to: "e")
            guard case .unknown = first.current else {
                Issue.record("the first publish is not unknown")
                return
            }
        }
        try await served
    }

    @Test("a refusal later is reported and tried again")
    func refusedLater() async throws {
        let broker = try ScriptedBroker()
        async let served: Void = {
            try await broker.serve { peer in
                try peer.handshake()
                try peer.openChannel()
                try peer.expect(QueueDelete.id)
            }
            try await broker.serve { peer in
                try peer.readProtocolHeader()
                try peer.send(ScriptedPeer.start, channel: 0)
                try peer.expect(ConnectionStartOk.id)
                try peer.send(ConnectionClose(replyCode: 403, replyText: "ACCESS_REFUSED"), channel: 0)
                while try peer.discard() {}
            }
            try await broker.serve { peer in
                try peer.handshake()
                try peer.farewell()
            }
        }()
        let seen = Guarded<[AMQPError.Code]>([])
        var configuration = Self.quick
        configuration.onEvent = { event in
            if case .attemptFailed(let error) = event { seen.update { $0.append(error.code) } }
        }
        try await AMQPConnection.withConnection(broker.url, configuration: configuration) { connection in
            let channel = try await connection.openChannel()
            await #expect(throws: AMQPError.self) { try await channel.deleteQueue("q") }
            await channel.close()
            try await eventually("refused") { seen.read { !$0.isEmpty } }
            try await eventually("recovered") { await connection.state == .open }
        }
        #expect(seen.read { $0 } == [.authentication])
        try await served
    }
}
