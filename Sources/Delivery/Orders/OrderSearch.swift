/// What a store's user looks for among its past orders, without a database.
package struct OrderSearch: Equatable, Sendable {
    package static let longestQuery = 100

    /// Nil takes any.
    let status: OrderStatus?
    /// All of them must be found, each somewhere.
    let words: [String]
    /// When the query is a number, with or without `#`: perhaps that of an order.
    let number: Int?
    let from: Timestamp?
    /// Orders of this moment and later are not taken.
    let to: Timestamp?

    /// - Parameters:
    ///   - status: one in which an order has come to its end.
    ///   - query: words in the order's number, its menus, its note or its address.
    ///   - from: a time, or a day in Korea.
    ///   - to: the same; a day is taken to its end.
    /// - Returns: nil when nothing is looked for.
    /// - Throws: `DeliveryError` 400 that names what is wrong.
    package init?(status: String?, query: String?, from: String?, to: String?) throws(DeliveryError) {
        self.status = try Self.status(status)
        let query = try Self.query(query)
        words = query.split(whereSeparator: \.isWhitespace).map { $0.lowercased() }
        let digits = query.hasPrefix("#") ? query.dropFirst() : query[...]
        number = Int(digits).flatMap { $0 > 0 && String($0) == digits ? $0 : nil }
        self.from = try Self.time(from, "from") { $0.start }
        self.to = try Self.time(to, "to") { $0.end }
        if let from = self.from, let to = self.to, to <= from { throw .invalid("to", "must lie after from") }
        if self.status == nil, words.isEmpty, self.from == nil, self.to == nil { return nil }
    }

    private static func status(_ text: String?) throws(DeliveryError) -> OrderStatus? {
        guard let text, !text.isEmpty else { return nil }
        guard let status = OrderStatus(rawValue: text), status.isEnd else {
            let allowed = OrderStatus.allCases.filter(\.isEnd).map(\.rawValue).joined(separator: ", ")
            throw .invalid("status", "must be one of \(allowed)")
        }
        return status
    }

    private static func query(_ text: String?) throws(DeliveryError) -> String {
        guard let text, text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else { return "" }
        return try TextRules.check(text, "query", longest: longestQuery)
    }

    private static func time(
        _ text: String?, _ field: String, _ ofDay: (KoreanDay) -> Timestamp
    ) throws(DeliveryError) -> Timestamp? {
        guard let text, !text.isEmpty else { return nil }
        if let day = KoreanDay(text) { return ofDay(day) }
        guard let time = Timestamp(text) else {
            throw .invalid(field, "must be a day such as 2026-11-20 or a time such as 2026-11-20T09:30:00+09:00")
        }
        return time
    }

    // MARK: - Matching

    /// What is looked at first: the cheap part.
    func takes(_ status: OrderStatus, orderedAt time: Timestamp) -> Bool {
        (self.status == nil || status == self.status) && from.map { time >= $0 } ?? true && to.map { time < $0 } ?? true
    }

    /// Whether each word is found in one of the texts.
    func matches(_ texts: [String]) -> Bool {
        let texts = texts.map { $0.lowercased() }
        return words.allSatisfy { word in texts.contains { $0.contains(word) } }
    }
}
