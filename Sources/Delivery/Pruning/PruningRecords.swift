import SQLite

/// Rows whose time is over. Each query begins at the oldest ones, by row id or by an index over the time.
enum PruningRecords {
    struct OldEvent {
        let id: Int
        let newOrder: Int?
    }

    /// Rows in the order in which they were committed, up to the last one that is old. Those before it are at least as old,
    /// whatever a clock that was set meanwhile says; so is one that lies as far ahead as others may lie behind.
    private struct Old<Row> {
        var rows: [Row] = []
        private var old = 0

        mutating func add(_ row: Row, _ time: Int, before cutoff: Timestamp, at now: Timestamp) {
            rows.append(row)
            let ahead = now.milliseconds + (now.milliseconds - cutoff.milliseconds)
            if time < cutoff.milliseconds || time > ahead { old = rows.count }
        }

        var result: [Row] { Array(rows.prefix(old)) }
    }

    static func oldEvents(
        before cutoff: Timestamp, at now: Timestamp, most: Int, in db: Connection
    ) throws -> [OldEvent] {
        var old = Old<OldEvent>()
        try db.each(
            "SELECT id, new_order_id, created_at FROM feed_event WHERE id > ? ORDER BY id LIMIT ?", 0, most
        ) { row in
            old.add(
                OldEvent(id: try row.int(0), newOrder: try row.optionalInt(1)), try row.int(2), before: cutoff, at: now)
        }
        return old.result
    }

    static func deleteEvent(_ id: Int, in db: Connection) throws {
        try db.run("DELETE FROM feed_event WHERE id = ?", id)
    }

    struct OldChange {
        let id: Int
        let order: Int
    }

    /// More messages wait only while the broker is away: then those of old changes wait too.
    private static let mostWaiting = 100

    /// A change: an order and its version.
    private struct Change: Hashable {
        let order: Int
        let version: Int
    }

    /// The changes whose messages wait, which are made from their bodies; nil when one is older than `time`, or when they
    /// are many.
    private static func waiting(since time: Timestamp, in db: Connection) throws -> Set<Change>? {
        let waiting = try db.all("SELECT order_id, version, created_at FROM outbox LIMIT ?", mostWaiting) { row in
            (change: Change(order: try row.int(0), version: try row.int(1)), time: try row.int(2))
        }
        guard waiting.count < mostWaiting, waiting.allSatisfy({ $0.time >= time.milliseconds }) else { return nil }
        return Set(waiting.map(\.change))
    }

    /// Behind those that were looked at before, up to the first whose message waits: when the clock was set, it may be one
    /// that is dated later.
    static func oldChanges(
        before cutoff: Timestamp, at now: Timestamp, most: Int, in db: Connection
    ) throws -> [OldChange] {
        guard let waiting = try waiting(since: cutoff, in: db) else { return [] }
        var old = Old<OldChange>()
        var isPast = false
        try db.each(
            "SELECT id, order_id, version, at FROM order_event WHERE id > ? ORDER BY id LIMIT ?",
            try lastChange(in: db), most
        ) { row in
            let change = Change(order: try row.int(1), version: try row.int(2))
            isPast = isPast || waiting.contains(change)
            if isPast { return }
            old.add(OldChange(id: try row.int(0), order: change.order), try row.int(3), before: cutoff, at: now)
        }
        return old.result
    }

    static func emptyChange(_ id: Int, in db: Connection) throws {
        try db.run("UPDATE order_event SET body = X'' WHERE id = ?", id)
    }

    private static func lastChange(in db: Connection) throws -> Int {
        try db.first("SELECT value FROM progress WHERE name = 'pruned_changes'") { row in try row.int(0) } ?? 0
    }

    static func setLastChange(_ id: Int, in db: Connection) throws {
        try db.run(
            """
            INSERT INTO progress(name, value) VALUES ('pruned_changes', ?)
            ON CONFLICT(name) DO UPDATE SET value = max(value, excluded.value)
            """, id)
    }

    /// When the oldest row was made, of those that can go.
    static func oldest(_ subject: Pruning.Subject, in db: Connection) throws -> Timestamp? {
        let time: Int? =
            switch subject {
            case .feed:
                try db.first("SELECT created_at FROM feed_event WHERE id > 0 ORDER BY id LIMIT 1") { try $0.int(0) }
            case .changes:
                try db.first("SELECT at FROM order_event WHERE id > ? ORDER BY id LIMIT 1", try lastChange(in: db)) {
                    try $0.int(0)
                }
            case .keys:
                try db.first("SELECT created_at FROM idempotency_key WHERE created_at > 0 ORDER BY created_at LIMIT 1")
                {
                    try $0.int(0)
                }
            case .tokens:
                try db.first("SELECT expires_at FROM token WHERE expires_at > 0 ORDER BY expires_at LIMIT 1") {
                    try $0.int(0)
                }
            case .notifications: try NotificationRecords.oldestSettled(in: db)?.milliseconds
            }
        return time.map { Timestamp(milliseconds: $0) }
    }
}

extension OrderRecords {
    /// Its event goes from the log.
    static func markAnnounced(_ id: Int, in db: Connection) throws {
        try db.run("UPDATE user_order SET announced = 1 WHERE id = ?", id)
    }

    static func isClosed(_ id: Int, in db: Connection) throws -> Bool {
        try db.exists("SELECT 1 FROM user_order WHERE id = ? AND closed_at IS NOT NULL", id)
    }
}
