import AMQP
import Testing

@Suite("Typed arguments")
struct ArgumentsTests {
    @Test("every queue argument is sent under RabbitMQ's name and in its unit")
    func queue() throws {
        let table = try FieldTable.queue(
            type: .quorum, expires: .seconds(60), messageTTL: .milliseconds(1500), maxLength: 10,
            maxLengthOctets: 1 << 20,
            overflow: .rejectPublish, deadLetterExchange: "dlx", deadLetterRoutingKey: "k",
            deadLetterStrategy: .atLeastOnce, maxPriority: 5, deliveryLimit: 7, singleActiveConsumer: true, lazy: true,
            version: 2, leaderLocator: .balanced, masterLocator: "min-masters", initialGroupSize: 3, targetGroupSize: 5,
            initialClusterSize: 3, maxAge: .seconds(3600), maxSegmentOctets: 500, filterOctets: 32,
            maxInMemoryLength: 4, maxInMemoryOctets: 5, consumerTimeout: .seconds(1),
            delayedRetry: DelayedRetry(.failed, minimum: .seconds(1), maximum: .seconds(30)),
            others: ["x-other": true, "x-max-length": 11])
        let expected: FieldTable = [
            "x-queue-type": "quorum", "x-expires": 60_000, "x-message-ttl": 1500, "x-max-length": 11,
            "x-max-length-bytes": 1_048_576, "x-overflow": "reject-publish", "x-dead-letter-exchange": "dlx",
            "x-dead-letter-routing-key": "k", "x-dead-letter-strategy": "at-least-once", "x-max-priority": 5,
            "x-delivery-limit": 7, "x-single-active-consumer": true, "x-queue-mode": "lazy", "x-queue-version": 2,
            "x-queue-leader-locator": "balanced", "x-queue-master-locator": "min-masters",
            "x-quorum-initial-group-size": 3, "x-quorum-target-group-size": 5, "x-initial-cluster-size": 3,
            "x-max-age": "3600s", "x-stream-max-segment-size-bytes": 500, "x-stream-filter-size-bytes": 32,
            "x-max-in-memory-length": 4, "x-max-in-memory-bytes": 5, "x-consumer-timeout": 1000,
            "x-delayed-retry-type": "failed", "x-delayed-retry-min": 1000, "x-delayed-retry-max": 30_000,
            "x-other": true,
        ]
        #expect(table == expected)
        #expect(try FieldTable.queue().isEmpty)
        #expect(try FieldTable.queue(lazy: false) == ["x-queue-mode": "default"])
    }

    @Test(
        "times are rounded up, so that none becomes zero",
        arguments: [
            (Duration.nanoseconds(1), 1), (.microseconds(1001), 2), (.milliseconds(4_294_967_295), 4_294_967_295),
        ] as [(Duration, Int64)])
    func rounding(_ time: Duration, _ milliseconds: Int64) throws {
        #expect(try FieldTable.queue(expires: time)["x-expires"] == .int64(milliseconds))
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        var argument: String
        var make: @Sendable () throws(AMQPError) -> FieldTable
        var testDescription: String { argument }
    }

    static let refused: [Refused] = [
        Refused(argument: "x-expires") { () throws(AMQPError) in try .queue(expires: .zero) },
        Refused(argument: "x-expires") { () throws(AMQPError) in try .queue(expires: .milliseconds(4_294_967_296)) },
        Refused(argument: "x-message-ttl") { () throws(AMQPError) in try .queue(messageTTL: .milliseconds(-1)) },
        Refused(argument: "x-message-ttl") { () throws(AMQPError) in try .queue(messageTTL: .seconds(Int64.max)) },
        Refused(argument: "x-message-ttl") { () throws(AMQPError) in try .queue(messageTTL: .seconds(Int64.min)) },
        Refused(argument: "x-max-length") { () throws(AMQPError) in try .queue(maxLength: -1) },
        Refused(argument: "x-max-priority") { () throws(AMQPError) in try .queue(maxPriority: 256) },
        Refused(argument: "x-max-priority") { () throws(AMQPError) in try .queue(maxPriority: 0) },
        Refused(argument: "x-delivery-limit") { () throws(AMQPError) in try .queue(deliveryLimit: -2) },
        Refused(argument: "x-queue-version") { () throws(AMQPError) in try .queue(version: 3) },
        Refused(argument: "x-quorum-initial-group-size") { () throws(AMQPError) in try .queue(initialGroupSize: 0) },
        Refused(argument: "x-max-age") { () throws(AMQPError) in try .queue(maxAge: .zero) },
        Refused(argument: "x-max-age") { () throws(AMQPError) in try .queue(maxAge: .seconds(Int64.max)) },
        Refused(argument: "x-stream-filter-size-bytes") { () throws(AMQPError) in try .queue(filterOctets: 15) },
        Refused(argument: "x-stream-offset") { () throws(AMQPError) in try .consumer(streamOffset: .offset(.max)) },
        Refused(argument: "x-stream-offset") { () throws(AMQPError) in try .consumer(streamOffset: .interval(.zero)) },
        Refused(argument: "x-consumer-timeout") { () throws(AMQPError) in try .consumer(timeout: .zero) },
        Refused(argument: "x-recent-history-length") { () throws(AMQPError) in try .exchange(recentHistoryLength: 0) },
        Refused(argument: "hash-header") { () throws(AMQPError) in
            try .exchange(hashHeader: "h", hashProperty: "message_id")
        },
    ]

    @Test("a value out of range is an error that names the argument", arguments: refused)
    func range(_ refused: Refused) throws {
        let error = #expect(throws: AMQPError.self) { try refused.make() }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains(refused.argument) == true)
    }

    @Test("exchange, consumer and binding arguments have RabbitMQ's names")
    func others() throws {
        #expect(
            try FieldTable.exchange(
                alternateExchange: "a", delayedType: .topic, hashHeader: "h", recentHistoryLength: 9)
                == [
                    "alternate-exchange": "a", "x-delayed-type": "topic", "hash-header": "h",
                    "x-recent-history-length": 9,
                ])
        #expect(
            try FieldTable.consumer(
                priority: -3, streamFilter: ["a", "b"], matchUnfiltered: true, cancelOnHAFailover: true,
                timeout: .seconds(2))
                == [
                    "x-priority": .int32(-3), "x-stream-filter": ["a", "b"], "x-stream-match-unfiltered": true,
                    "x-cancel-on-ha-failover": true, "x-consumer-timeout": 2000,
                ])
        #expect(FieldTable.headers(match: .anyWithX, ["k": 1]) == ["k": 1, "x-match": "any-with-x"])
    }

    @Test(
        "stream offsets",
        arguments: [
            (.first, "first"), (.last, "last"), (.next, "next"), (.offset(7), 7), (.timestamp(9), .timestamp(9)),
            (.interval(.milliseconds(60_001)), "61s"),
        ] as [(StreamOffset, FieldValue)])
    func offsets(_ offset: StreamOffset, _ value: FieldValue) throws {
        #expect(try FieldTable.consumer(streamOffset: offset) == ["x-stream-offset": value])
    }
}

@Suite("Typed headers")
struct MessageHeadersTests {
    @Test("x-death is read into values, the latest first")
    func deaths() throws {
        let death: FieldTable = [
            "count": 2, "reason": "expired", "queue": "q", "time": .timestamp(1_700_000_000), "exchange": "e",
            "routing-keys": ["k", "l"], "original-expiration": "1500",
        ]
        let properties = BasicProperties(
            headers: [
                "x-death": [.table(death), .table(["queue": "p", "reason": "rejected"]), "nonsense", .table([:])],
                "x-first-death-queue": "p", "x-first-death-exchange": "", "x-first-death-reason": "rejected",
                "x-delivery-count": .int32(4), "x-stream-offset": 12,
            ])
        let deaths = properties.deaths
        try #require(deaths.count == 2)
        #expect(deaths[0].queue == "q")
        #expect(deaths[0].reason == .expired)
        #expect(deaths[0].count == 2)
        #expect(deaths[0].exchange == "e")
        #expect(deaths[0].routingKeys == ["k", "l"])
        #expect(deaths[0].time == 1_700_000_000)
        #expect(deaths[0].originalTimeToLive == .milliseconds(1500))
        #expect(deaths[1].count == 1)
        #expect(properties.firstDeath == MessageDeath.Place(queue: "p", exchange: "", reason: .rejected))
        #expect(properties.lastDeath == nil)
        #expect(properties.deliveryCount == 4)
        #expect(properties.streamOffset == 12)
    }

    @Test("headers of another form read as absent", arguments: [.void, "text", .int64(-1), .double(1)] as [FieldValue])
    func hostile(_ value: FieldValue) {
        let properties = BasicProperties(
            headers: [
                "x-death": value, "x-delivery-count": value, "x-acquired-count": value, "x-stream-offset": value,
                "CC": value, "x-first-death-queue": value,
            ])
        #expect(properties.deaths.isEmpty)
        #expect(properties.deliveryCount == nil)
        #expect(properties.acquiredCount == nil)
        #expect(properties.streamOffset == nil)
        #expect(properties.carbonCopies.isEmpty)
        #expect(properties.firstDeath == nil)
        let extreme = BasicProperties(
            headers: ["x-delay": .int64(.min), "x-death": [["queue": "q", "reason": "r", "count": .int64(.min)]]],
            expiration: "99999999999999999999")
        #expect(extreme.delay == .milliseconds(Int64.min))
        #expect(extreme.deaths.first?.count == 0)
        #expect(extreme.timeToLive == nil)
    }

    @Test("time to live, delay and copies are written in the broker's form, and taken away again")
    func writing() throws {
        var properties = BasicProperties()
        properties.carbonCopies = []
        #expect(properties.headers == nil)
        try properties.setTimeToLive(.microseconds(1500))
        try properties.setDelay(.seconds(5))
        properties.carbonCopies = ["a", "b"]
        properties.blindCarbonCopies = ["c"]
        properties.streamFilterValue = "f"
        #expect(properties.expiration == "2")
        #expect(properties.timeToLive == .milliseconds(2))
        #expect(
            properties.headers
                == ["x-delay": 5000, "CC": ["a", "b"], "BCC": ["c"], "x-stream-filter-value": "f"])
        #expect(properties.delay == .seconds(5))
        #expect(properties.blindCarbonCopies == ["c"])
        try properties.setTimeToLive(nil)
        try properties.setDelay(nil)
        properties.blindCarbonCopies = []
        #expect(properties.expiration == nil)
        #expect(properties.headers == ["CC": ["a", "b"], "x-stream-filter-value": "f"])
        let error = #expect(throws: AMQPError.self) { try properties.setTimeToLive(.seconds(-1)) }
        #expect(error?.code == .invalidArgument)
    }
}
