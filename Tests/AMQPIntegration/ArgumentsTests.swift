import AMQP
import Support
import Testing

@Suite("RabbitMQ: typed arguments", .timeLimit(.minutes(2)))
struct AMQPArgumentsTests {
    @Test("the broker takes every argument that a queue of its type may have")
    func accepted() async throws {
        try await withTestChannel { _, channel in
            try await channel.declareQueue(
                "classic",
                arguments: .queue(
                    type: .classic, expires: .seconds(60), messageTTL: .seconds(30), maxLength: 100,
                    maxLengthOctets: 1 << 20, overflow: .rejectPublishDeadLetter, deadLetterExchange: "",
                    deadLetterRoutingKey: "dead", maxPriority: 5, singleActiveConsumer: true, lazy: true, version: 2,
                    masterLocator: "client-local"))
            try await channel.declareQueue(
                "quorum",
                arguments: .queue(
                    type: .quorum, expires: .seconds(60), messageTTL: .seconds(30), maxLength: 100,
                    maxLengthOctets: 1 << 20, overflow: .rejectPublish, deadLetterExchange: "amq.fanout",
                    deadLetterStrategy: .atLeastOnce, deliveryLimit: 3, singleActiveConsumer: true,
                    leaderLocator: .clientLocal, initialGroupSize: 1))
            try await channel.declareQueue(
                "stream",
                arguments: .queue(
                    type: .stream, maxLengthOctets: 1 << 20, leaderLocator: .clientLocal, initialClusterSize: 1,
                    maxAge: .seconds(3600), maxSegmentOctets: 1 << 20))
            try await channel.declareExchange("e", type: .direct, arguments: .exchange(alternateExchange: "amq.fanout"))
            // What was said once holds: the same declaration is no error, another one is.
            try await channel.declareQueue(
                "stream",
                arguments: .queue(
                    type: .stream, maxLengthOctets: 1 << 20, leaderLocator: .clientLocal, initialClusterSize: 1,
                    maxAge: .seconds(3600), maxSegmentOctets: 1 << 20))
            let error = await #expect(throws: AMQPError.self) {
                try await channel.declareQueue("stream", arguments: .queue(type: .stream, maxAge: .seconds(60)))
            }
            #expect(error?.difference != nil)
        }
    }

    @Test("an expired message tells its deaths; a message's own time to live is kept there")
    func deaths() async throws {
        try await withTestChannel { _, channel in
            try await channel.declareExchange("dlx", type: .fanout)
            let dead = try await channel.declareQueue("dead").name
            try await channel.bindQueue(dead, to: "dlx")
            let queue = try await channel.declareQueue("q", arguments: .queue(deadLetterExchange: "dlx")).name
            var properties = BasicProperties()
            try properties.setTimeToLive(.milliseconds(1))
            try await channel.publish([1], to: "", routingKey: queue, properties: properties)
            let consumer = try await channel.consume(dead)
            let expired = try #require(try await consumer.next())
            let death = try #require(expired.properties.deaths.first)
            #expect(death.queue == queue)
            #expect(death.reason == .expired)
            #expect(death.count == 1)
            #expect(death.exchange == "")
            #expect(death.routingKeys == [queue])
            #expect(death.time != nil)
            #expect(death.originalTimeToLive == .milliseconds(1))
            #expect(expired.properties.timeToLive == nil)
            #expect(
                expired.properties.firstDeath == MessageDeath.Place(queue: queue, exchange: "", reason: .expired))
            // Rejected by a consumer: another reason.
            try await channel.publish([2], to: "", routingKey: queue)
            try await channel.get(queue)?.reject(requeue: false)
            let rejected = try #require(try await consumer.next())
            #expect(rejected.properties.deaths.first?.reason == .rejected)
        }
    }

    @Test("a quorum queue counts deliveries and dead-letters what was delivered too often")
    func quorum() async throws {
        try await withTestChannel { _, channel in
            let dead = try await channel.declareQueue("dead").name
            let queue = try await channel.declareQueue(
                "q",
                arguments: .queue(
                    type: .quorum, deadLetterExchange: "", deadLetterRoutingKey: dead, deliveryLimit: 2)
            ).name
            try await channel.publish([7], to: "", routingKey: queue)
            let consumer = try await channel.consume(queue, prefetch: 1)
            for count in [nil, 1, 2] {
                let delivery = try #require(try await consumer.next())
                #expect(delivery.properties.deliveryCount == count)
                try await delivery.reject(requeue: true)
            }
            let last = try await channel.consume(dead)
            let death = try #require(try await last.next()?.properties.deaths.first)
            #expect(death.reason == .deliveryLimit)
            #expect(death.queue == queue)
        }
    }

    @Test("a stream is read from where the consumer says, as often as it likes")
    func stream() async throws {
        try await withTestChannel { _, channel in
            let queue = try await channel.declareQueue("s", arguments: .queue(type: .stream)).name
            for number in 0..<10 as Range<UInt8> { try await channel.publish([number], to: "", routingKey: queue) }
            let starts: [(StreamOffset, UInt8)] = [
                (.first, 0), (.offset(7), 7), (.timestamp(0), 0), (.interval(.seconds(3600)), 0),
            ]
            for (offset, first) in starts {
                let consumer = try await channel.consume(
                    queue, prefetch: 5, arguments: .consumer(streamOffset: offset))
                for number in first..<10 {
                    let delivery = try #require(try await consumer.next())
                    #expect(delivery.body == [number])
                    #expect(delivery.properties.streamOffset == UInt64(number))
                    try await delivery.ack()
                }
                try await consumer.cancel()
            }
            let next = try await channel.consume(queue, prefetch: 5, arguments: .consumer(streamOffset: .next))
            try await channel.publish([10], to: "", routingKey: queue)
            #expect(try await next.next()?.body == [10])
            // A stream cannot be read without a limit.
            let error = await #expect(throws: AMQPError.self) {
                try await channel.consume(queue, prefetch: 0, arguments: .consumer(streamOffset: .first))
            }
            #expect(error?.code == .preconditionFailed)
        }
    }

    @Test("a headers exchange compares the headers that the binding names")
    func headers() async throws {
        try await withTestChannel { _, channel in
            try await channel.declareExchange("h", type: .headers)
            for match in [HeadersMatch.all, .any, .anyWithX] {
                let queue = try await channel.declareQueue(match.rawValue).name
                let wanted: FieldTable = ["format": "pdf", "pages": 3, "x-kind": "report"]
                try await channel.bindQueue(queue, to: "h", arguments: .headers(match: match, wanted))
            }
            func publish(_ headers: FieldTable) async throws {
                try await channel.publish([], to: "h", properties: BasicProperties(headers: headers))
            }
            try await publish(["format": "pdf", "pages": 3])
            try await publish(["format": "pdf"])
            try await publish(["x-kind": "report"])
            #expect(try await channel.checkQueue("all").messageCount == 1)
            #expect(try await channel.checkQueue("any").messageCount == 2)
            #expect(try await channel.checkQueue("any-with-x").messageCount == 3)
        }
    }

    @Test("priorities, full queues and alternate exchanges")
    func limits() async throws {
        try await withTestChannel { _, channel in
            let queue = try await channel.declareQueue("p", arguments: .queue(maxPriority: 3)).name
            for priority in [1, 3, 2] as [UInt8] {
                let properties = BasicProperties(priority: priority)
                try await channel.publish([priority], to: "", routingKey: queue, properties: properties)
            }
            for priority in [3, 2, 1] as [UInt8] {
                #expect(try await channel.get(queue, acknowledges: false)?.body == [priority])
            }
            let full = try await channel.declareQueue(
                "f", arguments: .queue(maxLength: 1, overflow: .rejectPublish)
            ).name
            try await channel.publish([1], to: "", routingKey: full)
            let refused = await #expect(throws: AMQPError.self) {
                for _ in 0..<3 { try await channel.publish([2], to: "", routingKey: full) }
            }
            #expect(refused?.code == .publishRefused)
            try await channel.declareExchange("other", type: .fanout)
            let stray = try await channel.declareQueue("stray").name
            try await channel.bindQueue(stray, to: "other")
            try await channel.declareExchange("e", type: .direct, arguments: .exchange(alternateExchange: "other"))
            try await channel.publish([9], to: "e", routingKey: "nobody", mandatory: true)
            #expect(try await channel.get(stray)?.body == [9])
        }
    }

    @Test("copies go to their keys; receivers see CC, and BCC only the broker")
    func copies() async throws {
        try await withTestChannel { _, channel in
            for queue in ["a", "b", "c"] { try await channel.declareQueue(queue) }
            var properties = BasicProperties()
            properties.carbonCopies = ["b"]
            properties.blindCarbonCopies = ["c"]
            try await channel.publish([1], to: "", routingKey: "a", properties: properties)
            for queue in ["a", "b", "c"] {
                let got = try #require(try await channel.get(queue, acknowledges: false))
                #expect(got.properties.carbonCopies == ["b"])
                #expect(got.properties.blindCarbonCopies.isEmpty)
            }
        }
    }
}
