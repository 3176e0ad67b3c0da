import SQLite

enum SettlementRecords {
    /// What a settlement follows from.
    struct SettledOrder {
        let store: Int
        let amount: Int
        let status: OrderStatus
        let paidAt: Timestamp?
        let closedAt: Timestamp?
    }

    static func order(_ id: Int, in db: Connection) throws -> SettledOrder? {
        try db.first("SELECT store_id, amount, status, paid_at, closed_at FROM user_order WHERE id = ?", id) { row in
            guard let status = OrderStatus(rawValue: try row.text(2)) else {
                throw UnreadableRecord("user_order.status")
            }
            return SettledOrder(
                store: try row.int(0), amount: try row.int(1), status: status,
                paidAt: try row.optionalInt(3).map { Timestamp(milliseconds: $0) },
                closedAt: try row.optionalInt(4).map { Timestamp(milliseconds: $0) })
        }
    }

    static func insertSale(_ entry: SettlementEntry, store: Int, in db: Connection) throws {
        try db.run(
            """
            INSERT INTO settlement_entry(order_id, kind, store_id, day, amount, fee, at) VALUES (?, 'SALE', ?, ?, ?, ?, ?)
            ON CONFLICT(order_id, kind) DO NOTHING
            """, entry.orderID, store, KoreanDay(containing: entry.at).description, entry.amount, entry.fee,
            entry.at.milliseconds)
    }

    /// The opposite of the sale that is booked, whatever the fee is by now.
    static func insertRefund(of order: Int, at time: Timestamp, in db: Connection) throws {
        try db.run(
            """
            INSERT INTO settlement_entry(order_id, kind, store_id, day, amount, fee, at)
            SELECT order_id, 'REFUND', store_id, ?, -amount, -fee, ? FROM settlement_entry
            WHERE order_id = ? AND kind = 'SALE'
            ON CONFLICT(order_id, kind) DO NOTHING
            """, KoreanDay(containing: time).description, time.milliseconds, order)
    }

    // MARK: - Reading

    private static func entry(_ row: borrowing Row) throws -> SettlementEntry {
        guard let kind = SettlementEntry.Kind(rawValue: try row.text(1)) else {
            throw UnreadableRecord("settlement_entry.kind")
        }
        return SettlementEntry(
            order: try row.int(0), kind: kind, amount: try row.int(2), fee: try row.int(3),
            at: Timestamp(milliseconds: try row.int(4)))
    }

    static func entries(of order: Int, in db: Connection) throws -> [SettlementEntry] {
        try db.all(
            "SELECT order_id, kind, amount, fee, at FROM settlement_entry WHERE order_id = ? ORDER BY kind DESC", order
        ) { row in try entry(row) }
    }

    static func page(
        store: Int, day: KoreanDay, after: SettlementEntry?, limit: Int, in db: Connection
    ) throws -> [SettlementEntry] {
        try db.all(
            """
            SELECT order_id, kind, amount, fee, at FROM settlement_entry
            WHERE store_id = ? AND day = ? AND (at, order_id, kind) > (?, ?, ?)
            ORDER BY at, order_id, kind LIMIT ?
            """, store, day.description, after?.at.milliseconds ?? Int.min, after?.orderID ?? 0,
            after?.kind.rawValue ?? "", limit
        ) { row in try entry(row) }
    }

    private static func totals(_ row: borrowing Row, _ first: Int) throws -> SettlementTotals {
        SettlementTotals(
            orders: try row.int(first), sales: try row.int(first + 1), refunds: try row.int(first + 2),
            fees: try row.int(first + 3), entries: try row.int(first + 4))
    }

    static func totals(store: Int, day: KoreanDay, in db: Connection) throws -> SettlementTotals {
        try db.one(
            """
            SELECT count(*) FILTER (WHERE kind = 'SALE'), ifnull(sum(amount) FILTER (WHERE kind = 'SALE'), 0),
              ifnull(sum(amount) FILTER (WHERE kind = 'REFUND'), 0), ifnull(sum(fee), 0), count(*)
            FROM settlement_entry WHERE store_id = ? AND day = ?
            """, store, day.description
        ) { row in try totals(row, 0) }
    }

    static func days(
        store: Int, from first: KoreanDay, to last: KoreanDay, in db: Connection
    ) throws -> [SettlementMonth.Day] {
        try db.all(
            """
            SELECT day, count(*) FILTER (WHERE kind = 'SALE'), ifnull(sum(amount) FILTER (WHERE kind = 'SALE'), 0),
              ifnull(sum(amount) FILTER (WHERE kind = 'REFUND'), 0), ifnull(sum(fee), 0), count(*)
            FROM settlement_entry WHERE store_id = ? AND day BETWEEN ? AND ? GROUP BY day ORDER BY day
            """, store, first.description, last.description
        ) { row in SettlementMonth.Day(day: try row.text(0), totals: try totals(row, 1)) }
    }

    static func stores(after id: Int, limit: Int, in db: Connection) throws -> [(id: Int, name: String)] {
        try db.all("SELECT id, name FROM store WHERE id > ? ORDER BY id LIMIT ?", id, limit) { row in
            (try row.int(0), try row.text(1))
        }
    }
}

extension OrderRecords {
    /// Ids of all orders behind `id`.
    static func ids(after id: Int, limit: Int, in db: Connection) throws -> [Int] {
        try db.all("SELECT id FROM user_order WHERE id > ? ORDER BY id LIMIT ?", id, limit) { row in try row.int(0) }
    }
}
