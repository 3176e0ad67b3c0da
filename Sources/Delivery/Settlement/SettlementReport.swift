/// Sums of entries, in won.
package struct SettlementTotals: Equatable, Sendable {
    /// How many orders were sold.
    package var orders = 0
    /// Of all sales.
    package var sales = 0
    /// Of all refunds: zero or negative.
    package var refunds = 0
    /// Of all sales, less those that were refunded.
    package var fees = 0
    /// How many entries these are the sums of.
    package var entries = 0

    package init() {}

    init(orders: Int, sales: Int, refunds: Int, fees: Int, entries: Int) {
        (self.orders, self.sales, self.refunds, self.fees, self.entries) = (orders, sales, refunds, fees, entries)
    }

    /// What the store gets; negative when it gave back more than it earned.
    package var payout: Int { sales + refunds - fees }

    static func + (one: SettlementTotals, other: SettlementTotals) -> SettlementTotals {
        SettlementTotals(
            orders: one.orders + other.orders, sales: one.sales + other.sales, refunds: one.refunds + other.refunds,
            fees: one.fees + other.fees, entries: one.entries + other.entries)
    }

    enum CodingKeys: String, CodingKey {
        case orders, sales, refunds, fees, payout
        case entries = "entry_count"
    }

    /// Side by side with what else is said, not in an object of their own.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(orders, forKey: .orders)
        try container.encode(sales, forKey: .sales)
        try container.encode(refunds, forKey: .refunds)
        try container.encode(fees, forKey: .fees)
        try container.encode(payout, forKey: .payout)
        try container.encode(entries, forKey: .entries)
    }
}

/// A store's day.
package struct SettlementDay: Encodable, Sendable {
    package let day: KoreanDay
    package let storeID: Int
    package let totals: SettlementTotals
    /// The oldest of them, at most `Settlement.mostEntries`.
    package let entries: [SettlementEntry]

    enum CodingKeys: String, CodingKey {
        case day, entries
        case storeID = "store_id"
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(day, forKey: .day)
        try container.encode(storeID, forKey: .storeID)
        try container.encode(entries, forKey: .entries)
        try totals.encode(to: encoder)
    }
}

/// A store's month, by day; days without an entry are left out.
package struct SettlementMonth: Encodable, Sendable {
    package struct Day: Encodable, Equatable, Sendable {
        package let day: String
        package let totals: SettlementTotals

        enum CodingKeys: String, CodingKey { case day }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(day, forKey: .day)
            try totals.encode(to: encoder)
        }
    }

    package let month: KoreanMonth
    package let storeID: Int
    package let totals: SettlementTotals
    package let days: [Day]

    enum CodingKeys: String, CodingKey {
        case month, days
        case storeID = "store_id"
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(month.description, forKey: .month)
        try container.encode(storeID, forKey: .storeID)
        try container.encode(days, forKey: .days)
        try totals.encode(to: encoder)
    }
}

/// A store's line in the operator's table.
package struct SettlementStore: Encodable, Sendable {
    package let id: Int
    package let name: String
    package let totals: SettlementTotals

    enum CodingKeys: String, CodingKey {
        case id = "store_id"
        case name = "store_name"
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(name, forKey: .name)
        try totals.encode(to: encoder)
    }
}

/// A month in Korea.
package struct KoreanMonth: Equatable, Sendable, CustomStringConvertible {
    package let first: KoreanDay
    package let last: KoreanDay

    /// Reads `2026-11` and nothing else.
    package init?(_ text: String) {
        guard text.utf8.count == 7, let first = KoreanDay("\(text)-01") else { return nil }
        var last = first
        // Months have 28 to 31 days.
        for day in ["28", "29", "30", "31"] { last = KoreanDay("\(text)-\(day)") ?? last }
        (self.first, self.last) = (first, last)
    }

    package var days: [KoreanDay] {
        var days = [first]
        while let day = days.last, day != last { days.append(KoreanDay(containing: day.end)) }
        return days
    }

    package var description: String { String(first.description.prefix(7)) }
}
