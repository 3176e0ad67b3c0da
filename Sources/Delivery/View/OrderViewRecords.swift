import SQLite

enum OrderViewRecords {
    /// Writes what is newer than the row. Whose order it is never changes; naming it would write its index anew each time.
    /// - Returns: whether it was.
    static func update(_ view: OrderView, in db: Connection) throws -> Bool {
        try db.run(
            """
            INSERT INTO order_view(order_id, version, status, is_open, customer_id, store_id, store_name, amount, items,
              address, prep_minutes, ready_at, rider_id, rider_name, ordered_at, paid_at, changed_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT(order_id) DO UPDATE SET version = excluded.version, status = excluded.status,
              is_open = excluded.is_open, store_name = excluded.store_name, amount = excluded.amount, items = excluded.items,
              address = excluded.address, prep_minutes = excluded.prep_minutes, ready_at = excluded.ready_at,
              rider_id = excluded.rider_id, rider_name = excluded.rider_name, ordered_at = excluded.ordered_at,
              paid_at = excluded.paid_at, changed_at = excluded.changed_at
            WHERE excluded.version > order_view.version
            """, view.orderID, view.version, view.status.rawValue, !view.status.isEnd, view.customerID, view.storeID,
            view.storeName, view.amount, view.items, view.address, view.prepMinutes, view.readyAt?.milliseconds,
            view.riderID, view.riderName, view.orderedAt.milliseconds, view.paidAt?.milliseconds,
            view.changedAt.milliseconds) == 1
    }

    /// The same with what the last event of an order says. SQLite reads the event, in a third of the time that the JSON
    /// decoder takes. A Julian day counts from noon (sqlite.org/lang_datefunc.html); a double holds it to a twentieth of a
    /// millisecond.
    static func update(fromLastEventOf order: Int, in db: Connection) throws -> Bool {
        try db.run(
            """
            INSERT INTO order_view(order_id, version, status, is_open, customer_id, store_id, store_name, amount, items,
              address, prep_minutes, ready_at, rider_id, rider_name, ordered_at, paid_at, changed_at)
            SELECT order_id, version, status, status NOT IN ('RECEIVE', 'REJECT', 'CANCEL', 'EXPIRED'),
              json_extract(body, '$.customer_id'), json_extract(body, '$.store_id'),
              json_extract(body, '$.store_name'), json_extract(body, '$.amount'), json_extract(body, '$.items'),
              json_extract(body, '$.address'), json_extract(body, '$.prep_minutes'),
              CAST(round((julianday(json_extract(body, '$.ready_at')) - 2440587.5) * 86400000) AS INTEGER),
              json_extract(body, '$.rider_id'), json_extract(body, '$.rider_name'),
              CAST(round((julianday(json_extract(body, '$.ordered_at')) - 2440587.5) * 86400000) AS INTEGER),
              CAST(round((julianday(json_extract(body, '$.paid_at')) - 2440587.5) * 86400000) AS INTEGER), at
            FROM (
              SELECT order_id, version, status, at, CAST(body AS TEXT) AS body FROM order_event
              WHERE order_id = ? ORDER BY version DESC LIMIT 1)
            WHERE body <> ''
            ON CONFLICT(order_id) DO UPDATE SET version = excluded.version, status = excluded.status,
              is_open = excluded.is_open, store_name = excluded.store_name, amount = excluded.amount, items = excluded.items,
              address = excluded.address, prep_minutes = excluded.prep_minutes, ready_at = excluded.ready_at,
              rider_id = excluded.rider_id, rider_name = excluded.rider_name, ordered_at = excluded.ordered_at,
              paid_at = excluded.paid_at, changed_at = excluded.changed_at
            WHERE excluded.version > order_view.version
            """, order) == 1
    }

    static func replace(_ view: OrderView, in db: Connection) throws {
        _ = try delete(view.orderID, in: db)
        _ = try update(view, in: db)
    }

    /// - Returns: whether there was a row.
    static func delete(_ id: Int, in db: Connection) throws -> Bool {
        try db.run("DELETE FROM order_view WHERE order_id = ?", id) > 0
    }

    // MARK: - Reading

    static func find(_ id: Int, in db: Connection) throws -> OrderView? {
        try db.first(
            """
            SELECT order_id, version, status, customer_id, store_id, store_name, amount, items, address, prep_minutes,
              ready_at, rider_id, rider_name, ordered_at, paid_at, changed_at
            FROM order_view WHERE order_id = ?
            """, id
        ) { row in try view(row) }
    }

    static func list(customer: Int, before: Int?, limit: Int, in db: Connection) throws -> [OrderView] {
        try db.all(
            """
            SELECT order_id, version, status, customer_id, store_id, store_name, amount, items, address, prep_minutes,
              ready_at, rider_id, rider_name, ordered_at, paid_at, changed_at
            FROM order_view WHERE customer_id = ? AND order_id < ? ORDER BY order_id DESC LIMIT ?
            """, customer, before ?? Int.max, limit
        ) { row in try view(row) }
    }

    static func list(store: Int, before: Int?, limit: Int, in db: Connection) throws -> [OrderView] {
        try db.all(
            """
            SELECT order_id, version, status, customer_id, store_id, store_name, amount, items, address, prep_minutes,
              ready_at, rider_id, rider_name, ordered_at, paid_at, changed_at
            FROM order_view WHERE store_id = ? AND is_open = 1 AND paid_at IS NOT NULL AND order_id < ?
            ORDER BY order_id DESC LIMIT ?
            """, store, before ?? Int.max, limit
        ) { row in try view(row) }
    }

    /// What the rider carries.
    static func list(rider: Int, limit: Int, in db: Connection) throws -> [OrderView] {
        try db.all(
            """
            SELECT order_id, version, status, customer_id, store_id, store_name, amount, items, address, prep_minutes,
              ready_at, rider_id, rider_name, ordered_at, paid_at, changed_at
            FROM order_view WHERE rider_id = ? AND status IN ('COOKED', 'DELIVERY') ORDER BY order_id LIMIT ?
            """, rider, limit
        ) { row in try view(row) }
    }

    /// What waits for a rider, ready longest first.
    /// - Parameters:
    ///   - time: what has been ready since before it is left out.
    ///   - most: how many are looked at.
    static func cooked(readySince time: Timestamp, most: Int, in db: Connection, where isWanted: (OrderView) -> Bool)
        throws -> [OrderView]
    {
        var views: [OrderView] = []
        try db.each(
            """
            SELECT order_id, version, status, customer_id, store_id, store_name, amount, items, address, prep_minutes,
              ready_at, rider_id, rider_name, ordered_at, paid_at, changed_at
            FROM order_view WHERE status = 'COOKED' AND rider_id IS NULL AND changed_at >= ?
            ORDER BY changed_at LIMIT ?
            """, time.milliseconds, most
        ) { row in
            let view = try view(row)
            if isWanted(view) { views.append(view) }
        }
        return views
    }

    private static func view(_ row: borrowing Row) throws -> OrderView {
        guard let status = OrderStatus(rawValue: try row.text(2)) else { throw UnreadableRecord("order_view.status") }
        func time(_ column: Int) throws -> Timestamp? {
            try row.optionalInt(column).map { Timestamp(milliseconds: $0) }
        }
        return OrderView(
            orderID: try row.int(0), version: try row.int(1), status: status, customerID: try row.int(3),
            storeID: try row.int(4), storeName: try row.text(5), amount: try row.int(6), items: try row.text(7),
            address: try row.text(8), prepMinutes: try row.optionalInt(9), readyAt: try time(10),
            riderID: try row.optionalInt(11), riderName: try row.optionalText(12),
            orderedAt: Timestamp(milliseconds: try row.int(13)), paidAt: try time(14),
            changedAt: Timestamp(milliseconds: try row.int(15)))
    }

    // MARK: - Building it again

    /// A row with what only the table knows.
    struct Stored: Equatable {
        let view: OrderView
        let isOpen: Bool

        init(_ view: OrderView, isOpen: Bool? = nil) {
            self.view = view
            self.isOpen = isOpen ?? !view.status.isEnd
        }
    }

    static func row(_ id: Int, in db: Connection) throws -> Stored? {
        guard let view = try find(id, in: db) else { return nil }
        let isOpen = try db.first("SELECT is_open FROM order_view WHERE order_id = ?", id) { row in try row.bool(0) }
        return Stored(view, isOpen: isOpen)
    }

    static func ids(after id: Int, limit: Int, in db: Connection) throws -> [Int] {
        try db.all("SELECT order_id FROM order_view WHERE order_id > ? ORDER BY order_id LIMIT ?", id, limit) { row in
            try row.int(0)
        }
    }

    static func exists(order id: Int, in db: Connection) throws -> Bool {
        try db.exists("SELECT 1 FROM user_order WHERE id = ?", id)
    }

    static func lastEvent(of order: Int, in db: Connection) throws -> [UInt8]? {
        try db.first("SELECT body FROM order_event WHERE order_id = ? ORDER BY version DESC LIMIT 1", order) { row in
            try row.bytes(0)
        }
    }
}
