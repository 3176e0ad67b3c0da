import AMQP
import Support
import Testing

@Suite("RabbitMQ: recovery", .timeLimit(.minutes(4)))
struct AMQPRecoveryTests {
    static var quick: AMQPConfiguration {
        var configuration = AMQPConfiguration()
        configuration.recovery.initialDelay = .milliseconds(20)
        configuration.recovery.ceiling = .milliseconds(200)
        configuration.whileDown = .wait(.seconds(120))
        return configuration
    }

    /// The first event from a stream that is meant.
    static func first<Value>(in events: AsyncStream<AMQPEvent>, _ pick: (AMQPEvent) -> Value?) async throws -> Value {
        for await event in events {
            if let value = pick(event) { return value }
        }
        throw SupportError("the events ended")
    }

    static func recovered(_ event: AMQPEvent) -> Void? {
        if case .recovered = event { () } else { nil }
    }

    @Test("behaviour 24: after a cut the topology, server-named queues, bindings, prefetch and consumers are back")
    func cut() async throws {
        let broker = try await RabbitMQBroker.start()
        try await AMQPConnection.withConnection(broker.url, configuration: Self.quick) { connection in
            try await connection.withChannel { channel in
                try await channel.declareExchange("e", type: .topic, durable: false)
                try await channel.declareExchange("f", type: .fanout, durable: false, autoDelete: true)
                try await channel.bindExchange("f", to: "e", routingKey: "#")
                let named = try await channel.declareQueue("named", durable: false, exclusive: true).name
                let anonymous = try await channel.declareQueue(exclusive: true).name
                let fleeting = try await channel.declareQueue("fleeting", autoDelete: true).name
                for queue in [named, anonymous, fleeting] { try await channel.bindQueue(queue, to: "f") }
                var consumers: [AMQPConsumer] = []
                for queue in [named, anonymous, fleeting] {
                    consumers.append(try await channel.consume(queue, prefetch: 2))
                }
                for round in 0..<3 as Range<UInt8> {
                    // The old deliveries stay open: those of the earlier connection come again or went with their queue.
                    try await channel.publish([round], to: "e", routingKey: "k", mandatory: true)
                    for consumer in consumers {
                        var delivery = try #require(try await consumer.next())
                        while delivery.body != [round] {
                            try await delivery.ack()
                            delivery = try #require(try await consumer.next())
                        }
                        if round == 2 { #expect(try await delivery.ack() == .sent) }
                    }
                    if round == 2 { break }
                    let events = connection.events()
                    try await broker.closeConnections()
                    try await Self.first(in: events, Self.recovered)
                }
                #expect(consumers[1].queue != anonymous)
                #expect(consumers[1].queue.hasPrefix("amq.gen-"))
                let states = try await broker.queues()
                #expect(states.count == 3)
                #expect(states.values.allSatisfy { $0.consumers == 1 })
            }
        }
        try await broker.dispose()
    }

    @Test("behaviour 20: an ack from before the recovery is a no-op, and the message comes again")
    func staleAck() async throws {
        let broker = try await RabbitMQBroker.start()
        try await AMQPConnection.withConnection(broker.url, configuration: Self.quick) { connection in
            try await connection.withChannel { channel in
                let queue = try await channel.declareQueue("q").name
                try await channel.publish([7], to: "", routingKey: queue)
                let consumer = try await channel.consume(queue)
                let old = try #require(try await consumer.next())
                let events = connection.events()
                try await broker.closeConnections()
                try await Self.first(in: events, Self.recovered)
                #expect(try await old.ack() == .stale)
                let again = try #require(try await consumer.next())
                #expect(again.body == [7])
                #expect(again.redelivered)
                // The same tag as the old one, on the new channel.
                #expect(again.deliveryTag == old.deliveryTag)
                #expect(try await old.ack() == .stale)
                #expect(try await again.ack() == .sent)
                #expect(try await channel.checkQueue(queue).messageCount == 0)
            }
        }
        try await broker.dispose()
    }

    @Test("seven 1: a broker that dies and returns: nothing confirmed is lost, the rest is reported as unknown")
    func killed() async throws {
        let broker = try await RabbitMQBroker.start()
        try await AMQPConnection.withConnection(broker.url, configuration: Self.quick) { connection in
            try await connection.withChannel { channel in
                let queue = try await channel.declareQueue("q").name
                let events = connection.events()
                let restart = Task {
                    try await broker.kill()
                    try await broker.startAgain()
                }
                let isBack = Task { try await Self.first(in: events, Self.recovered) }
                var confirmed: [UInt32] = []
                var unknown = 0
                var number: UInt32 = 0
                let properties = BasicProperties(deliveryMode: .persistent)
                while await connection.metrics.connected == 1 {
                    let handles = try await withThrowingTaskGroup(of: (UInt32, PendingPublish).self) { group in
                        for _ in 0..<100 {
                            number += 1
                            let body = withUnsafeBytes(of: number) { Array($0) }
                            let this = number
                            group.addTask {
                                (
                                    this,
                                    try await channel.publishing(
                                        body, to: "", routingKey: queue, properties: properties)
                                )
                            }
                        }
                        return try await group.reduce(into: []) { $0.append($1) }
                    }
                    for (number, handle) in handles {
                        switch await handle.outcome {
                        case .confirmed: confirmed.append(number)
                        case .unknown: unknown += 1
                        case .refused(let error): throw error
                        }
                    }
                }
                try await restart.value
                try await isBack.value
                let consumer = try await channel.consume(queue, prefetch: 1000)
                var missing = Set(confirmed)
                while !missing.isEmpty {
                    for delivery in try await consumer.nextBatch() {
                        missing.remove(delivery.body.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) })
                        try await delivery.ack()
                    }
                }
                #expect(confirmed.count + unknown == Int(number))
                #expect(await connection.metrics.unknown == unknown)
            }
        }
        try await broker.dispose()
    }

    @Test("behaviour 24: one entity that cannot be restored is reported and hinders no other")
    func oneFails() async throws {
        let broker = try await RabbitMQBroker.start()
        let host = try await broker.makeVirtualHost()
        try await AMQPConnection.withConnection(broker.url(virtualHost: host), configuration: Self.quick) {
            connection in
            try await connection.withChannel { channel in
                for queue in ["a", "b", "c"] { try await channel.declareQueue(queue) }
                let lost = try await channel.consume("b")
                let kept = try await channel.consume("c")
                try await connection.withChannel { other in try await other.declareQueue("d") }
                // Somebody gives b other arguments and takes d away, then the connection is cut.
                let events = connection.events()
                try await broker.evaluate(
                    """
                    Delete = fun(Name) ->
                        {ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"\(host)">>, queue, Name)),
                        rabbit_amqqueue:delete(Queue, false, false, <<"test">>) end,
                    Delete(<<"b">>), Delete(<<"d">>),
                    rabbit_amqqueue:declare(rabbit_misc:r(<<"\(host)">>, queue, <<"b">>), true, false,
                        [{<<"x-single-active-consumer">>, bool, true}], none, <<"test">>), ok
                    """)
                let ended = await #expect(throws: AMQPError.self) { try await lost.next() }
                #expect(ended?.code == .consumerCancelled)
                try await broker.closeConnections()
                var reports: [String] = []
                for await event in events {
                    if case .notRestored(let entity, let error) = event {
                        reports.append(entity)
                        #expect(error.reply?.code == .preconditionFailed)
                    }
                    if case .recovered = event { break }
                }
                #expect(reports == ["queue b"])
                try await channel.publish([3], to: "", routingKey: "c", mandatory: true)
                #expect(try await kept.next()?.body == [3])
                #expect(try await broker.queue("d", virtualHost: host) != nil)
            }
        }
        try await broker.dispose()
    }

    @Test("a broker that is away at the start is waited for; one that refuses is an error at once")
    func firstAttempt() async throws {
        let broker = try await RabbitMQBroker.start()
        try await broker.stop()
        var configuration = Self.quick
        configuration.firstAttempt = .mayFindBrokerDown
        let connection = try await AMQPConnection.connect(broker.url, configuration: configuration)
        guard case .recovering(let reason?) = await connection.state else {
            Issue.record("not recovering")
            return
        }
        #expect(reason.code == .unreachable)
        try await broker.startAgain()
        try await connection.withChannel { channel in try await channel.declareQueue("q") }
        await connection.close()
        let refused = await #expect(throws: AMQPError.self) {
            try await AMQPConnection.connect(broker.url(password: "no"), configuration: configuration)
        }
        #expect(refused?.code == .authentication)
        try await broker.dispose()
    }

    @Test("behaviour 25: a frozen broker is noticed within two heartbeats, and recovered from")
    func frozen() async throws {
        let broker = try await RabbitMQBroker.start()
        var configuration = Self.quick
        configuration.heartbeat = .seconds(1)
        configuration.connectTimeout = .seconds(5)
        try await AMQPConnection.withConnection(broker.url, configuration: configuration) { connection in
            let events = connection.events()
            broker.freeze()
            let start = ContinuousClock.now
            let error = try await Self.first(in: events) {
                if case .disconnected(let error) = $0 { error } else { nil }
            }
            #expect(error.code == .heartbeatMissed)
            #expect(ContinuousClock.now - start < .seconds(4))
            broker.thaw()
            try await Self.first(in: events, Self.recovered)
        }
        try await broker.dispose()
    }

    @Test("behaviour 22: a memory alarm suspends publishes until it is over; they can be cancelled, and close returns")
    func memoryAlarm() async throws {
        let broker = try await RabbitMQBroker.start()
        var configuration = Self.quick
        configuration.closeTimeout = .milliseconds(300)
        try await AMQPConnection.withConnection(broker.url, configuration: configuration) { connection in
            let channel = try await connection.openChannel()
            let queue = try await channel.declareQueue("q").name
            try await broker.setMemoryAlarm(true)
            // The broker blocks a connection that publishes; the confirm comes after the alarm.
            let stuck = try await channel.publishing([1], to: "", routingKey: queue)
            try await eventually("blocked") { await connection.blockedReason != nil }
            let late = await #expect(throws: AMQPError.self) {
                try await channel.publish([2], to: "", routingKey: queue, within: .milliseconds(30))
            }
            #expect(late?.code == .timeout)
            let cancelled = Task { try await channel.publish([3], to: "", routingKey: queue) }
            cancelled.cancel()
            await #expect(throws: AMQPError.self) { try await cancelled.value }
            #expect(stuck.current == nil)
            let waiting = Task { try await channel.publish([4], to: "", routingKey: queue) }
            try await broker.setMemoryAlarm(false)
            try await waiting.value
            #expect(await stuck.outcome == .confirmed)
            #expect(try await channel.checkQueue(queue).messageCount == 2)

            try await broker.setMemoryAlarm(true)
            _ = try await channel.publishing([5], to: "", routingKey: queue)
            try await eventually("blocked") { await connection.blockedReason != nil }
            let start = ContinuousClock.now
            await connection.close()
            #expect(ContinuousClock.now - start < .seconds(15))
        }
        try await broker.dispose()
    }
}
