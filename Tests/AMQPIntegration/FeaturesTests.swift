import AMQP
import Support
import Testing

@Suite("RabbitMQ: features", .timeLimit(.minutes(2)))
struct AMQPFeaturesTests {
    @Test("both password mechanisms log in; what the broker says about itself and the limits are there")
    func mechanisms() async throws {
        let broker = try await RabbitMQBroker.shared()
        for mechanism in ["plain", "amqplain"] {
            var configuration = AMQPConfiguration(name: "features \(mechanism)")
            configuration.channelMax = 100
            configuration.frameMax = 16_384
            configuration.heartbeat = .seconds(30)
            let url = broker.url + "?auth_mechanism=\(mechanism)"
            try await AMQPConnection.withConnection(url, configuration: configuration) { connection in
                #expect(await connection.serverProperties["product"]?.string == "RabbitMQ")
                #expect(await connection.serverProperties["version"]?.string?.isEmpty == false)
                #expect(await connection.serverHas("publisher_confirms"))
                #expect(await connection.serverHas("consumer_priorities"))
                #expect(await connection.serverHas("flying") == false)
                #expect(await connection.tuning == Tuning(channelMax: 100, frameMax: 16_384, heartbeat: 30))
                #expect(await connection.host == "127.0.0.1:\(broker.port)")
                let names = try await broker.connectionNames()
                #expect(names.contains("features \(mechanism)"))
            }
            let wrong = await #expect(throws: AMQPError.self) {
                try await AMQPConnection.connect(broker.url(password: "no") + "?auth_mechanism=\(mechanism)")
            }
            #expect(wrong?.code == .authentication)
        }
        let external = await #expect(throws: AMQPError.self) {
            try await AMQPConnection.connect(broker.url + "?auth_mechanism=external")
        }
        #expect(external?.code == .mechanism)
        #expect(external?.message.contains("AMQPLAIN") == true)
    }

    @Test("consumers of higher priority come first, the others when those may take no more")
    func priorities() async throws {
        try await withTestChannel { _, channel in
            let queue = try await channel.declareQueue("q").name
            let low = try await channel.consume(queue, prefetch: 10, arguments: .consumer(priority: -1))
            let high = try await channel.consume(queue, prefetch: 2, arguments: .consumer(priority: 10))
            for number in 0..<5 as Range<UInt8> { try await channel.publish([number], to: "", routingKey: queue) }
            for number in 0..<2 as Range<UInt8> { #expect(try await high.next()?.body == [number]) }
            for number in 2..<5 as Range<UInt8> { #expect(try await low.next()?.body == [number]) }
            #expect(high.waiting == 0)
        }
    }

    @Test("of a queue with a single active consumer the next one takes over")
    func singleActive() async throws {
        try await withTestChannel { _, channel in
            let queue = try await channel.declareQueue("q", arguments: .queue(singleActiveConsumer: true)).name
            let first = try await channel.consume(queue, prefetch: 1)
            let second = try await channel.consume(queue, prefetch: 1)
            for number in 0..<3 as Range<UInt8> { try await channel.publish([number], to: "", routingKey: queue) }
            try await first.next()?.ack()
            let held = try #require(try await first.next())
            #expect(held.body == [1])
            #expect(second.waiting == 0)
            try await held.ack()
            try await first.cancel()
            #expect(try await second.next()?.body == [2])
        }
    }

    @Test("a shared limit bounds the channel's consumers together; their own limits hold besides")
    func sharedPrefetch() async throws {
        try await withTestChannel { _, channel in
            let queues = try await [channel.declareQueue("a").name, channel.declareQueue("b").name]
            for queue in queues {
                for number in 0..<5 as Range<UInt8> { try await channel.publish([number], to: "", routingKey: queue) }
            }
            try await channel.setSharedPrefetch(3)
            let first = try await channel.consume(queues[0], prefetch: 2)
            let second = try await channel.consume(queues[1], prefetch: 2)
            try await eventually("three arrived") { first.waiting + second.waiting == 3 }
            // Everything that the broker would send is here before this answer.
            _ = try await channel.checkQueue(queues[0])
            #expect(first.waiting == 2)
            #expect(second.waiting == 1)
        }
    }

    @Test("after recover everything unsettled comes again, and what was held before is stale")
    func recover() async throws {
        try await withTestChannel { _, channel in
            let queue = try await channel.declareQueue("q").name
            for number in 0..<3 as Range<UInt8> { try await channel.publish([number], to: "", routingKey: queue) }
            let consumer = try await channel.consume(queue, prefetch: 10)
            let old = try #require(try await consumer.next())
            try await eventually("the others arrived") { consumer.waiting == 2 }
            try await channel.recover()
            var seen: [UInt8] = []
            while seen.count < 3 {
                let delivery = try #require(try await consumer.next())
                #expect(delivery.redelivered)
                #expect(delivery.deliveryTag > 3)
                seen += delivery.body
                #expect(try await delivery.ack() == .sent)
            }
            #expect(seen.sorted() == [0, 1, 2])
            #expect(try await old.ack() == .stale)
            // The channel lives, and what get fetches can be settled.
            try await channel.publish([9], to: "", routingKey: queue)
            let again = try #require(try await consumer.next())
            #expect(try await again.ack(multiple: true) == .sent)
            try await consumer.cancel()
            try await channel.publish([8], to: "", routingKey: queue)
            async let recovered: Void = channel.recover()
            let got = try await channel.get(queue)
            try await recovered
            _ = try await got?.ack()
            #expect(try await channel.checkQueue(queue).consumerCount == 0)
        }
    }

    @Test("acknowledgements of a transaction count when it is committed")
    func acknowledgedTransaction() async throws {
        try await withTestChannel { connection, channel in
            let queue = try await channel.declareQueue("q").name
            try await channel.publish([1], to: "", routingKey: queue)
            try await connection.withChannel { transactional in
                try await transactional.selectTransactions()
                let confirms = await #expect(throws: AMQPError.self) {
                    try await transactional.publish([], to: "", routingKey: queue)
                }
                #expect(confirms?.code == .invalidArgument)
                try await transactional.get(queue)?.ack()
                try await transactional.rollback()
            }
            #expect(try await channel.checkQueue(queue).messageCount == 1)
            try await connection.withChannel { transactional in
                try await transactional.selectTransactions()
                try await transactional.get(queue)?.ack()
                try await transactional.commit()
            }
            #expect(try await channel.checkQueue(queue).messageCount == 0)
        }
    }

    @Test("a reply comes straight back, without a queue")
    func directReply() async throws {
        try await withTestChannel { connection, channel in
            let queue = try await channel.declareQueue("questions").name
            let replies = try await channel.consume("amq.rabbitmq.reply-to", acknowledges: false)
            var properties = BasicProperties(correlationID: "1", replyTo: "amq.rabbitmq.reply-to")
            try properties.setTimeToLive(.seconds(10))
            try await channel.publish([2], to: "", routingKey: queue, properties: properties)
            try await connection.withChannel { server in
                let question = try #require(try await server.get(queue))
                let target = try #require(question.properties.replyTo)
                #expect(target.hasPrefix("amq.rabbitmq.reply-to."))
                let answer = BasicProperties(correlationID: question.properties.correlationID)
                try await server.publish([4], to: "", routingKey: target, properties: answer)
                try await question.ack()
            }
            let reply = try #require(try await replies.next())
            #expect(reply.body == [4])
            #expect(reply.properties.correlationID == "1")
        }
    }

    @Test("a new secret is taken by the broker, and the connection goes on")
    func secret() async throws {
        let broker = try await RabbitMQBroker.shared()
        try await AMQPConnection.withConnection(broker.url) { connection in
            try await withThrowingTaskGroup { group in
                for _ in 0..<5 {
                    group.addTask { try await connection.updateSecret("guest", reason: "test") }
                }
                try await group.waitForAll()
            }
            try await connection.withChannel { channel in
                let isOpen = await channel.isOpen
                #expect(isOpen)
            }
        }
    }

    @Test("an auto-delete queue whose consumers went with their channel is not declared again")
    func autoDelete() async throws {
        let broker = try await RabbitMQBroker.start()
        var configuration = AMQPRecoveryTests.quick
        configuration.recovery.initialDelay = .milliseconds(20)
        try await AMQPConnection.withConnection(broker.url, configuration: configuration) { connection in
            try await connection.withChannel { channel in
                try await channel.declareQueue("kept")
                try await connection.withChannel { doomed in
                    try await doomed.declareQueue("fleeting", autoDelete: true)
                    _ = try await doomed.consume("fleeting")
                    await #expect(throws: AMQPError.self) { try await doomed.publish([], to: "missing") }
                }
                try await eventually("deleted") { try await broker.queue("fleeting") == nil }
                let events = connection.events()
                try await broker.closeConnections()
                try await AMQPRecoveryTests.first(in: events, AMQPRecoveryTests.recovered)
                #expect(try await broker.queues().keys.sorted() == ["kept"])
                // The channel's publishes are confirmed again.
                try await channel.publish([1], to: "", routingKey: "kept", mandatory: true)
                #expect(try await channel.get("kept")?.body == [1])
            }
        }
        try await broker.dispose()
    }

    @Test("deliveries that need no acknowledgement and were not taken survive the loss of the connection")
    func unacknowledged() async throws {
        let broker = try await RabbitMQBroker.start()
        try await AMQPConnection.withConnection(broker.url, configuration: AMQPRecoveryTests.quick) { connection in
            try await connection.withChannel { channel in
                let queue = try await channel.declareQueue("q").name
                for number in 0..<3 as Range<UInt8> { try await channel.publish([number], to: "", routingKey: queue) }
                let consumer = try await channel.consume(queue, acknowledges: false)
                try await eventually("arrived") { consumer.waiting == 3 }
                let events = connection.events()
                try await broker.closeConnections()
                try await AMQPRecoveryTests.first(in: events, AMQPRecoveryTests.recovered)
                try await channel.publish([3], to: "", routingKey: queue)
                for number in 0..<4 as Range<UInt8> { #expect(try await consumer.next()?.body == [number]) }
            }
        }
        try await broker.dispose()
    }
}
