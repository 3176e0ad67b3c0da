import SQLite

enum WebhookRecords {
    struct Stored {
        let url: String
        let secret: WebhookSecret
        let createdAt: Timestamp
        let failures: Int
        let notBefore: Timestamp
    }

    static func find(customer: Int, in db: Connection) throws -> Stored? {
        try db.first(
            "SELECT url, secret, created_at, failures, not_before FROM webhook WHERE customer_id = ?", customer
        ) { row in
            guard let secret = WebhookSecret(try row.text(1)) else { throw UnreadableRecord("webhook.secret") }
            return Stored(
                url: try row.text(0), secret: secret, createdAt: Timestamp(milliseconds: try row.int(2)),
                failures: try row.int(3), notBefore: Timestamp(milliseconds: try row.int(4)))
        }
    }

    static func insert(customer: Int, _ webhook: Webhook, _ secret: WebhookSecret, in db: Connection) throws {
        try db.run(
            "INSERT INTO webhook(customer_id, url, secret, created_at) VALUES (?, ?, ?, ?)", customer, webhook.url,
            secret.text, webhook.createdAt.milliseconds)
    }

    static func update(customer: Int, url: String, _ secret: WebhookSecret, in db: Connection) throws {
        try db.run(
            "UPDATE webhook SET url = ?, secret = ?, failures = 0 WHERE customer_id = ?", url, secret.text, customer)
    }

    static func delete(customer: Int, in db: Connection) throws {
        try db.run("DELETE FROM notification WHERE customer_id = ?", customer)
        try db.run("DELETE FROM webhook WHERE customer_id = ?", customer)
    }

    // MARK: - Turns

    /// Something waits for it from `time` on.
    static func makeDue(customer: Int, at time: Timestamp, in db: Connection) throws {
        try db.run(
            "UPDATE webhook SET due_at = max(?, not_before) WHERE customer_id = ? AND (due_at IS NULL OR due_at > ?)",
            time.milliseconds, customer, time.milliseconds)
    }

    static func due(at time: Timestamp, limit: Int, in db: Connection) throws -> [Int] {
        try db.all(
            "SELECT customer_id FROM webhook WHERE due_at <= ? ORDER BY due_at LIMIT ?", time.milliseconds, limit
        ) { row in try row.int(0) }
    }

    static func nextDue(in db: Connection) throws -> Timestamp? {
        try db.first("SELECT due_at FROM webhook WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1") { row in
            Timestamp(milliseconds: try row.int(0))
        }
    }

    static func setTurn(
        customer: Int, failures: Int, notBefore: Timestamp, due: Timestamp?, in db: Connection
    ) throws {
        try db.run(
            "UPDATE webhook SET failures = ?, not_before = ?, due_at = ? WHERE customer_id = ?", failures,
            notBefore.milliseconds, due?.milliseconds, customer)
    }
}
