/// Times until which something cannot be had: a menu that is sold out, a store that is paused. Nothing works these off;
/// what is past counts no more.
package enum Availability {
    /// Stands in the database for "until further notice".
    static let furtherNotice = Timestamp(milliseconds: CalendarTime.latest)

    /// The furthest that somebody may look ahead.
    static let longest = Duration.seconds(366 * 24 * 60 * 60)

    /// - Throws: `DeliveryError` 400 for a time that is past, or more than a year ahead.
    static func checked(
        _ time: Timestamp, _ field: String, at now: Timestamp
    ) throws(DeliveryError) -> Timestamp {
        guard time > now else { throw .invalid(field, "is past") }
        guard time <= now.adding(longest) else { throw .invalid(field, "is more than a year ahead") }
        return time
    }

    /// What is stored, as it counts now.
    static func current(_ milliseconds: Int?, at now: Timestamp) -> Timestamp? {
        guard let milliseconds, milliseconds > now.milliseconds else { return nil }
        return Timestamp(milliseconds: milliseconds)
    }
}
