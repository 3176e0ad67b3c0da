import AMQP
import AMQPWire
import Bytes
import Support
import Testing

@Suite("What a recovery restores", .timeLimit(.minutes(1)))
struct RestoringTests {
    /// Answers requests as a broker does, and notes them, until the client closes the connection or `isLast` is met.
    static func play(
        _ peer: ScriptedPeer, locked: Int = 0, until isLast: (Method) -> Bool = { _ in false }
    ) throws -> [Method] {
        try peer.handshake()
        var seen: [Method] = []
        var locked = locked
        while true {
            let (method, channel) = try peer.method()
            switch method {
            case .connectionClose:
                try peer.send(ConnectionCloseOk(), channel: 0)
                return seen
            case .channelOpen: try peer.send(ChannelOpenOk(), channel: channel)
            case .channelClose: try peer.send(ChannelCloseOk(), channel: channel)
            case .channelCloseOk: continue
            case .exchangeDeclare: try peer.send(ExchangeDeclareOk(), channel: channel)
            case .exchangeDelete: try peer.send(ExchangeDeleteOk(), channel: channel)
            case .exchangeBind: try peer.send(ExchangeBindOk(), channel: channel)
            case .queueDeclare(let declare):
                if locked > 0 {
                    locked -= 1
                    try peer.send(
                        ChannelClose(replyCode: 405, replyText: "RESOURCE_LOCKED - queue 'q'"), channel: channel)
                } else {
                    try peer.send(QueueDeclareOk(queue: declare.queue), channel: channel)
                }
            case .queueBind: try peer.send(QueueBindOk(), channel: channel)
            case .queueUnbind: try peer.send(QueueUnbindOk(), channel: channel)
            case .queueDelete: try peer.send(QueueDeleteOk(), channel: channel)
            case .basicQos: try peer.send(BasicQosOk(), channel: channel)
            case .txSelect: try peer.send(TxSelectOk(), channel: channel)
            case .basicConsume(let consume):
                try peer.send(BasicConsumeOk(consumerTag: consume.consumerTag), channel: channel)
            default: break
            }
            seen.append(method)
            if isLast(method) { return seen }
        }
    }

    static func recovered(_ events: AsyncStream<AMQPEvent>) async {
        for await event in events {
            if case .recovered = event { return }
        }
    }

    @Test("what was deleted, unbound or only looked at does not come back; the rest comes with its arguments")
    func entities() async throws {
        let broker = try ScriptedBroker()
        async let seen: [Method] = {
            _ = try await broker.serve { peer in
                try Self.play(peer) { if case .queuePurge = $0 { true } else { false } }
            }
            return try await broker.serve { peer in try Self.play(peer) }
        }()
        let arguments: FieldTable = ["x-priority": .int32(3)]
        try await AMQPConnection.withConnection(broker.url, configuration: RecoveryTests.quick) { connection in
            let channel = try await connection.openChannel()
            let transactional = try await connection.openChannel()
            for name in ["e", "gone"] { try await channel.declareExchange(name, type: .topic) }
            try await channel.checkExchange("passive")
            for name in ["q", "deleted"] { try await channel.declareQueue(name, arguments: ["x-max-length": 5]) }
            _ = try await channel.checkQueue("passive")
            for queue in ["q", "deleted"] { try await channel.bindQueue(queue, to: "e", routingKey: "k") }
            try await channel.bindQueue("q", to: "e", routingKey: "unbound")
            try await channel.bindQueue("q", to: "gone")
            try await channel.bindExchange("e", to: "amq.topic", routingKey: "#", arguments: ["a": 1])
            try await channel.unbindQueue("q", from: "e", routingKey: "unbound")
            try await channel.deleteExchange("gone")
            try await channel.deleteQueue("deleted")
            try await channel.setSharedPrefetch(9)
            try await transactional.selectTransactions()
            _ = try await channel.consume("q", prefetch: 4, exclusive: true, tag: "mine", arguments: arguments)
            let events = connection.events()
            await #expect(throws: AMQPError.self) { try await channel.purgeQueue("q") }
            await Self.recovered(events)
        }
        let methods = try await seen
        #expect(
            methods.compactMap { if case .exchangeDeclare(let method) = $0 { method.exchange } else { nil } } == ["e"])
        let queues = methods.compactMap { if case .queueDeclare(let method) = $0 { method } else { nil } }
        #expect(queues.map(\.queue) == ["q"])
        #expect(queues.map(\.arguments) == [["x-max-length": 5]])
        #expect(
            methods.compactMap { if case .queueBind(let method) = $0 { method.routingKey } else { nil } } == ["k"])
        let exchanges = methods.compactMap { if case .exchangeBind(let method) = $0 { method } else { nil } }
        #expect(exchanges.map(\.arguments) == [["a": 1]])
        let limits = methods.compactMap { if case .basicQos(let method) = $0 { method } else { nil } }
        #expect(limits.contains { $0.prefetchCount == 4 && !$0.global })
        #expect(limits.last?.prefetchCount == 9 && limits.last?.global == true)
        let consumers = methods.compactMap { if case .basicConsume(let method) = $0 { method } else { nil } }
        #expect(consumers.map(\.consumerTag) == ["mine"])
        #expect(consumers.map(\.arguments) == [arguments])
        #expect(consumers.map(\.exclusive) == [true])
        #expect(methods.contains { if case .txSelect = $0 { true } else { false } })
    }

    @Test("a queue that the lost connection still holds is asked for again until it is free")
    func locked() async throws {
        let broker = try ScriptedBroker()
        async let seen: [Method] = {
            _ = try await broker.serve { peer in
                try Self.play(peer) { if case .queuePurge = $0 { true } else { false } }
            }
            return try await broker.serve { peer in try Self.play(peer, locked: 2) }
        }()
        try await AMQPConnection.withConnection(broker.url, configuration: RecoveryTests.quick) { connection in
            let channel = try await connection.openChannel()
            try await channel.declareQueue("q", exclusive: true)
            let events = connection.events()
            await #expect(throws: AMQPError.self) { try await channel.purgeQueue("q") }
            for await event in events {
                if case .notRestored(let entity, let error) = event { Issue.record("\(entity): \(error)") }
                if case .recovered = event { break }
            }
        }
        let queues = try await seen.filter { if case .queueDeclare = $0 { true } else { false } }
        #expect(queues.count == 3)
    }

    @Test("when the host is away the next one of the list is taken")
    func nextHost() async throws {
        let second = try ScriptedBroker()
        let uri: String
        let connection: AMQPConnection
        do {
            let first = try ScriptedBroker()
            uri = "amqp://127.0.0.1:\(first.port),127.0.0.1:\(second.port)"
            async let served = first.serve { peer in
                try Self.play(peer) { if case .channelOpen = $0 { true } else { false } }
            }
            connection = try await AMQPConnection.connect(uri, configuration: RecoveryTests.quick)
            #expect(await connection.host == "127.0.0.1:\(first.port)")
            _ = try? await connection.openChannel()
            _ = try await served
            // Its listener is closed here.
        }
        let events = connection.events()
        async let served = second.serve { peer in try Self.play(peer) }
        await Self.recovered(events)
        #expect(await connection.host == "127.0.0.1:\(second.port)")
        await connection.close()
        _ = try await served
    }

    @Test("a channel that the broker closes is an event, with the reason")
    func closedChannel() async throws {
        try await PublishingTests.withChannel { peer in
            try peer.expect(QueuePurge.id)
            try peer.send(QueuePurgeOk(messageCount: 0))
            try peer.send(ChannelClose(replyCode: 406, replyText: "PRECONDITION_FAILED - delivery timed out"))
            try peer.farewell()
        } _: { connection, channel in
            try await channel.purgeQueue("q")
            try await eventually("closed") { await connection.metrics.channelsClosed == 1 }
            let later = await #expect(throws: AMQPError.self) { try await channel.declareQueue("q") }
            #expect(later?.code == .preconditionFailed)
        }
    }

    @Test("a channel that the broker closes in the moment it opens is an error, not a channel that waits for ever")
    func closedAtOnce() async throws {
        let broker = try ScriptedBroker()
        async let served: Void = broker.serve { peer in
            try peer.handshake()
            try peer.expect(ChannelOpen.id)
            var buffer = ByteBuffer()
            try buffer.append(ChannelOpenOk(), channel: 1)
            try buffer.append(ChannelClose(replyCode: 403, replyText: "ACCESS_REFUSED"), channel: 1)
            try peer.write(buffer.array)
            try peer.expect(ChannelCloseOk.id)
            try peer.openChannel(1)
            try peer.farewell()
        }
        try await AMQPConnection.withConnection(broker.url, configuration: .alone) { connection in
            let error = await #expect(throws: AMQPError.self) { try await connection.openChannel() }
            #expect(error?.code == .accessRefused)
            _ = try await connection.openChannel()
        }
        try await served
    }

    @Test("an empty queue name is refused here, not taken for the queue declared last")
    func emptyName() async throws {
        try await PublishingTests.withChannel { peer in
            try peer.farewell()
        } _: { _, channel in
            let steps: [(AMQPChannel) async throws -> Void] = [
                { _ = try await $0.deleteQueue("") }, { _ = try await $0.purgeQueue("") },
                { _ = try await $0.checkQueue("") }, { _ = try await $0.consume("") }, { _ = try await $0.get("") },
                { try await $0.bindQueue("", to: "e") }, { try await $0.unbindQueue("", from: "e") },
            ]
            for step in steps {
                let error = await #expect(throws: AMQPError.self) { try await step(channel) }
                #expect(error?.code == .invalidArgument)
            }
            #expect(await channel.isOpen)
        }
    }
}
