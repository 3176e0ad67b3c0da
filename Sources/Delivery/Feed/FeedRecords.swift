import SQLite

enum FeedRecords {
    static func append(
        _ topic: FeedTopic, name: String, data: [UInt8], newOrder: FeedEvent.NewOrder? = nil, at time: Timestamp,
        in db: Connection
    ) throws -> FeedEvent {
        try db.run(
            """
            INSERT INTO feed_event(topic, name, data, new_order_id, trace_parent, created_at)
            VALUES (?, ?, ?, ?, ?, ?)
            """, topic.description, name, data, newOrder?.id, newOrder?.traceParent, time.milliseconds)
        return FeedEvent(id: Int(db.lastInsertRowID), topic: topic, name: name, data: data, newOrder: newOrder)
    }

    /// Whether the log has the event that announces an order, or had it.
    static func isAnnounced(order id: Int, in db: Connection) throws -> Bool {
        if try db.exists("SELECT 1 FROM feed_event WHERE new_order_id = ?", id) { return true }
        return try db.exists("SELECT 1 FROM user_order WHERE id = ? AND announced = 1", id)
    }

    /// The youngest id that was ever given out, also when its event is gone; 0 for none.
    static func head(in db: Connection) throws -> Int {
        try db.first("SELECT seq FROM sqlite_sequence WHERE name = 'feed_event'") { row in try row.int(0) } ?? 0
    }

    /// Lets ids go on behind `id`.
    static func raiseHead(to id: Int, in db: Connection) throws {
        try db.run("UPDATE sqlite_sequence SET seq = ? WHERE name = 'feed_event' AND seq < ?", id, id)
        // A log that never held anything has no row there yet.
        try db.run(
            """
            INSERT INTO sqlite_sequence(name, seq)
            SELECT 'feed_event', ? WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'feed_event')
            """, id)
    }

    /// The youngest id of an event that may be gone; 0 for none.
    static func pruned(in db: Connection) throws -> Int {
        try db.first("SELECT value FROM progress WHERE name = 'feed_pruned'") { row in try row.int(0) } ?? 0
    }

    static func setPruned(_ id: Int, in db: Connection) throws {
        try db.run(
            """
            INSERT INTO progress(name, value) VALUES ('feed_pruned', ?)
            ON CONFLICT(name) DO UPDATE SET value = max(value, excluded.value)
            """, id)
    }

    /// The youngest change of an order up to which all have been looked at: see `Feed.announceForgotten`.
    static func checkedChange(in db: Connection) throws -> Int {
        try db.first("SELECT value FROM progress WHERE name = 'announced_order_events'") { row in try row.int(0) } ?? 0
    }

    static func setCheckedChange(_ id: Int, in db: Connection) throws {
        try db.run(
            """
            INSERT INTO progress(name, value) VALUES ('announced_order_events', ?)
            ON CONFLICT(name) DO UPDATE SET value = max(value, excluded.value)
            """, id)
    }

    /// At most `limit` events, and no more once they hold `octets`: what follows is another page.
    static func events(
        _ topic: FeedTopic, after cursor: Int, limit: Int, octets: Int, in db: Connection
    ) throws -> (events: [FeedEvent], isComplete: Bool) {
        var events: [FeedEvent] = []
        var taken = 0
        var rows = 0
        try db.each(
            "SELECT id, name, data FROM feed_event WHERE topic = ? AND id > ? ORDER BY id LIMIT ?", topic.description,
            cursor, limit
        ) { row in
            rows += 1
            guard taken < octets else { return }
            let event = FeedEvent(id: try row.int(0), topic: topic, name: try row.text(1), data: try row.bytes(2))
            taken += event.data.count
            events.append(event)
        }
        return (events, rows < limit && events.count == rows)
    }

    static func events(after position: Int, limit: Int, in db: Connection) throws -> [FeedEvent] {
        var events: [FeedEvent] = []
        try db.each(
            """
            SELECT id, topic, name, data, new_order_id, trace_parent,
              (SELECT ordered_at FROM user_order WHERE user_order.id = new_order_id)
            FROM feed_event WHERE id > ? ORDER BY id LIMIT ?
            """, position, limit
        ) { row in
            let order = try row.optionalInt(4).map { id in
                FeedEvent.NewOrder(
                    id: id, orderedAt: try row.optionalInt(6).map { Timestamp(milliseconds: $0) },
                    traceParent: try row.optionalText(5))
            }
            events.append(
                FeedEvent(
                    id: try row.int(0), topic: FeedTopic(try row.text(1)), name: try row.text(2),
                    data: try row.bytes(3), newOrder: order))
        }
        return events
    }
}
