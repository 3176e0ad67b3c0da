import AMQPWire

// How the arguments' values become fields. RabbitMQ takes any integer type; its timers take 32 bits of milliseconds.

extension FieldTable {
    mutating func set(_ name: String, _ value: String?) {
        if let value { self[name] = .string(value) }
    }

    mutating func set(_ name: String, _ value: Bool?) {
        if let value { self[name] = .bool(value) }
    }

    mutating func set(_ name: String, _ value: Int?, in range: ClosedRange<Int> = 0...Int.max) throws(AMQPError) {
        guard let value else { return }
        guard range.contains(value) else {
            let limit =
                range.upperBound == .max ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
            throw AMQPError(.invalidArgument, "\(name) is \(limit), not \(value)")
        }
        self[name] = .int64(Int64(value))
    }

    mutating func set(_ name: String, milliseconds time: Duration?, from least: Int64 = 0) throws(AMQPError) {
        guard let time else { return }
        self[name] = .int64(try time.timerMilliseconds(name, from: least))
    }

    /// The ages of streams: a number and a unit, in whole seconds.
    mutating func set(_ name: String, age: Duration?) throws(AMQPError) {
        guard let age else { return }
        guard age > .zero else { throw AMQPError(.invalidArgument, "\(name) is above zero, not \(age)") }
        // RabbitMQ computes with milliseconds; nobody keeps messages for a thousand years.
        let longest = Duration.seconds(1000 * 366 * 86_400)
        guard age <= longest else { throw AMQPError(.invalidArgument, "\(name) is at most \(longest), not \(age)") }
        let (seconds, attoseconds) = age.components
        self[name] = .string("\(seconds + (attoseconds > 0 ? 1 : 0))s")
    }
}

extension Duration {
    /// The longest time of RabbitMQ's timers.
    private static let longestTimer = Duration.milliseconds(4_294_967_295)

    /// Whole milliseconds, rounded up, as RabbitMQ's timers take them.
    /// - Throws: `.invalidArgument` below `least` or above the longest that RabbitMQ takes, about 49 days.
    func timerMilliseconds(_ name: String, from least: Int64 = 0) throws(AMQPError) -> Int64 {
        guard self >= .zero, least == 0 || self > .zero else {
            let limit = least == 0 ? "not negative" : "above zero"
            throw AMQPError(.invalidArgument, "\(name) is \(limit), but it was set to \(self)")
        }
        guard self <= Self.longestTimer else {
            throw AMQPError(
                .invalidArgument, "\(name) is at most \(Self.longestTimer) (32 bits of milliseconds), not \(self)")
        }
        let (seconds, attoseconds) = components
        return seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
