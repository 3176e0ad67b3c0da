import SQLite

/// A booking of a store's settlement.
package struct SettlementEntry: Codable, Equatable, Sendable {
    package enum Kind: String, Codable, CaseIterable, Sendable {
        case sale = "SALE"
        /// Takes back a sale, with its fee.
        case refund = "REFUND"
    }

    package let orderID: Int
    package let kind: Kind
    /// Won; negative for a refund.
    package let amount: Int
    /// Won, likewise.
    package let fee: Int
    package let at: Timestamp

    package init(order: Int, kind: Kind, amount: Int, fee: Int, at time: Timestamp) {
        orderID = order
        self.kind = kind
        self.amount = amount
        self.fee = fee
        at = time
    }

    /// What the store gets for it.
    package var payout: Int { amount - fee }

    enum CodingKeys: String, CodingKey {
        case kind, amount, fee, at
        case orderID = "order_id"
    }
}

/// Books what stores have earned, and what they gave back.
///
/// An order that is paid has a SALE; one that was paid and ended in a refund has a REFUND too, which is its exact opposite.
/// What is booked follows from the order alone, whichever of its messages it was that asked for it: so it does not matter in
/// which order they come, and how often.
package enum Settlement {
    /// - Throws: `DeliveryError.orderNotFound`
    package static func settle(order id: Int, fee: Fee, in db: Connection) throws {
        guard let order = try SettlementRecords.order(id, in: db) else { throw DeliveryError.orderNotFound }
        guard let paidAt = order.paidAt else { return }
        try SettlementRecords.insertSale(
            SettlementEntry(order: id, kind: .sale, amount: order.amount, fee: fee.of(order.amount), at: paidAt),
            store: order.store, in: db)
        guard order.status.isRefunded else { return }
        try SettlementRecords.insertRefund(of: id, at: order.closedAt ?? paidAt, in: db)
    }

    /// Orders behind `id` that were looked at again: what their messages should have booked is booked, if they were lost.
    package struct Page: Sendable {
        package let last: Int
        package let orders: Int
        /// Entries that were missing.
        package let booked: Int
    }

    /// - Returns: nil when there are no more orders.
    package static func settlePage(after id: Int, limit: Int, fee: Fee, in db: Connection) throws -> Page? {
        let ids = try OrderRecords.ids(after: id, limit: limit, in: db)
        guard let last = ids.last else { return nil }
        var booked = 0
        for id in ids {
            let before = try SettlementRecords.entries(of: id, in: db).count
            try settle(order: id, fee: fee, in: db)
            booked += try SettlementRecords.entries(of: id, in: db).count - before
        }
        return Page(last: last, orders: ids.count, booked: booked)
    }

    /// How many entries a day's reply shows; the table as CSV has all.
    package static let mostEntries = 1_000

    package static func day(_ day: KoreanDay, store: Int, in db: Connection) throws -> SettlementDay {
        SettlementDay(
            day: day, storeID: store, totals: try SettlementRecords.totals(store: store, day: day, in: db),
            entries: try entries(store: store, day: day, after: nil, limit: mostEntries, in: db))
    }

    /// A page of a day's entries, oldest first.
    package static func entries(
        store: Int, day: KoreanDay, after entry: SettlementEntry?, limit: Int, in db: Connection
    ) throws -> [SettlementEntry] {
        try SettlementRecords.page(store: store, day: day, after: entry, limit: limit, in: db)
    }

    package static func month(_ month: KoreanMonth, store: Int, in db: Connection) throws -> SettlementMonth {
        let days = try SettlementRecords.days(store: store, from: month.first, to: month.last, in: db)
        return SettlementMonth(
            month: month, storeID: store, totals: days.reduce(SettlementTotals()) { $0 + $1.totals }, days: days)
    }

    /// What every store has earned on a day, for operators: a page of the stores in the order of their ids, without those
    /// that have earned nothing.
    package static func stores(
        day: KoreanDay, after id: Int, limit: Int, in db: Connection
    ) throws -> [SettlementStore] {
        var found: [SettlementStore] = []
        var last = id
        // Pages of stores, since many of them may have no entry.
        while found.count < limit {
            let page = try SettlementRecords.stores(after: last, limit: 200, in: db)
            guard let end = page.last?.id else { break }
            for store in page where found.count < limit {
                last = store.id
                let totals = try SettlementRecords.totals(store: store.id, day: day, in: db)
                if totals.entries > 0 {
                    found.append(SettlementStore(id: store.id, name: store.name, totals: totals))
                }
            }
            if last == end, page.count < 200 { break }
        }
        return found
    }
}
