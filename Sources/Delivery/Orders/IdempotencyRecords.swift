import SQLite

enum IdempotencyRecords {
    static func insert(
        customer: Int, key: String, hash: [UInt8], order: Int, at time: Timestamp, in db: Connection
    ) throws {
        try db.run(
            "INSERT OR REPLACE INTO idempotency_key(customer_id, key, request_hash, order_id, created_at) VALUES (?, ?, ?, ?, ?)",
            customer, key, hash, order, time.milliseconds)
    }

    static func find(
        customer: Int, key: String, storedSince time: Timestamp, in db: Connection
    ) throws -> (hash: [UInt8], order: Int)? {
        try db.first(
            """
            SELECT request_hash, order_id FROM idempotency_key
            WHERE customer_id = ? AND key = ? AND created_at >= ?
            """, customer, key, time.milliseconds
        ) { row in (try row.bytes(0), try row.int(1)) }
    }

    /// Drops a few keys that are older than `time`.
    /// - Returns: how many.
    static func prune(before time: Timestamp, most: Int, in db: Connection) throws -> Int {
        try db.run(
            """
            DELETE FROM idempotency_key WHERE (customer_id, key) IN
              (SELECT customer_id, key FROM idempotency_key WHERE created_at < ? ORDER BY created_at LIMIT ?)
            """, time.milliseconds, most)
    }
}
