import SQLite

enum OrderRecords {
    static func insert(
        _ items: [OrderItem], amount: Int, customer: Int, store: Int, status: OrderStatus, note: String?,
        at time: Timestamp, in db: Connection
    ) throws -> Order {
        try db.run(
            "INSERT INTO user_order(customer_id, store_id, status, amount, ordered_at, note) VALUES (?, ?, ?, ?, ?, ?)",
            customer, store, status.rawValue, amount, time.milliseconds, note)
        let id = Int(db.lastInsertRowID)
        for (position, item) in items.enumerated() {
            try db.run(
                """
                INSERT INTO user_order_item(order_id, position, store_menu_id, name, amount, quantity)
                VALUES (?, ?, ?, ?, ?, ?)
                """, id, position, item.menuID, item.name, item.amount, item.quantity)
        }
        return Order(
            id: id, customerID: customer, storeID: store, status: status, amount: amount, orderedAt: time, note: note,
            acknowledgedAt: nil, items: items)
    }

    // MARK: - Reading

    /// An order, its items and their menus in one query.
    static func detail(_ id: Int, in db: Connection) throws -> OrderDetail? {
        var reader = Reader()
        try db.each(
            """
            SELECT o.id, o.customer_id, o.store_id, o.status, o.amount, o.ordered_at, o.note, o.acknowledged_at,
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

    /// Ids behind `id`, oldest first, up to the first order that is not older than `time`. One that is dated a good while
    /// later comes from a clock that was set back since, and is taken for old: it would hold up the others until then.
    static func page(after id: Int, storedBefore time: Timestamp, limit: Int, in db: Connection) throws -> [Int] {
        var ids: [Int] = []
        var isPast = false
        try db.each("SELECT id, ordered_at FROM user_order WHERE id > ? ORDER BY id LIMIT ?", id, limit) { row in
            let storedAt = try row.int(1)
            isPast = isPast || (storedAt >= time.milliseconds && storedAt < time.milliseconds + 120_000)
            if !isPast { ids.append(try row.int(0)) }
        }
        return ids
    }

    /// - Returns: whether this call was the one that acknowledged it.
    static func acknowledge(_ id: Int, at time: Timestamp, in db: Connection) throws -> Bool {
        try db.run(
            "UPDATE user_order SET acknowledged_at = ? WHERE id = ? AND acknowledged_at IS NULL", time.milliseconds, id
        ) == 1
    }

    /// Puts the rows of the joined queries together: one row an item, the rows of an order in a row.
    struct Reader {
        /// Columns of order, item and menu.
        static let columns = 20

        private var details: [OrderDetail] = []
        private var order: Order?
        private var items: [OrderItem] = []
        private var menus: [Menu] = []

        mutating func take(_ row: borrowing Row) throws {
            let id = try row.int(0)
            if order?.id != id {
                close()
                guard let status = OrderStatus(rawValue: try row.text(3)) else {
                    throw UnreadableRecord("user_order.status")
                }
                order = Order(
                    id: id, customerID: try row.int(1), storeID: try row.int(2), status: status,
                    amount: try row.int(4), orderedAt: Timestamp(milliseconds: try row.int(5)),
                    note: try row.optionalText(6),
                    acknowledgedAt: try row.optionalInt(7).map { Timestamp(milliseconds: $0) }, items: [])
            }
            let item = OrderItem(
                menuID: try row.int(8), name: try row.text(9), amount: try row.int(10), quantity: try row.int(11))
            items.append(item)
            if menus.contains(where: { $0.id == item.menuID }) { return }
            menus.append(try row.isNull(12) ? gone(item) : try MenuRecords.menu(row, 12))
        }

        /// A menu whose row was removed: what the order itself remembers of it.
        private func gone(_ item: OrderItem) -> Menu {
            Menu(
                id: item.menuID, storeID: order?.storeID ?? 0, name: item.name, amount: item.amount,
                status: .unregistered, thumbnailURL: "", likeCount: 0, sequence: 0)
        }

        private mutating func close() {
            if let order { details.append(OrderDetail(order: order.with(items), menus: menus)) }
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
        static let customerOpen = make("customer_id", "closed_at IS NULL", hidden: [])
        static let customerClosed = make("customer_id", "closed_at IS NOT NULL", hidden: [])
        static let storeOpen = make("store_id", "closed_at IS NULL", hidden: hiddenFromStore)
        static let storeClosed = make("store_id", "closed_at IS NOT NULL", hidden: hiddenFromStore)

        private static let hiddenFromStore = OrderStatus.allCases.filter { !$0.isVisibleToStore }

        private static func make(_ owner: String, _ filter: String, hidden: [OrderStatus]) -> SQL {
            let hidden = hidden.map { "'\($0.rawValue)'" }.joined(separator: ", ")
            return SQL(
                unchecked: """
                    SELECT o.id, o.customer_id, o.store_id, o.status, o.amount, o.ordered_at, o.note, o.acknowledged_at,
                      i.store_menu_id, i.name, i.amount, i.quantity,
                      m.id, m.store_id, m.name, m.amount, m.status, m.thumbnail_url, m.like_count, m.sequence,
                      s.id, s.name, s.address, s.status, s.category, s.star, s.thumbnail_url, s.minimum_amount,
                      s.minimum_delivery_amount, s.phone_number
                    FROM user_order o
                    JOIN user_order_item i ON i.order_id = o.id
                    JOIN store s ON s.id = o.store_id
                    LEFT JOIN store_menu m ON m.id = i.store_menu_id
                    WHERE o.\(owner) = ?1 AND o.\(filter) AND o.status NOT IN (\(hidden)) AND o.id < ?2 AND o.id >= ifnull((
                      SELECT id FROM user_order
                      WHERE \(owner) = ?1 AND \(filter) AND status NOT IN (\(hidden)) AND id < ?2
                      ORDER BY id DESC LIMIT 1 OFFSET ?3), 0)
                    ORDER BY o.id DESC, i.position
                    """)
        }
    }

    /// The greatest id of an order; 0 for none.
    static func youngest(in db: Connection) throws -> Int {
        try db.first("SELECT id FROM user_order ORDER BY id DESC LIMIT 1") { row in try row.int(0) } ?? 0
    }
}
