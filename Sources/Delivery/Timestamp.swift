import Glibc

/// A point in time in whole milliseconds since 1970-01-01T00:00:00Z; in JSON an ISO 8601 text with its offset.
package struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let milliseconds: Int

    package init(milliseconds: Int) { self.milliseconds = milliseconds }

    package static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: time.tv_sec * 1000 + time.tv_nsec / 1_000_000)
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    /// Stops at the ends of what can be represented.
    package func adding(_ duration: Duration) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        let (whole, isTooLong) = Int(seconds).multipliedReportingOverflow(by: 1000)
        let (sum, isTooLate) = milliseconds.addingReportingOverflow(whole)
        let (total, isBeyond) = sum.addingReportingOverflow(Int(attoseconds / 1_000_000_000_000_000))
        guard !isTooLong, !isTooLate, !isBeyond else {
            return Timestamp(milliseconds: duration < .zero ? .min : .max)
        }
        return Timestamp(milliseconds: total)
    }

    /// For example `2026-03-01T09:30:00.250Z`. What lies outside of the years 0 to 9999 is shown as their end.
    package var description: String { calendarTime.text }

    var calendarTime: CalendarTime {
        CalendarTime(milliseconds: min(max(milliseconds, CalendarTime.earliest), CalendarTime.latest))
    }

    /// Reads an RFC 3339 time; digits after the milliseconds are dropped.
    package init?(_ text: String) {
        guard let time = CalendarTime(text) else { return nil }
        milliseconds = time.milliseconds
    }
}

extension Timestamp: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let time = Timestamp(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not a time such as 2026-03-01T09:30:00+09:00")
        }
        self = time
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
