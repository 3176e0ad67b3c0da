import AMQPWire

extension ExchangeType {
    /// Holds messages back for the time in their header `x-delay` (plugin rabbitmq_delayed_message_exchange).
    public static let delayedMessage: ExchangeType = "x-delayed-message"
    /// Spreads messages over queues by a hash of the routing key (plugin rabbitmq_consistent_hash_exchange).
    public static let consistentHash: ExchangeType = "x-consistent-hash"
    /// Picks one of the bound queues at random (plugin rabbitmq_random_exchange).
    public static let random: ExchangeType = "x-random"
    /// Picks one of the bound queues on the publisher's node at random (RabbitMQ 4).
    public static let localRandom: ExchangeType = "x-local-random"
    /// Keeps the last messages for queues that are bound later (plugin rabbitmq_recent_history_exchange).
    public static let recentHistory: ExchangeType = "x-recent-history"
    /// Spreads messages over sharded queues (plugin rabbitmq_sharding).
    public static let modulusHash: ExchangeType = "x-modulus-hash"
}

/// Which of a binding's headers a message must have (`x-match`).
public struct HeadersMatch: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { rawValue = value }
    /// All of them, except those whose names begin with `x-`.
    public static let all: HeadersMatch = "all"
    /// One of them, except those whose names begin with `x-`.
    public static let any: HeadersMatch = "any"
    /// All of them; RabbitMQ 3.10 and later.
    public static let allWithX: HeadersMatch = "all-with-x"
    /// One of them; RabbitMQ 3.10 and later.
    public static let anyWithX: HeadersMatch = "any-with-x"
}

extension FieldTable {
    /// The arguments of an exchange. What is nil is not sent.
    ///
    /// - Parameters:
    ///   - alternateExchange: where messages go that no binding takes (`alternate-exchange`).
    ///   - delayedType: how a `.delayedMessage` exchange routes (`x-delayed-type`).
    ///   - hashHeader: a `.consistentHash` exchange hashes this header instead of the routing key (`hash-header`).
    ///   - hashProperty: … or this property: `message_id`, `correlation_id` or `timestamp` (`hash-property`).
    ///   - recentHistoryLength: how many messages a `.recentHistory` exchange keeps (`x-recent-history-length`).
    ///   - others: added as they are; they replace arguments of the same name.
    /// - Throws: `.invalidArgument` for a value that no RabbitMQ takes, with the argument's name.
    public static func exchange(
        alternateExchange: String? = nil, delayedType: ExchangeType? = nil, hashHeader: String? = nil,
        hashProperty: String? = nil, recentHistoryLength: Int? = nil, others: FieldTable = [:]
    ) throws(AMQPError) -> FieldTable {
        guard hashHeader == nil || hashProperty == nil else {
            throw AMQPError(.invalidArgument, "hash-header and hash-property exclude each other")
        }
        var table = FieldTable()
        table.set("alternate-exchange", alternateExchange)
        table.set("x-delayed-type", delayedType?.rawValue)
        table.set("hash-header", hashHeader)
        table.set("hash-property", hashProperty)
        try table.set("x-recent-history-length", recentHistoryLength, in: 1...Int.max)
        for field in others { table[field.name] = field.value }
        return table
    }

    /// The arguments of a binding to a headers exchange:
    /// `bindQueue("pdf", to: "documents", arguments: .headers(match: .all, ["format": "pdf"]))`. A void value asks only
    /// that the header is there.
    public static func headers(match: HeadersMatch = .all, _ headers: FieldTable) -> FieldTable {
        var table = headers
        table["x-match"] = .string(match.rawValue)
        return table
    }
}
