import SQLite

enum OutboxRecords {
    static func insert(_ key: OutboxKey, traceParent: String?, at time: Timestamp, in db: Connection) throws {
        try db.run(
            "INSERT INTO outbox(instance_id, order_id, version, trace_parent, created_at) VALUES (?, ?, ?, ?, ?)",
            key.instance, key.order, key.version, traceParent, time.milliseconds)
    }

    static func page(instance: Int, after key: OutboxKey, limit: Int, in db: Connection) throws -> Outbox.Page {
        var entries: [OutboxEntry] = []
        var last: OutboxKey?
        var count = 0
        try db.each(
            """
            SELECT o.order_id, o.version, o.trace_parent, o.created_at, e.status, e.body
            FROM outbox o LEFT JOIN order_event e ON e.order_id = o.order_id AND e.version = o.version
            WHERE o.instance_id = ? AND (o.order_id, o.version) > (?, ?) ORDER BY o.order_id, o.version LIMIT ?
            """, instance, key.order, key.version, limit
        ) { row in
            let key = OutboxKey(instance: instance, order: try row.int(0), version: try row.int(1))
            last = key
            count += 1
            guard let status = try row.optionalText(4).flatMap({ OrderStatus(rawValue: $0) }) else { return }
            let body = try row.bytes(5)
            guard let names = try? JSON.decode(Names.self, body) else { return }
            entries.append(
                OutboxEntry(
                    key, status: status, customer: names.customer, body: body, txID: names.txID,
                    at: Timestamp(milliseconds: try row.int(3)), traceParent: try row.optionalText(2)))
        }
        return Outbox.Page(
            entries: entries, last: last, unreadable: count - entries.count, isComplete: count < limit)
    }

    /// What the other messages of a change need of its status message.
    private struct Names: Decodable {
        let txID: String
        let customer: Int

        enum CodingKeys: String, CodingKey {
            case txID = "tx_id"
            case customer = "customer_id"
        }
    }

    static func delete(_ key: OutboxKey, in db: Connection) throws {
        try db.run(
            "DELETE FROM outbox WHERE instance_id = ? AND order_id = ? AND version = ?", key.instance, key.order,
            key.version)
    }

    static func recordFailure(_ key: OutboxKey, _ error: String, in db: Connection) throws {
        try db.run(
            """
            UPDATE outbox SET attempts = attempts + 1, last_error = ?
            WHERE instance_id = ? AND order_id = ? AND version = ?
            """, error, key.instance, key.order, key.version)
    }

    static func state(in db: Connection) throws -> (count: Int, oldest: Timestamp?) {
        try db.first(
            "SELECT count(*), min(created_at) FROM (SELECT created_at FROM outbox LIMIT ?)", Outbox.mostCounted
        ) { row in
            (try row.int(0), try row.optionalInt(1).map { Timestamp(milliseconds: $0) })
        } ?? (0, nil)
    }
}
