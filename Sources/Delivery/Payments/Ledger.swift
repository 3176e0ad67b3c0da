import SQLite

/// Money that came from or went back to a customer for an order.
package struct LedgerEntry: Equatable, Sendable {
    package enum Kind: String, Sendable {
        case charge = "CHARGE"
        case refund = "REFUND"
    }

    package let order: Int
    package let kind: Kind
    /// Won; negative when it goes back.
    package let amount: Int
    package let at: Timestamp
    /// The gateway's name for the payment; nil without a gateway.
    package let reference: String?

    package init(order: Int, kind: Kind, amount: Int, at: Timestamp, reference: String? = nil) {
        (self.order, self.kind, self.amount, self.at, self.reference) = (order, kind, amount, at, reference)
    }
}

/// The books: an order's entries sum to its price, or to zero when it was rejected, cancelled or has expired. A key of order
/// and kind lets each happen once.
package enum Ledger {
    /// - Returns: false if the order has an entry of this kind already; nothing is changed then.
    @discardableResult
    package static func book(_ entry: LedgerEntry, in db: Connection) throws -> Bool {
        try LedgerRecords.insert(entry, in: db)
    }

    package static func entries(order id: Int, in db: Connection) throws -> [LedgerEntry] {
        try LedgerRecords.entries(order: id, in: db)
    }
}

enum LedgerRecords {
    static func insert(_ entry: LedgerEntry, in db: Connection) throws -> Bool {
        try db.run(
            "INSERT OR IGNORE INTO ledger_entry(order_id, kind, amount, at, reference) VALUES (?, ?, ?, ?, ?)",
            entry.order, entry.kind.rawValue, entry.amount, entry.at.milliseconds, entry.reference) == 1
    }

    static func entries(order id: Int, in db: Connection) throws -> [LedgerEntry] {
        try db.all(
            "SELECT order_id, kind, amount, at, reference FROM ledger_entry WHERE order_id = ? ORDER BY kind", id
        ) { row in
            guard let kind = LedgerEntry.Kind(rawValue: try row.text(1)) else {
                throw UnreadableRecord("ledger_entry.kind")
            }
            return LedgerEntry(
                order: try row.int(0), kind: kind, amount: try row.int(2), at: Timestamp(milliseconds: try row.int(3)),
                reference: try row.optionalText(4))
        }
    }
}
