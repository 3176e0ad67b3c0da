import AMQPWire

/// What keeps the messages of a queue (`x-queue-type`); the set is open, for plugins.
public struct QueueType: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { rawValue = value }
    /// On one node.
    public static let classic: QueueType = "classic"
    /// Replicated; it counts deliveries. Durable only.
    public static let quorum: QueueType = "quorum"
    /// An append-only log that many consumers read from where they want. Durable only.
    public static let stream: QueueType = "stream"
}

/// What a full queue does (`x-overflow`).
public struct QueueOverflow: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { rawValue = value }
    /// Drops or dead-letters its oldest messages.
    public static let dropHead: QueueOverflow = "drop-head"
    /// Refuses new messages: their publishes end in `.publishRefused`.
    public static let rejectPublish: QueueOverflow = "reject-publish"
    /// As `rejectPublish`, and dead-letters what it refuses. Classic queues only.
    public static let rejectPublishDeadLetter: QueueOverflow = "reject-publish-dlx"
}

/// How a quorum queue hands its dead letters on (`x-dead-letter-strategy`).
public struct DeadLetterStrategy: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { rawValue = value }
    /// A dead letter is lost if the target queues do not take it.
    public static let atMostOnce: DeadLetterStrategy = "at-most-once"
    /// A dead letter stays until the target queues have it. Needs the overflow `.rejectPublish`.
    public static let atLeastOnce: DeadLetterStrategy = "at-least-once"
}

/// Which node of a cluster leads a new queue (`x-queue-leader-locator`).
public struct QueueLeaderLocator: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { rawValue = value }
    /// The node that this client is connected to.
    public static let clientLocal: QueueLeaderLocator = "client-local"
    /// One that leads few queues.
    public static let balanced: QueueLeaderLocator = "balanced"
}

/// Which returned messages a quorum queue holds back before it delivers them again, and for how long: the minimum
/// times the number of failed deliveries, up to the maximum (`x-delayed-retry-…`, RabbitMQ 4.3 and later).
public struct DelayedRetry: Hashable, Sendable {
    /// Which messages are meant (`x-delayed-retry-type`).
    public struct Scope: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
        public var rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public init(stringLiteral value: String) { rawValue = value }
        /// All that come back.
        public static let all: Scope = "all"
        /// Those whose processing failed.
        public static let failed: Scope = "failed"
        /// Those given back without a failure.
        public static let returned: Scope = "returned"
    }

    /// Which messages are held back.
    public var scope: Scope
    /// How long after the first failed delivery.
    public var minimum: Duration
    /// No message is held back for longer; nil leaves it to the broker.
    public var maximum: Duration?

    /// Puts the parts together.
    public init(_ scope: Scope, minimum: Duration, maximum: Duration? = nil) {
        self.scope = scope
        self.minimum = minimum
        self.maximum = maximum
    }
}

extension FieldTable {
    /// The arguments of a queue: `declareQueue("jobs", arguments: .queue(type: .quorum, deliveryLimit: 5))`.
    ///
    /// What is nil is not sent, and the broker's policies and defaults hold. Where nothing else is said, an argument is
    /// known to RabbitMQ 3.10 and later; brokers refuse arguments that their queue type does not have (406). Times are
    /// sent as whole milliseconds, rounded up, except `maxAge`: seconds.
    ///
    /// - Parameters:
    ///   - type: `x-queue-type`
    ///   - expires: the queue is deleted when it was not used for so long; above zero (`x-expires`).
    ///   - messageTTL: a message is dropped or dead-lettered after so long (`x-message-ttl`).
    ///   - maxLength: how many messages the queue holds (`x-max-length`).
    ///   - maxLengthOctets: how many octets of bodies it holds (`x-max-length-bytes`).
    ///   - overflow: what a full queue does (`x-overflow`).
    ///   - deadLetterExchange: where rejected, expired and dropped messages go (`x-dead-letter-exchange`).
    ///   - deadLetterRoutingKey: by which key, instead of their own (`x-dead-letter-routing-key`).
    ///   - deadLetterStrategy: quorum queues (`x-dead-letter-strategy`).
    ///   - maxPriority: the highest priority of messages, 1 to 255; few are better (`x-max-priority`).
    ///   - deliveryLimit: after so many failed deliveries a message is dropped or dead-lettered; −1 means no limit in
    ///     RabbitMQ 4. Quorum queues (`x-delivery-limit`).
    ///   - singleActiveConsumer: one consumer gets the messages, the next one when that ends
    ///     (`x-single-active-consumer`).
    ///   - lazy: messages are kept on disk; without effect from RabbitMQ 3.12 on (`x-queue-mode`).
    ///   - version: of a classic queue's store, 1 or 2 (`x-queue-version`).
    ///   - leaderLocator: which node leads a quorum queue or stream, after RabbitMQ 3.10 also a classic queue
    ///     (`x-queue-leader-locator`).
    ///   - masterLocator: the same for classic queues of RabbitMQ 3 (`x-queue-master-locator`).
    ///   - initialGroupSize: replicas of a quorum queue (`x-quorum-initial-group-size`).
    ///   - targetGroupSize: replicas that it grows to; RabbitMQ 3.13 and later (`x-quorum-target-group-size`).
    ///   - initialClusterSize: replicas of a stream (`x-initial-cluster-size`).
    ///   - maxAge: how long a stream keeps messages, at least; above zero (`x-max-age`).
    ///   - maxSegmentOctets: the size of a stream's files (`x-stream-max-segment-size-bytes`).
    ///   - filterOctets: the size of a stream's filter, 16 to 255; RabbitMQ 3.13 and later
    ///     (`x-stream-filter-size-bytes`).
    ///   - maxInMemoryLength: how many messages a quorum queue keeps in memory; without effect from 3.10 on
    ///     (`x-max-in-memory-length`).
    ///   - maxInMemoryOctets: the same in octets (`x-max-in-memory-bytes`).
    ///   - consumerTimeout: how long a delivery may stay unsettled; RabbitMQ 3.12 and later (`x-consumer-timeout`).
    ///   - delayedRetry: quorum queues of RabbitMQ 4.3 and later (`x-delayed-retry-type`, `-min`, `-max`).
    ///   - others: added as they are; they replace arguments of the same name.
    /// - Throws: `.invalidArgument` for a value that no RabbitMQ takes, with the argument's name.
    public static func queue(
        type: QueueType? = nil, expires: Duration? = nil, messageTTL: Duration? = nil, maxLength: Int? = nil,
        maxLengthOctets: Int? = nil, overflow: QueueOverflow? = nil, deadLetterExchange: String? = nil,
        deadLetterRoutingKey: String? = nil, deadLetterStrategy: DeadLetterStrategy? = nil, maxPriority: Int? = nil,
        deliveryLimit: Int? = nil, singleActiveConsumer: Bool? = nil, lazy: Bool? = nil, version: Int? = nil,
        leaderLocator: QueueLeaderLocator? = nil, masterLocator: String? = nil, initialGroupSize: Int? = nil,
        targetGroupSize: Int? = nil, initialClusterSize: Int? = nil, maxAge: Duration? = nil,
        maxSegmentOctets: Int? = nil, filterOctets: Int? = nil, maxInMemoryLength: Int? = nil,
        maxInMemoryOctets: Int? = nil, consumerTimeout: Duration? = nil, delayedRetry: DelayedRetry? = nil,
        others: FieldTable = [:]
    ) throws(AMQPError) -> FieldTable {
        var table = FieldTable()
        table.set("x-queue-type", type?.rawValue)
        try table.set("x-expires", milliseconds: expires, from: 1)
        try table.set("x-message-ttl", milliseconds: messageTTL)
        try table.set("x-max-length", maxLength)
        try table.set("x-max-length-bytes", maxLengthOctets)
        table.set("x-overflow", overflow?.rawValue)
        table.set("x-dead-letter-exchange", deadLetterExchange)
        table.set("x-dead-letter-routing-key", deadLetterRoutingKey)
        table.set("x-dead-letter-strategy", deadLetterStrategy?.rawValue)
        try table.set("x-max-priority", maxPriority, in: 1...255)
        try table.set("x-delivery-limit", deliveryLimit, in: -1...Int.max)
        table.set("x-single-active-consumer", singleActiveConsumer)
        table.set("x-queue-mode", lazy.map { $0 ? "lazy" : "default" })
        try table.set("x-queue-version", version, in: 1...2)
        table.set("x-queue-leader-locator", leaderLocator?.rawValue)
        table.set("x-queue-master-locator", masterLocator)
        try table.set("x-quorum-initial-group-size", initialGroupSize, in: 1...Int.max)
        try table.set("x-quorum-target-group-size", targetGroupSize, in: 1...Int.max)
        try table.set("x-initial-cluster-size", initialClusterSize, in: 1...Int.max)
        try table.set("x-max-age", age: maxAge)
        try table.set("x-stream-max-segment-size-bytes", maxSegmentOctets, in: 1...Int.max)
        try table.set("x-stream-filter-size-bytes", filterOctets, in: 16...255)
        try table.set("x-max-in-memory-length", maxInMemoryLength)
        try table.set("x-max-in-memory-bytes", maxInMemoryOctets)
        try table.set("x-consumer-timeout", milliseconds: consumerTimeout, from: 1)
        table.set("x-delayed-retry-type", delayedRetry?.scope.rawValue)
        try table.set("x-delayed-retry-min", milliseconds: delayedRetry?.minimum)
        try table.set("x-delayed-retry-max", milliseconds: delayedRetry?.maximum)
        for field in others { table[field.name] = field.value }
        return table
    }
}
