import SQLite

enum PaymentRecords {
    static func insert(order: Int, amount: Int, at time: Timestamp, in db: Connection) throws {
        try db.run(
            "INSERT INTO payment(order_id, state, amount, next_attempt_at, updated_at) VALUES (?, 'WAITING', ?, ?, ?)",
            order, amount, time.milliseconds, time.milliseconds)
    }

    static func state(order: Int, in db: Connection) throws -> PaymentState? {
        try db.first("SELECT state FROM payment WHERE order_id = ?", order) { row in
            guard let state = PaymentState(rawValue: try row.text(0)) else { throw UnreadableRecord("payment.state") }
            return state
        }
    }

    /// - Parameter next: when the gateway is to be asked; nil for never.
    static func setState(
        _ state: PaymentState, order: Int, next: Timestamp?, at time: Timestamp, in db: Connection
    ) throws {
        try db.run(
            "UPDATE payment SET state = ?, next_attempt_at = ?, attempts = 0, updated_at = ? WHERE order_id = ?",
            state.rawValue, next?.milliseconds, time.milliseconds, order)
    }
}
