import SQLite

enum SandboxRecords {
    static func find(_ order: Int, in db: Connection) throws -> Sandbox.Payment? {
        try db.first(
            "SELECT payment_id, amount, status, approvals, cancels FROM sandbox_payment WHERE order_id = ?", order
        ) { row in
            guard let status = GatewayPayment.Status(rawValue: try row.text(2)) else {
                throw UnreadableRecord("sandbox_payment.status")
            }
            return Sandbox.Payment(
                orderID: order, id: try row.optionalText(0), amount: try row.int(1), status: status,
                approvals: try row.int(3), cancels: try row.int(4), reason: nil)
        }
    }

    static func put(_ payment: Sandbox.Payment, at time: Timestamp, in db: Connection) throws {
        try db.run(
            """
            INSERT OR REPLACE INTO sandbox_payment(order_id, payment_id, amount, status, approvals, cancels, at)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """, payment.orderID, payment.id, payment.amount, payment.status.rawValue, payment.approvals,
            payment.cancels, time.milliseconds)
    }

    static func setting(_ name: String, in db: Connection) throws -> Int? {
        try db.first("SELECT value FROM sandbox_setting WHERE name = ?", name) { row in try row.int(0) }
    }

    static func set(_ name: String, _ value: Int, in db: Connection) throws {
        try db.run("INSERT OR REPLACE INTO sandbox_setting(name, value) VALUES (?, ?)", name, value)
    }
}
