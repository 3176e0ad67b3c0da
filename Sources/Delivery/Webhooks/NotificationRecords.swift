import SQLite

enum NotificationRecords {
    /// - Returns: false if the message is known.
    static func insert(
        _ message: OrderStatusMessage, body: [UInt8], state: WebhookDelivery.State, error: String?,
        at time: Timestamp, in db: Connection
    ) throws -> Bool {
        let next = state == .pending ? time : nil
        return try db.run(
            """
            INSERT INTO notification(
              message_id, customer_id, order_id, order_version, status, body, state, next_attempt_at, last_error,
              created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(message_id) DO NOTHING
            """, message.txID, message.customerID, message.orderID, message.orderVersion, message.status.rawValue, body,
            state.rawValue, next?.milliseconds, error, time.milliseconds) > 0
    }

    /// Whether so many wait for a customer's webhook.
    static func areWaiting(_ count: Int, customer: Int, in db: Connection) throws -> Bool {
        try db.exists(
            "SELECT 1 FROM notification WHERE customer_id = ? AND next_attempt_at IS NOT NULL LIMIT 1 OFFSET ?",
            customer, count - 1)
    }

    struct Waiting {
        let id: Int
        let messageID: String
        let orderID: Int
        let body: [UInt8]
        let attempts: Int
        let createdAt: Timestamp
    }

    /// The one whose turn it is.
    static func first(customer: Int, dueAt time: Timestamp, in db: Connection) throws -> Waiting? {
        try db.first(
            """
            SELECT id, message_id, order_id, body, attempts, created_at FROM notification
            WHERE customer_id = ? AND next_attempt_at <= ? ORDER BY next_attempt_at, id LIMIT 1
            """, customer, time.milliseconds
        ) { row in
            Waiting(
                id: try row.int(0), messageID: try row.text(1), orderID: try row.int(2), body: try row.bytes(3),
                attempts: try row.int(4), createdAt: Timestamp(milliseconds: try row.int(5)))
        }
    }

    static func nextAttempt(customer: Int, in db: Connection) throws -> Timestamp? {
        try db.first(
            """
            SELECT next_attempt_at FROM notification WHERE customer_id = ? AND next_attempt_at IS NOT NULL
            ORDER BY next_attempt_at LIMIT 1
            """, customer
        ) { row in Timestamp(milliseconds: try row.int(0)) }
    }

    /// An attempt that settled it, one way or the other.
    static func end(
        _ id: Int, _ state: WebhookDelivery.State, attempts: Int, error: String?, at time: Timestamp,
        in db: Connection
    ) throws {
        try db.run(
            """
            UPDATE notification SET state = ?, attempts = ?, next_attempt_at = NULL, last_attempt_at = ?, last_error = ?,
              body = X'' WHERE id = ? AND state = 'PENDING'
            """, state.rawValue, attempts, time.milliseconds, error, id)
    }

    static func postpone(
        _ id: Int, until next: Timestamp, attempts: Int, error: String, at time: Timestamp, in db: Connection
    ) throws {
        try db.run(
            """
            UPDATE notification SET attempts = ?, next_attempt_at = ?, last_attempt_at = ?, last_error = ?
            WHERE id = ? AND state = 'PENDING'
            """, attempts, next.milliseconds, time.milliseconds, error, id)
    }

    /// Forgets what is settled and lies behind the newest ones.
    static func prune(customer: Int, keeping count: Int, in db: Connection) throws {
        try db.run(
            """
            DELETE FROM notification WHERE customer_id = ? AND state <> 'PENDING' AND id <= (
              SELECT id FROM notification WHERE customer_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)
            """, customer, customer, count)
    }

    /// Forgets a few that were settled and are older than `time`, the oldest first.
    /// - Returns: how many.
    static func prune(before time: Timestamp, most: Int, in db: Connection) throws -> Int {
        try db.run(
            """
            DELETE FROM notification WHERE id IN (
              SELECT id FROM notification WHERE next_attempt_at IS NULL AND created_at < ? ORDER BY created_at LIMIT ?)
            """, time.milliseconds, most)
    }

    /// When the oldest one that is settled was made.
    static func oldestSettled(in db: Connection) throws -> Timestamp? {
        try db.first(
            """
            SELECT created_at FROM notification WHERE next_attempt_at IS NULL AND created_at > 0
            ORDER BY created_at LIMIT 1
            """
        ) { row in Timestamp(milliseconds: try row.int(0)) }
    }

    /// The newest first.
    static func last(customer: Int, limit: Int, in db: Connection) throws -> [WebhookDelivery] {
        try db.all(
            """
            SELECT message_id, order_id, order_version, status, state, attempts, created_at, last_attempt_at,
              next_attempt_at, last_error
            FROM notification WHERE customer_id = ? ORDER BY id DESC LIMIT ?
            """, customer, limit
        ) { row in
            guard let status = OrderStatus(rawValue: try row.text(3)),
                let state = WebhookDelivery.State(rawValue: try row.text(4))
            else { throw UnreadableRecord("notification") }
            return WebhookDelivery(
                id: try row.text(0), orderID: try row.int(1), orderVersion: try row.int(2), status: status,
                state: state, attempts: try row.int(5), createdAt: Timestamp(milliseconds: try row.int(6)),
                lastAttemptAt: try row.optionalInt(7).map { Timestamp(milliseconds: $0) },
                nextAttemptAt: try row.optionalInt(8).map { Timestamp(milliseconds: $0) },
                lastError: try row.optionalText(9))
        }
    }
}
