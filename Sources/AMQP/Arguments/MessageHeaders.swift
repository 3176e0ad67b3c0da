import AMQPWire

// The headers and properties that RabbitMQ gives a meaning, in typed form. What a peer sent in another form reads as
// absent.

extension BasicProperties {
    // MARK: Written by publishers

    /// After this time in a queue the message is dropped or dead-lettered; nil if there is none, or none that can be
    /// read (`expiration`, milliseconds).
    public var timeToLive: Duration? {
        guard let expiration, let milliseconds = UInt32(expiration) else { return nil }
        return .milliseconds(Int64(milliseconds))
    }

    /// Sets `expiration`, in whole milliseconds, rounded up.
    /// - Throws: `.invalidArgument` for a negative time or one above 49 days.
    public mutating func setTimeToLive(_ time: Duration?) throws(AMQPError) {
        guard let time else { return expiration = nil }
        expiration = String(try time.timerMilliseconds("expiration"))
    }

    /// How long an exchange of type `.delayedMessage` holds the message back (header `x-delay`, milliseconds).
    public var delay: Duration? { headers?["x-delay"]?.integer.map { .milliseconds($0) } }

    /// Sets the header `x-delay`, in whole milliseconds, rounded up.
    /// - Throws: `.invalidArgument` for a negative time or one above 49 days.
    public mutating func setDelay(_ time: Duration?) throws(AMQPError) {
        guard let time else { return setHeader("x-delay", nil) }
        setHeader("x-delay", .int64(try time.timerMilliseconds("x-delay")))
    }

    /// More routing keys by which the message is routed; its receivers see them (header `CC`).
    public var carbonCopies: [String] {
        get { strings("CC") }
        set { setHeader("CC", newValue.isEmpty ? nil : .array(newValue.map { .string($0) })) }
    }

    /// More routing keys by which the message is routed; the broker removes them (header `BCC`).
    public var blindCarbonCopies: [String] {
        get { strings("BCC") }
        set { setHeader("BCC", newValue.isEmpty ? nil : .array(newValue.map { .string($0) })) }
    }

    /// What consumers of a stream may filter by (header `x-stream-filter-value`, RabbitMQ 3.13 and later).
    public var streamFilterValue: String? {
        get { headers?["x-stream-filter-value"]?.string }
        set { setHeader("x-stream-filter-value", newValue.map { .string($0) }) }
    }

    // MARK: Written by the broker

    /// How often a quorum queue has delivered the message before without success (header `x-delivery-count`); nil the
    /// first time, and for other queues.
    public var deliveryCount: Int? { count("x-delivery-count") }

    /// How often a quorum queue has handed the message to a consumer before, for whatever reason it came back (header
    /// `x-acquired-count`, RabbitMQ 4.3 and later).
    public var acquiredCount: Int? { count("x-acquired-count") }

    /// The message's number in its stream (header `x-stream-offset`).
    public var streamOffset: UInt64? { headers?["x-stream-offset"]?.integer.flatMap { UInt64(exactly: $0) } }

    /// What became of the message in the queues that dead-lettered it, the latest first (header `x-death`).
    public var deaths: [MessageDeath] {
        headers?["x-death"]?.array?.compactMap { $0.table.flatMap(MessageDeath.init) } ?? []
    }

    /// The first queue that dead-lettered the message (headers `x-first-death-…`).
    public var firstDeath: MessageDeath.Place? { MessageDeath.Place(headers, "x-first-death-") }

    /// The last queue that dead-lettered the message (headers `x-last-death-…`, RabbitMQ 3.13 and later).
    public var lastDeath: MessageDeath.Place? { MessageDeath.Place(headers, "x-last-death-") }

    // MARK: Fields

    private func strings(_ name: String) -> [String] { headers?[name]?.array?.compactMap(\.string) ?? [] }

    private func count(_ name: String) -> Int? {
        headers?[name]?.integer.flatMap { $0 >= 0 ? Int($0) : nil }
    }

    private mutating func setHeader(_ name: String, _ value: FieldValue?) {
        guard value != nil || headers != nil else { return }
        var table = headers ?? [:]
        table[name] = value
        headers = table
    }
}

/// That a queue dead-lettered a message, once or several times for the same reason (an entry of the header `x-death`).
public struct MessageDeath: Hashable, Sendable {
    /// Why; the set is open.
    public struct Reason: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
        public var rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public init(stringLiteral value: String) { rawValue = value }
        public var description: String { rawValue }
        /// A consumer rejected it without requeueing.
        public static let rejected: Reason = "rejected"
        /// Its time to live was over.
        public static let expired: Reason = "expired"
        /// The queue was full.
        public static let maxLength: Reason = "maxlen"
        /// It was delivered too often.
        public static let deliveryLimit: Reason = "delivery_limit"
    }

    /// Where and why, without the counts.
    public struct Place: Hashable, Sendable {
        /// The queue that gave it up.
        public var queue: String
        /// The exchange that the message came by; empty for the default exchange.
        public var exchange: String
        /// Why it was given up.
        public var reason: Reason

        /// Puts the parts together.
        public init(queue: String, exchange: String, reason: Reason) {
            self.queue = queue
            self.exchange = exchange
            self.reason = reason
        }

        init?(_ headers: FieldTable?, _ prefix: String) {
            guard let queue = headers?[prefix + "queue"]?.string, let reason = headers?[prefix + "reason"]?.string
            else { return nil }
            self.init(
                queue: queue, exchange: headers?[prefix + "exchange"]?.string ?? "", reason: Reason(rawValue: reason))
        }
    }

    /// The queue that gave it up.
    public var queue: String
    /// Why it was given up.
    public var reason: Reason
    /// How often.
    public var count: Int
    /// The exchange that the message came by; empty for the default exchange.
    public var exchange: String
    /// The routing key that the message came by, and its carbon copies.
    public var routingKeys: [String]
    /// The first time, in seconds since 1970.
    public var time: UInt64?
    /// The message's own time to live; the broker has removed it, so that the message does not expire again.
    public var originalTimeToLive: Duration?

    init?(_ table: FieldTable) {
        guard let queue = table["queue"]?.string, let reason = table["reason"]?.string else { return nil }
        self.queue = queue
        self.reason = Reason(rawValue: reason)
        count = table["count"]?.integer.map { max(0, Int($0)) } ?? 1
        exchange = table["exchange"]?.string ?? ""
        routingKeys = table["routing-keys"]?.array?.compactMap(\.string) ?? []
        if case .timestamp(let seconds)? = table["time"] { time = seconds }
        originalTimeToLive = table["original-expiration"]?.string.flatMap { UInt32($0) }
            .map { .milliseconds(Int64($0)) }
    }
}
