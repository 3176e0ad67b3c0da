import SQLite

enum PaymentRecords {
    /// - Parameter next: when the worker looks at it, if nobody else has by then.
    static func insert(order: Int, amount: Int, next: Timestamp, at time: Timestamp, in db: Connection) throws {
        try db.run(
            "INSERT INTO payment(order_id, state, amount, next_attempt_at, updated_at) VALUES (?, 'WAITING', ?, ?, ?)",
            order, amount, next.milliseconds, time.milliseconds)
    }

    static func find(_ order: Int, in db: Connection) throws -> OrderPayment? {
        try db.first(
            """
            SELECT state, amount, attempts, next_attempt_at, claimed_until, claimed_by, payment_id, last_error, updated_at
            FROM payment WHERE order_id = ?
            """, order
        ) { row in
            guard let state = PaymentState(rawValue: try row.text(0)) else { throw UnreadableRecord("payment.state") }
            var claim: PaymentClaim?
            if let until = try row.optionalInt(4) {
                claim = PaymentClaim(instance: try row.optionalInt(5) ?? 0, until: Timestamp(milliseconds: until))
            }
            return OrderPayment(
                order: order, state: state, amount: try row.int(1), attempts: try row.int(2),
                nextAttemptAt: try row.optionalInt(3).map { Timestamp(milliseconds: $0) }, claim: claim,
                paymentID: try row.optionalText(6), lastError: try row.optionalText(7),
                updatedAt: Timestamp(milliseconds: try row.int(8)))
        }
    }

    static func put(_ payment: OrderPayment, in db: Connection) throws {
        try db.run(
            """
            UPDATE payment SET state = ?, attempts = ?, next_attempt_at = ?, claimed_until = ?, claimed_by = ?, payment_id = ?,
              last_error = ?, updated_at = ?
            WHERE order_id = ?
            """, payment.state.rawValue, payment.attempts, payment.nextAttemptAt?.milliseconds,
            payment.claim?.until.milliseconds, payment.claim?.instance, payment.paymentID, payment.lastError,
            payment.updatedAt.milliseconds, payment.order)
    }

    /// Those that nobody works on.
    static func due(at now: Timestamp, limit: Int, in db: Connection) throws -> [Int] {
        try db.all(
            """
            SELECT order_id FROM payment
            WHERE next_attempt_at <= ?1 AND (claimed_until IS NULL OR claimed_until <= ?1
              OR NOT EXISTS (SELECT 1 FROM instance WHERE id = claimed_by))
            ORDER BY next_attempt_at LIMIT ?2
            """, now.milliseconds, limit
        ) { row in try row.int(0) }
    }

    static func isClaimed(_ payment: OrderPayment, at now: Timestamp, in db: Connection) throws -> Bool {
        guard let claim = payment.claim, claim.until > now else { return false }
        return try db.exists("SELECT 1 FROM instance WHERE id = ?", claim.instance)
    }

    static func mendTimes(beyond limit: Timestamp, to now: Timestamp, in db: Connection) throws {
        try db.run(
            "UPDATE payment SET next_attempt_at = ?, claimed_until = NULL WHERE next_attempt_at > ?", now.milliseconds,
            limit.milliseconds)
    }

    static func countPending(most: Int, in db: Connection) throws -> Int {
        try db.first(
            "SELECT count(*) FROM (SELECT 1 FROM payment WHERE next_attempt_at IS NOT NULL LIMIT ?)", most
        ) { row in try row.int(0) } ?? 0
    }
}
