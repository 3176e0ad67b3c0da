/// A calendar day in Korea, whose clocks stand at UTC+9 all year.
package struct KoreanDay: Hashable, Sendable, CustomStringConvertible {
    private static let offset = 9 * 3_600_000
    private static let length = 86_400_000

    package let start: Timestamp

    /// The first moment of the next day.
    package var end: Timestamp { Timestamp(milliseconds: start.milliseconds + Self.length) }

    /// The day that it is in Korea at that time; times outside of the years 0 to 9999 count as their end.
    package init(containing time: Timestamp) {
        let earliest = CalendarTime.earliest - Self.offset
        let latest = CalendarTime.latest - Self.offset
        let local = min(max(time.milliseconds, earliest), latest) + Self.offset
        let rest = local % Self.length
        start = Timestamp(milliseconds: local - (rest < 0 ? rest + Self.length : rest) - Self.offset)
    }

    /// Reads `2026-11-20` and nothing else.
    package init?(_ text: String) {
        guard text.utf8.count == 10, let time = CalendarTime("\(text)T00:00:00+09:00") else { return nil }
        start = Timestamp(milliseconds: time.milliseconds)
    }

    package static var today: KoreanDay { KoreanDay(containing: .now) }

    /// For example `2026-11-20`.
    package var description: String {
        String(CalendarTime(milliseconds: start.milliseconds + Self.offset).text.prefix(10))
    }
}

extension KoreanDay: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let day = KoreanDay(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a day such as 2026-11-20")
        }
        self = day
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
