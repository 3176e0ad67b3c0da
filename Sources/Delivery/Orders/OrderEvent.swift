import SQLite

/// A change of an order: who did what, when.
package struct OrderEvent: Codable, Equatable, Sendable {
    /// The order's version after it, from 1.
    package let version: Int
    package let action: OrderAction
    /// The status after it.
    package let status: OrderStatus
    package let actor: OrderActor.Kind
    package let at: Timestamp
}

enum OrderEventRecords {
    static func insert(
        _ event: OrderEvent, order: Int, actorID: Int?, body: [UInt8], in db: Connection
    ) throws {
        try db.run(
            """
            INSERT INTO order_event(order_id, version, action, status, actor, actor_id, at, body)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """, order, event.version, event.action.rawValue, event.status.rawValue, event.actor.rawValue, actorID,
            event.at.milliseconds, body)
    }

    /// Oldest first.
    static func timeline(order id: Int, in db: Connection) throws -> [OrderEvent] {
        try db.all(
            "SELECT version, action, status, actor, at FROM order_event WHERE order_id = ? ORDER BY version", id
        ) { row in
            guard let action = OrderAction(rawValue: try row.text(1)),
                let status = OrderStatus(rawValue: try row.text(2)),
                let actor = OrderActor.Kind(rawValue: try row.text(3))
            else { throw UnreadableRecord("order_event") }
            return OrderEvent(
                version: try row.int(0), action: action, status: status, actor: actor,
                at: Timestamp(milliseconds: try row.int(4)))
        }
    }

    /// The message of the change with which the order was paid.
    static func announced(order id: Int, in db: Connection) throws -> [UInt8]? {
        try db.first(
            "SELECT body FROM order_event WHERE order_id = ? AND status = 'ORDER' ORDER BY version LIMIT 1", id
        ) { row in try row.bytes(0) }
    }

    /// A page of the log of changes.
    struct Page {
        /// The orders that became visible to their stores on this page.
        var announced: [Int] = []
        /// The last event of the page.
        var last: Int
        var isComplete: Bool
    }

    /// Events behind `id`, oldest first, up to the first that is not older than `time`. One that is dated a good while later
    /// comes from a clock that was set back since, and is taken for old: it would hold up the others until then.
    static func page(after id: Int, before time: Timestamp, limit: Int, in db: Connection) throws -> Page? {
        var page = Page(last: id, isComplete: true)
        var (count, isPast) = (0, false)
        try db.each("SELECT id, order_id, status, at FROM order_event WHERE id > ? ORDER BY id LIMIT ?", id, limit) {
            row in
            let at = try row.int(3)
            isPast = isPast || (at >= time.milliseconds && at < time.milliseconds + 120_000)
            if isPast { return }
            count += 1
            page.last = try row.int(0)
            // An order comes into this status once.
            if try row.text(2) == OrderStatus.order.rawValue { page.announced.append(try row.int(1)) }
        }
        page.isComplete = count < limit
        return count == 0 ? nil : page
    }
}
