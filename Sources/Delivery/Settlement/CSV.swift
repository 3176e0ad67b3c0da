/// Comma-separated values (RFC 4180), as a spreadsheet opens them without doing what a cell says.
package struct CSV: Sendable {
    package enum Field: Equatable, Sendable {
        case number(Int)
        /// Of any content and origin.
        case text(String)
    }

    /// By this mark Excel knows that the file is UTF-8.
    package static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    package static func line(_ fields: [Field]) -> [UInt8] {
        Array((fields.map(cell).joined(separator: ",") + "\r\n").utf8)
    }

    private static func cell(_ field: Field) -> String {
        switch field {
        case .number(let number): "\(number)"
        case .text(let text): quote(harmless(text))
        }
    }

    /// A cell that begins with one of these is taken for a formula; an apostrophe before it makes it a text
    /// (owasp.org/www-community/attacks/CSV_Injection).
    private static func harmless(_ text: String) -> String {
        guard let first = text.unicodeScalars.first(where: { $0 != " " }) else { return text }
        return "=+-@\t\r\n\u{FF1D}\u{FF0B}\u{FF0D}\u{FF20}".unicodeScalars.contains(first) ? "'" + text : text
    }

    private static func quote(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { "\",\r\n;\t".unicodeScalars.contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}

/// A store's entries as a table for bookkeepers.
package enum SettlementTable {
    package static let head = CSV.line(
        ["store_id", "store_name", "day", "order_id", "kind", "at", "amount", "fee", "payout"].map { .text($0) })

    package static func line(_ entry: SettlementEntry, store: Int, name: String, day: KoreanDay) -> [UInt8] {
        CSV.line([
            .number(store), .text(name), .text(day.description), .number(entry.orderID), .text(entry.kind.rawValue),
            .text(KoreanDay.time(of: entry.at)), .number(entry.amount), .number(entry.fee), .number(entry.payout),
        ])
    }
}

extension KoreanDay {
    /// Date and time as clocks in Korea show them, to the second, for example `2026-11-20 19:04:05`.
    package static func time(of time: Timestamp) -> String {
        let shifted = time.adding(.seconds(9 * 3600)).description
        return shifted.prefix(10) + " " + shifted.dropFirst(11).prefix(8)
    }
}
