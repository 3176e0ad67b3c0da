import AMQP
import Support
import Testing

/// A virtual host of its own on the shared broker, with a connection and a channel.
func withTestChannel<Result: Sendable>(
    _ configuration: AMQPConfiguration = AMQPConfiguration(),
    _ body: (AMQPConnection, AMQPChannel) async throws -> Result
) async throws -> Result {
    let broker = try await RabbitMQBroker.shared()
    let host = try await broker.makeVirtualHost()
    let result = try await AMQPConnection.withConnection(
        broker.url(virtualHost: host), name: "integration", configuration: configuration
    ) { connection in
        try await connection.withChannel { channel in try await body(connection, channel) }
    }
    try await broker.deleteVirtualHost(host)
    return result
}

func pattern(_ size: Int) -> [UInt8] {
    var value: UInt32 = 1
    return (0..<size).map { _ in
        value = value &* 1_664_525 &+ 1_013_904_223
        return UInt8(truncatingIfNeeded: value >> 24)
    }
}

@Suite("RabbitMQ: messages", .timeLimit(.minutes(3)))
struct AMQPMessagingTests {
    @Test("behaviour 1: empty bodies come by deliver, get and return")
    func emptyBodies() async throws { try await roundTrip([0]) }

    @Test("behaviour 2: bodies of every size come back to the octet, by deliver, get and return")
    func sizes() async throws {
        let frame = 131_072
        try await roundTrip([1, frame - 9, frame - 8, frame - 7, 2 * frame, 16 << 20])
    }

    private func roundTrip(_ sizes: [Int]) async throws {
        try await withTestChannel { _, channel in
            let queue = try await channel.declareQueue("sizes").name
            for size in sizes {
                let body = pattern(size)
                try await channel.publish(body, to: "", routingKey: queue, mandatory: true)
                let got = try #require(try await channel.get(queue))
                #expect(got.body == body)
                try await got.reject(requeue: true)
                let consumer = try await channel.consume(queue, prefetch: 1)
                let delivered = try #require(try await consumer.next())
                #expect(delivered.body == body)
                #expect(delivered.redelivered)
                try await delivered.ack()
                try await consumer.cancel()
                let returned = await #expect(throws: AMQPError.self) {
                    try await channel.publish(body, to: "", routingKey: "nowhere", mandatory: true)
                }
                #expect(returned?.code == .publishReturned)
                #expect(returned?.reply?.code == .noRoute)
            }
            let empty = try await channel.get(queue)
            #expect(empty == nil)
        }
    }

    @Test("behaviour 7: every property and every field type comes back from the broker")
    func properties() async throws {
        try await withTestChannel { _, channel in
            let queue = try await channel.declareQueue("properties").name
            let properties = BasicProperties(
                contentType: "application/json", contentEncoding: "utf-8",
                // By name, since RabbitMQ 4 sorts them.
                headers: [
                    "A": [1, "two", [false, nil]], "B": .uint8(200), "D": .decimal(scale: 2, value: 314),
                    "F": ["inner": ["deep": 1]], "I": .int32(-70_000), "S": "ünïcode",
                    "S2": .octetString([0xFF, 0xFE]), "T": .timestamp(1_700_000_000), "V": nil, "b": .int8(-8),
                    "d": .double(-2.25), "f": .float(1.5),
                    "i": .uint32(4_000_000_000), "l": .int64(.min), "s": .int16(-300), "t": true, "u": .uint16(60_000),
                    "x": .octets([0, 1, 255]),
                ],
                deliveryMode: .persistent, priority: 7, correlationID: "c", replyTo: "r", expiration: "60000",
                messageID: "m", timestamp: 1_700_000_000, type: "T", userID: "guest", appID: "a", clusterID: "k")
            try await channel.publish([], to: "", routingKey: queue, properties: properties)
            let got = try #require(try await channel.get(queue, acknowledges: false))
            #expect(got.properties == properties)
        }
    }

    @Test("a pipeline of publishes and a batch acknowledged at once")
    func pipeline() async throws {
        try await withTestChannel { connection, channel in
            try await channel.declareExchange("orders", type: .direct)
            let queue = try await channel.declareQueue("orders").name
            try await channel.bindQueue(queue, to: "orders", routingKey: "new")
            var handles: [PendingPublish] = []
            for number in 0..<5000 {
                handles.append(
                    try await channel.publishing(
                        Array("\(number)".utf8), to: "orders", routingKey: "new",
                        properties: BasicProperties(deliveryMode: .persistent), mandatory: true))
            }
            for handle in handles { #expect(await handle.outcome == .confirmed) }
            let consumer = try await channel.consume(queue, prefetch: 50)
            var next = 0
            while next < 5000 {
                let batch = try await consumer.nextBatch()
                #expect(batch.count <= 50)
                for delivery in batch {
                    #expect(delivery.body == Array("\(next)".utf8))
                    next += 1
                }
                #expect(try await batch.last?.ack(multiple: true) == .sent)
            }
            try await consumer.cancel()
            #expect(try await channel.checkQueue(queue).messageCount == 0)
            #expect(await connection.metrics.acknowledged == 5000)
        }
    }

    @Test("batches: every message arrives once and in order, and those that no queue takes are told apart")
    func batches() async throws {
        try await withTestChannel { _, channel in
            let queue = try await channel.declareQueue("batches").name
            let bodies = (0..<3000).map { Array("\($0)".utf8) }
            var pending: [PendingBatch] = []
            for start in stride(from: 0, to: 3000, by: 500) {
                pending.append(
                    await channel.publishing(batch: Array(bodies[start..<start + 500]), to: "", routingKey: queue))
            }
            for batch in pending { #expect(await batch.outcomes.allSatisfy { $0 == .confirmed }) }
            let lost = await channel.publish(batch: bodies, to: "", routingKey: "nobody", mandatory: true)
            #expect(lost.count == 3000)
            for outcome in lost {
                #expect(#expect(throws: AMQPError.self) { try outcome.get() }?.code == .publishReturned)
            }
            let consumer = try await channel.consume(queue, prefetch: 500)
            var next = 0
            while next < bodies.count {
                let deliveries = try await consumer.nextBatch()
                #expect(deliveries.map(\.body) == Array(bodies[next..<next + deliveries.count]))
                next += deliveries.count
                try await deliveries.last?.ack(multiple: true)
            }
        }
    }

    @Test("behaviour 18: mandatory messages that no queue takes are told apart from the others in one pipeline")
    func mandatory() async throws {
        try await withTestChannel { _, channel in
            let queue = try await channel.declareQueue("known").name
            var handles: [(Bool, PendingPublish)] = []
            for number in 0..<1000 {
                let known = number % 3 != 0
                handles.append(
                    (
                        known,
                        try await channel.publishing(
                            [UInt8(number % 2)], to: "", routingKey: known ? queue : "unknown", mandatory: true)
                    ))
            }
            for (known, handle) in handles {
                let outcome = await handle.outcome
                #expect((outcome == .confirmed) == known)
            }
        }
    }

    @Test(
        "behaviour 12: a channel that the broker closes takes its publishes, requests and streams with it, and no other"
    )
    func channelClosed() async throws {
        try await withTestChannel { connection, channel in
            let queue = try await channel.declareQueue("q").name
            try await connection.withChannel { doomed in
                let consumer = try await doomed.consume(queue)
                let publish = await #expect(throws: AMQPError.self) { try await doomed.publish([], to: "missing") }
                #expect(publish?.code == .publishUnknown)
                #expect(publish?.reply?.code == .notFound)
                let reading = await #expect(throws: AMQPError.self) { try await consumer.next() }
                #expect(reading?.code == .notFound)
                let request = await #expect(throws: AMQPError.self) { try await doomed.declareQueue("other") }
                #expect(request?.reply?.code == .notFound)
            }
            try await channel.publish([], to: "", routingKey: queue)
            let mismatch = await #expect(throws: AMQPError.self) {
                try await channel.declareQueue(queue, arguments: ["x-max-length": 5])
            }
            #expect(mismatch?.reply?.code == .preconditionFailed)
            #expect(mismatch?.reply?.text.contains("x-max-length") == true)
        }
    }

    @Test("behaviour 21: a delivery is settled once, twice is refused here; what is given up comes again")
    func settling() async throws {
        try await withTestChannel { _, channel in
            let queue = try await channel.declareQueue("q").name
            for number in 0..<6 { try await channel.publish([UInt8(number)], to: "", routingKey: queue) }
            let consumer = try await channel.consume(queue, prefetch: 3)
            var first: [AMQPDelivery] = []
            while first.count < 3 { first += try await consumer.nextBatch() }
            try await first[0].ack()
            let twice = await #expect(throws: AMQPError.self) { try await first[0].ack() }
            #expect(twice?.code == .alreadySettled)
            try await first[2].nack(requeue: true, multiple: true)
            await #expect(throws: AMQPError.self) { try await first[1].reject(requeue: false) }
            var seen: Set<UInt8> = []
            while seen.count < 5 {
                let delivery = try #require(try await consumer.next())
                seen.insert(delivery.body[0])
                try await delivery.process { _ in }
            }
            #expect(seen == [1, 2, 3, 4, 5])
            // The channel lived through the double ack.
            #expect(try await channel.checkQueue(queue).consumerCount == 1)
        }
    }

    @Test("behaviour 23: when the queue is deleted the stream ends and says so")
    func deletedQueue() async throws {
        try await withTestChannel { connection, channel in
            let queue = try await channel.declareQueue("q").name
            let consumer = try await channel.consume(queue)
            try await connection.withChannel { other in _ = try await other.deleteQueue(queue) }
            let error = await #expect(throws: AMQPError.self) { for try await _ in consumer {} }
            #expect(error?.code == .consumerCancelled)
            #expect(await channel.isOpen)
        }
    }

    @Test("behaviour 14: all 2047 channels are used, exhaustion is a plain error, and closed numbers come back")
    func manyChannels() async throws {
        let broker = try await RabbitMQBroker.shared()
        try await AMQPConnection.withConnection(broker.url) { connection in
            var channels: [AMQPChannel] = []
            for _ in 0..<2047 { channels.append(try await connection.openChannel()) }
            let error = await #expect(throws: AMQPError.self) { try await connection.openChannel() }
            #expect(error?.code == .channelsExhausted)
            for channel in channels[..<1000] { await channel.close() }
            for _ in 0..<1000 { channels.append(try await connection.openChannel()) }
            let again = await #expect(throws: AMQPError.self) { try await connection.openChannel() }
            #expect(again?.code == .channelsExhausted)
            // All of them work, old numbers and new ones.
            let queue = try await channels[1000].declareQueue(exclusive: true).name
            for channel in channels[1000...] { #expect(try await channel.checkQueue(queue).name == queue) }
            #expect(await connection.metrics.connected == 1)
        }
    }

    @Test("transactions count when they are committed")
    func transactions() async throws {
        try await withTestChannel { connection, channel in
            let queue = try await channel.declareQueue("q").name
            try await connection.withChannel { transactional in
                try await transactional.selectTransactions()
                try await transactional.send([1], to: "", routingKey: queue)
                try await transactional.rollback()
                try await transactional.send([2], to: "", routingKey: queue)
                try await transactional.commit()
            }
            #expect(try await channel.get(queue, acknowledges: false)?.body == [2])
            #expect(try await channel.get(queue) == nil)
        }
    }

    @Test("exchanges bound to exchanges, unbinding, purging, deleting")
    func topology() async throws {
        try await withTestChannel { _, channel in
            try await channel.declareExchange("a", type: .topic)
            try await channel.declareExchange("b", type: .fanout, internal: true)
            try await channel.bindExchange("b", to: "a", routingKey: "x.#")
            let queue = try await channel.declareQueue(exclusive: true).name
            #expect(queue.hasPrefix("amq.gen-"))
            try await channel.bindQueue(queue, to: "b")
            for _ in 0..<3 { try await channel.publish([], to: "a", routingKey: "x.y", mandatory: true) }
            #expect(try await channel.purgeQueue(queue) == 3)
            try await channel.unbindExchange("b", from: "a", routingKey: "x.#")
            let error = await #expect(throws: AMQPError.self) {
                try await channel.publish([], to: "a", routingKey: "x.y", mandatory: true)
            }
            #expect(error?.code == .publishReturned)
            try await channel.unbindQueue(queue, from: "b")
            try await channel.deleteExchange("b")
            try await channel.deleteExchange("a", ifUnused: true)
            #expect(try await channel.deleteQueue(queue) == 0)
        }
    }
}
