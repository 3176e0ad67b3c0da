import AMQPWire

/// Where a consumer begins to read a stream (`x-stream-offset`).
public enum StreamOffset: Hashable, Sendable {
    /// At the oldest message that is kept.
    case first
    /// At the last chunk that was written: it may hold several messages.
    case last
    /// At what is published from now on.
    case next
    /// At the message of this number; streams count from 0.
    case offset(UInt64)
    /// At messages not older than this moment, in seconds since 1970.
    case timestamp(UInt64)
    /// At messages not older than this time; it is sent in whole seconds, rounded up.
    case interval(Duration)
}

extension FieldTable {
    /// The arguments of a consumer. What is nil is not sent.
    ///
    /// - Parameters:
    ///   - priority: consumers of higher priority get the messages as long as they may take more (`x-priority`); 0 is
    ///     the default, negative ones are allowed.
    ///   - streamOffset: where to begin; streams only (`x-stream-offset`).
    ///   - streamFilter: one of these filter values; the broker filters roughly, so that the consumer has to look too.
    ///     RabbitMQ 3.13 and later (`x-stream-filter`).
    ///   - matchUnfiltered: with the filter, messages without a filter value too (`x-stream-match-unfiltered`).
    ///   - cancelOnHAFailover: the broker ends the consumer when a mirrored queue of RabbitMQ 3 fails over
    ///     (`x-cancel-on-ha-failover`).
    ///   - timeout: how long a delivery may stay unsettled; RabbitMQ 4.3 and later (`x-consumer-timeout`).
    ///   - others: added as they are; they replace arguments of the same name.
    /// - Throws: `.invalidArgument` for a value that no RabbitMQ takes, with the argument's name.
    public static func consumer(
        priority: Int32? = nil, streamOffset: StreamOffset? = nil, streamFilter: [String] = [],
        matchUnfiltered: Bool? = nil, cancelOnHAFailover: Bool? = nil, timeout: Duration? = nil,
        others: FieldTable = [:]
    ) throws(AMQPError) -> FieldTable {
        var table = FieldTable()
        if let priority { table["x-priority"] = .int32(priority) }
        switch streamOffset {
        case nil: break
        case .first: table["x-stream-offset"] = "first"
        case .last: table["x-stream-offset"] = "last"
        case .next: table["x-stream-offset"] = "next"
        case .offset(let offset):
            guard let offset = Int64(exactly: offset) else {
                throw AMQPError(.invalidArgument, "x-stream-offset is at most \(Int64.max), not \(offset)")
            }
            table["x-stream-offset"] = .int64(offset)
        case .timestamp(let seconds): table["x-stream-offset"] = .timestamp(seconds)
        case .interval(let time): try table.set("x-stream-offset", age: time)
        }
        if !streamFilter.isEmpty { table["x-stream-filter"] = .array(streamFilter.map { .string($0) }) }
        table.set("x-stream-match-unfiltered", matchUnfiltered)
        table.set("x-cancel-on-ha-failover", cancelOnHAFailover)
        try table.set("x-consumer-timeout", milliseconds: timeout, from: 1)
        for field in others { table[field.name] = field.value }
        return table
    }
}
