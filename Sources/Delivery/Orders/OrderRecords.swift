import SQLite

enum OrderRecords {
    /// Stores a new order with its items.
    /// - Returns: it, with its id.
    static func insert(_ order: NewOrder, deadline: Timestamp?, in db: Connection) throws -> Order {
        let paidAt = order.status == .order ? order.orderedAt : nil
        try db.run(
            """
            INSERT INTO user_order(customer_id, store_id, status, amount, ordered_at, note, address, status_changed_at,
              paid_at, deadline_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, order.customer, order.store, order.status.rawValue, order.amount, order.orderedAt.milliseconds,
            order.note, order.address, order.orderedAt.milliseconds, paidAt?.milliseconds, deadline?.milliseconds)
        let id = Int(db.lastInsertRowID)
        for (position, item) in order.items.enumerated() {
            try db.run(
                """
                INSERT INTO user_order_item(order_id, position, store_menu_id, name, amount, quantity)
                VALUES (?, ?, ?, ?, ?, ?)
                """, id, position, item.menuID, item.name, item.amount, item.quantity)
        }
        return Order(
            id: id, customerID: order.customer, storeID: order.store, status: order.status, amount: order.amount,
            orderedAt: order.orderedAt, note: order.note, address: order.address, statusChangedAt: order.orderedAt,
            paidAt: paidAt, items: order.items)
    }

    struct NewOrder {
        let customer: Int
        let store: Int
        let status: OrderStatus
        let items: [OrderItem]
        let amount: Int
        let note: String?
        let address: String
        let orderedAt: Timestamp
    }

    /// Writes what a change may change, if nobody else has changed the order since it was read.
    ///
    /// SQLite writes each index anew that has a column of the SET list in its key or its condition, also when the value stays
    /// the same. Most of them stay as they are in most changes, and with many orders each is a page of its own.
    /// - Returns: whether nobody has.
    static func update(
        _ order: Order, from before: Order, deadline: Timestamp?, in db: Connection
    ) throws -> Bool {
        guard order.paidAt == before.paidAt, order.riderID == before.riderID else {
            return try updateAll(order, from: before.version, deadline: deadline, in: db)
        }
        if order.closedAt == before.closedAt {
            return try db.run(
                """
                UPDATE user_order SET status = ?, version = ?, status_changed_at = ?, prep_minutes = ?, ready_at = ?,
                  reason = ?, reason_note = ?, acknowledged_at = ?, deadline_at = ?
                WHERE id = ? AND version = ?
                """, order.status.rawValue, order.version, order.statusChangedAt.milliseconds, order.prepMinutes,
                order.readyAt?.milliseconds, order.reason?.rawValue, order.reasonNote,
                order.acknowledgedAt?.milliseconds, deadline?.milliseconds, order.id, before.version) == 1
        }
        return try db.run(
            """
            UPDATE user_order SET status = ?, version = ?, status_changed_at = ?, prep_minutes = ?, ready_at = ?,
              reason = ?, reason_note = ?, acknowledged_at = ?, deadline_at = ?, closed_at = ?
            WHERE id = ? AND version = ?
            """, order.status.rawValue, order.version, order.statusChangedAt.milliseconds, order.prepMinutes,
            order.readyAt?.milliseconds, order.reason?.rawValue, order.reasonNote, order.acknowledgedAt?.milliseconds,
            deadline?.milliseconds, order.closedAt?.milliseconds, order.id, before.version) == 1
    }

    private static func updateAll(
        _ order: Order, from version: Int, deadline: Timestamp?, in db: Connection
    ) throws -> Bool {
        try db.run(
            """
            UPDATE user_order SET status = ?, version = ?, status_changed_at = ?, paid_at = ?, prep_minutes = ?,
              ready_at = ?, reason = ?, reason_note = ?, rider_id = ?, closed_at = ?, acknowledged_at = ?, deadline_at = ?
            WHERE id = ? AND version = ?
            """, order.status.rawValue, order.version, order.statusChangedAt.milliseconds, order.paidAt?.milliseconds,
            order.prepMinutes, order.readyAt?.milliseconds, order.reason?.rawValue, order.reasonNote, order.riderID,
            order.closedAt?.milliseconds, order.acknowledgedAt?.milliseconds, deadline?.milliseconds, order.id, version
        ) == 1
    }

    /// Orders that the system changes next, those that are due longest first.
    static func due(at time: Timestamp, limit: Int, in db: Connection) throws -> [Int] {
        try db.all(
            "SELECT id FROM user_order WHERE deadline_at <= ? ORDER BY deadline_at LIMIT ?", time.milliseconds, limit
        ) { row in try row.int(0) }
    }

    static func deadline(_ id: Int, in db: Connection) throws -> (OrderStatus, Timestamp?)? {
        try db.first("SELECT status, deadline_at FROM user_order WHERE id = ?", id) { row in
            (try status(row.text(0)), try row.optionalInt(1).map { Timestamp(milliseconds: $0) })
        }
    }

    static func status(_ id: Int, in db: Connection) throws -> OrderStatus? {
        try db.first("SELECT status FROM user_order WHERE id = ?", id) { row in try status(row.text(0)) }
    }

    private static func status(_ text: String) throws -> OrderStatus {
        guard let status = OrderStatus(rawValue: text) else { throw UnreadableRecord("user_order.status") }
        return status
    }

    /// What reconciliation looks at.
    static func money(
        _ id: Int, in db: Connection
    ) throws -> (status: OrderStatus, isPaid: Bool, amount: Int, changedAt: Timestamp)? {
        try db.first("SELECT status, paid_at, amount, status_changed_at FROM user_order WHERE id = ?", id) { row in
            (
                try status(row.text(0)), try !row.isNull(1), try row.int(2),
                Timestamp(milliseconds: try row.int(3))
            )
        }
    }

    /// Ids behind `id`, oldest first.
    static func page(after id: Int, limit: Int, in db: Connection) throws -> [Int] {
        try db.all("SELECT id FROM user_order WHERE id > ? ORDER BY id LIMIT ?", id, limit) { row in try row.int(0) }
    }

    // MARK: - Reading

    /// An order, its items and their menus in one query.
    static func detail(_ id: Int, in db: Connection) throws -> OrderDetail? {
        var reader = Reader()
        try db.each(
            """
            SELECT o.id, o.customer_id, o.store_id, o.status, o.amount, o.ordered_at, o.note, o.acknowledged_at,
              o.address, o.version, o.status_changed_at, o.paid_at, o.prep_minutes, o.ready_at, o.reason, o.reason_note,
              o.rider_id, o.closed_at,
              i.store_menu_id, i.name, i.amount, i.quantity,
              m.id, m.store_id, m.name, m.amount, m.status, m.thumbnail_url, m.like_count, m.sequence
            FROM user_order o
            JOIN user_order_item i ON i.order_id = o.id
            LEFT JOIN store_menu m ON m.id = i.store_menu_id
            WHERE o.id = ? ORDER BY i.position
            """, id
        ) { row in try reader.take(row) }
        return reader.finish().first
    }

    enum Owner {
        case customer(Int)
        case store(Int)
    }

    /// A page of an owner's orders with their stores, newest first, in one query; open or closed ones. A store gets only
    /// those that are visible to it.
    static func list(
        _ owner: Owner, isOpen: Bool, before: Int?, limit: Int, in db: Connection
    ) throws -> [OrderListEntry] {
        let sql: SQL
        let ownerID: Int
        switch (owner, isOpen) {
        case (.customer(let id), true): (sql, ownerID) = (Lists.customerOpen, id)
        case (.customer(let id), false): (sql, ownerID) = (Lists.customerClosed, id)
        case (.store(let id), true): (sql, ownerID) = (Lists.storeOpen, id)
        case (.store(let id), false): (sql, ownerID) = (Lists.storeClosed, id)
        }
        var reader = Reader()
        var stores: [Int: Store] = [:]
        try db.each(sql, ownerID, before ?? Int.max, limit - 1) { row in
            let storeID = try row.int(2)
            if stores[storeID] == nil { stores[storeID] = try StoreRecords.store(row, Reader.columns) }
            try reader.take(row)
        }
        return reader.finish().compactMap { detail in
            stores[detail.order.storeID].map { OrderListEntry(order: detail.order, store: $0, menus: detail.menus) }
        }
    }

    static func entry(_ id: Int, in db: Connection) throws -> OrderListEntry? {
        guard let detail = try detail(id, in: db), let store = try StoreRecords.find(detail.order.storeID, in: db)
        else { return nil }
        return OrderListEntry(order: detail.order, store: store, menus: detail.menus)
    }

    static func owner(_ id: Int, in db: Connection) throws -> (customer: Int, store: Int, isPaid: Bool)? {
        try db.first("SELECT customer_id, store_id, paid_at FROM user_order WHERE id = ?", id) { row in
            (try row.int(0), try row.int(1), try !row.isNull(2))
        }
    }

    /// - Returns: whether this call was the one that acknowledged it.
    static func acknowledge(_ id: Int, at time: Timestamp, in db: Connection) throws -> Bool {
        try db.run(
            "UPDATE user_order SET acknowledged_at = ? WHERE id = ? AND acknowledged_at IS NULL", time.milliseconds, id
        ) == 1
    }

    /// The order's own columns; without items.
    private static func order(_ row: borrowing Row) throws -> Order {
        guard let status = OrderStatus(rawValue: try row.text(3)) else { throw UnreadableRecord("user_order.status") }
        func time(_ column: Int) throws -> Timestamp? {
            try row.optionalInt(column).map { Timestamp(milliseconds: $0) }
        }
        return Order(
            id: try row.int(0), customerID: try row.int(1), storeID: try row.int(2), status: status,
            amount: try row.int(4), orderedAt: Timestamp(milliseconds: try row.int(5)), note: try row.optionalText(6),
            address: try row.text(8), version: try row.int(9),
            statusChangedAt: Timestamp(milliseconds: try row.int(10)), paidAt: try time(11),
            acknowledgedAt: try time(7), prepMinutes: try row.optionalInt(12), readyAt: try time(13),
            reason: try row.optionalText(14).flatMap { RejectReason(rawValue: $0) },
            reasonNote: try row.optionalText(15), riderID: try row.optionalInt(16), closedAt: try time(17), items: [])
    }

    /// Puts the rows of the joined queries together: one row an item, the rows of an order in a row.
    struct Reader {
        /// Columns of order, item and menu.
        static let columns = 30

        private var details: [OrderDetail] = []
        private var order: Order?
        private var items: [OrderItem] = []
        private var menus: [Menu] = []

        mutating func take(_ row: borrowing Row) throws {
            if try order?.id != row.int(0) {
                close()
                order = try OrderRecords.order(row)
            }
            let item = OrderItem(
                menuID: try row.int(18), name: try row.text(19), amount: try row.int(20), quantity: try row.int(21))
            items.append(item)
            if menus.contains(where: { $0.id == item.menuID }) { return }
            menus.append(try row.isNull(22) ? gone(item) : try MenuRecords.menu(row, 22))
        }

        /// A menu whose row was removed: what the order itself remembers of it.
        private func gone(_ item: OrderItem) -> Menu {
            Menu(
                id: item.menuID, storeID: order?.storeID ?? 0, name: item.name, amount: item.amount,
                status: .unregistered, thumbnailURL: "", likeCount: 0, sequence: 0)
        }

        private mutating func close() {
            if var order {
                order.items = items
                details.append(OrderDetail(order: order, menus: menus))
            }
            items = []
            menus = []
        }

        mutating func finish() -> [OrderDetail] {
            close()
            order = nil
            return details
        }
    }

    /// The four lists differ in their filter only, which must stand in the text so that its partial index is used. A page
    /// ends at the id of its last order, found first: so the rows come out of the indexes in order and nothing is sorted.
    enum Lists {
        static let customerOpen = make("o.customer_id = ?1 AND o.closed_at IS NULL")
        static let customerClosed = make("o.customer_id = ?1 AND o.closed_at IS NOT NULL")
        static let storeOpen = make("o.store_id = ?1 AND o.closed_at IS NULL AND o.paid_at IS NOT NULL")
        static let storeClosed = make("o.store_id = ?1 AND o.closed_at IS NOT NULL AND o.paid_at IS NOT NULL")

        private static func make(_ condition: String) -> SQL {
            SQL(
                unchecked: """
                    SELECT o.id, o.customer_id, o.store_id, o.status, o.amount, o.ordered_at, o.note, o.acknowledged_at,
                      o.address, o.version, o.status_changed_at, o.paid_at, o.prep_minutes, o.ready_at, o.reason, o.reason_note,
                      o.rider_id, o.closed_at,
                      i.store_menu_id, i.name, i.amount, i.quantity,
                      m.id, m.store_id, m.name, m.amount, m.status, m.thumbnail_url, m.like_count, m.sequence,
                      s.id, s.name, s.address, s.status, s.category, s.star, s.thumbnail_url, s.minimum_amount,
                      s.minimum_delivery_amount, s.phone_number
                    FROM user_order o
                    JOIN user_order_item i ON i.order_id = o.id
                    JOIN store s ON s.id = o.store_id
                    LEFT JOIN store_menu m ON m.id = i.store_menu_id
                    WHERE \(condition) AND o.id < ?2 AND o.id >= ifnull((
                      SELECT o.id FROM user_order o
                      WHERE \(condition) AND o.id < ?2
                      ORDER BY o.id DESC LIMIT 1 OFFSET ?3), 0)
                    ORDER BY o.id DESC, i.position
                    """)
        }
    }

    /// The greatest id of an order; 0 for none.
    static func youngest(in db: Connection) throws -> Int {
        try db.first("SELECT id FROM user_order ORDER BY id DESC LIMIT 1") { row in try row.int(0) } ?? 0
    }
}
