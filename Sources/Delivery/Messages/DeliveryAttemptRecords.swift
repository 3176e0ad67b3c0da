import SQLite

enum DeliveryAttemptRecords {
    static func count(_ message: String, at time: Timestamp, in db: Connection) throws -> DeliveryAttempt {
        try db.one(
            """
            INSERT INTO delivery_attempt(message, attempts, first_seen_at) VALUES (?, 1, ?)
            ON CONFLICT(message) DO UPDATE SET attempts = attempts + 1
            RETURNING attempts, first_seen_at
            """, message, time.milliseconds
        ) { row in
            DeliveryAttempt(count: try row.int(0), firstSeen: Timestamp(milliseconds: try row.int(1)))
        }
    }

    static func attempts(_ message: String, in db: Connection) throws -> Int? {
        try db.first("SELECT attempts FROM delivery_attempt WHERE message = ?", message) { row in try row.int(0) }
    }

    static func delete(_ message: String, in db: Connection) throws {
        try db.run("DELETE FROM delivery_attempt WHERE message = ?", message)
    }

    static func delete(firstSeenBefore time: Timestamp, in db: Connection) throws {
        try db.run("DELETE FROM delivery_attempt WHERE first_seen_at < ?", time.milliseconds)
    }
}
