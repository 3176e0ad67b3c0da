import SQLite

enum OutboxRecords {
    static func insert(
        _ message: OutboxMessage, instance: Int, at time: Timestamp, in db: Connection
    ) throws -> OutboxMessage {
        try db.run(
            """
            INSERT INTO outbox(message_id, exchange, routing_key, type, body, trace_parent, created_at, instance_id)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """, message.messageID, message.exchange, message.routingKey, message.type, message.body,
            message.traceParent, time.milliseconds, instance)
        return OutboxMessage(
            id: Int(db.lastInsertRowID), messageID: message.messageID, exchange: message.exchange,
            routingKey: message.routingKey, type: message.type, body: message.body, traceParent: message.traceParent,
            createdAt: time)
    }

    static func page(instance: Int, after id: Int, limit: Int, in db: Connection) throws -> [OutboxMessage] {
        var messages: [OutboxMessage] = []
        try db.each(
            """
            SELECT id, message_id, exchange, routing_key, type, body, trace_parent, created_at
            FROM outbox WHERE instance_id = ? AND id > ? ORDER BY id LIMIT ?
            """, instance, id, limit
        ) { row in
            messages.append(
                OutboxMessage(
                    id: try row.int(0), messageID: try row.text(1), exchange: try row.text(2),
                    routingKey: try row.text(3), type: try row.text(4), body: try row.bytes(5),
                    traceParent: try row.optionalText(6), createdAt: Timestamp(milliseconds: try row.int(7))))
        }
        return messages
    }

    static func delete(_ id: Int, in db: Connection) throws {
        try db.run("DELETE FROM outbox WHERE id = ?", id)
    }

    static func recordFailure(_ id: Int, _ error: String, in db: Connection) throws {
        try db.run("UPDATE outbox SET attempts = attempts + 1, last_error = ? WHERE id = ?", error, id)
    }

    static func state(in db: Connection) throws -> (count: Int, oldest: Timestamp?) {
        let count = try db.first(
            "SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT ?)", Outbox.mostCounted
        ) { row in try row.int(0) }
        let oldest = try db.first("SELECT created_at FROM outbox ORDER BY id LIMIT 1") { row in try row.int(0) }
        return (count ?? 0, oldest.map { Timestamp(milliseconds: $0) })
    }
}
