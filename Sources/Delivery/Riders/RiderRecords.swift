import SQLite

/// The rows of riders, and orders as riders see them.
enum RiderRecords {
    static func insert(user id: Int, name: String, area: Area, in db: Connection) throws {
        try db.run(
            "INSERT INTO rider(user_id, name, area_codes) VALUES (?, ?, ?)", id, name,
            String(decoding: try JSON.encode(area.codes), as: UTF8.self))
    }

    static func find(_ user: Int, in db: Connection) throws -> (name: String, area: Area)? {
        try db.first("SELECT name, area_codes FROM rider WHERE user_id = ?", user) { row in
            let codes = try JSON.decode([String].self, Array(try row.text(1).utf8))
            return (try row.text(0), Area(codes))
        }
    }

    static func name(_ id: Int, in db: Connection) throws -> String? {
        try db.first("SELECT name FROM rider WHERE user_id = ?", id) { row in try row.text(0) }
    }

    // MARK: - Orders

    /// Orders that no rider has taken and that lie where a rider delivers, the one that is ready longest first.
    /// - Parameters:
    ///   - time: those that have been ready since before it are left out.
    ///   - most: how many are looked at.
    static func available(
        readySince time: Timestamp, most: Int, in db: Connection, where isInArea: (String) -> Bool, limit: Int
    ) throws -> [Int] {
        var ids: [Int] = []
        try db.each(
            """
            SELECT id, address FROM user_order
            WHERE status = 'COOKED' AND rider_id IS NULL AND status_changed_at >= ?
            ORDER BY status_changed_at LIMIT ?
            """, time.milliseconds, most
        ) { row in
            if ids.count < limit, isInArea(try row.text(1)) { ids.append(try row.int(0)) }
        }
        return ids
    }

    /// Orders that a rider has taken and not delivered yet, the oldest first.
    static func carried(by rider: Int, in db: Connection) throws -> [Int] {
        try db.all(
            """
            SELECT id FROM user_order WHERE rider_id = ? AND rider_id IS NOT NULL AND status IN ('COOKED', 'DELIVERY')
            ORDER BY id
            """, rider
        ) { row in try row.int(0) }
    }

    static func delivered(by rider: Int, since time: Timestamp, in db: Connection) throws -> Int {
        try db.first(
            "SELECT count(*) FROM order_event WHERE action = 'COMPLETE' AND actor_id = ? AND at >= ?", rider,
            time.milliseconds
        ) { row in try row.int(0) } ?? 0
    }

    static func place(of order: Int, in db: Connection) throws -> Riders.Place? {
        try db.first("SELECT status, rider_id, address FROM user_order WHERE id = ?", order) { row in
            Riders.Place(
                status: try status(try row.text(0)), rider: try row.optionalInt(1), address: try row.text(2))
        }
    }

    static func delivery(_ order: Int, in db: Connection) throws -> RiderDelivery? {
        try db.first(
            """
            SELECT o.id, o.status, s.id, s.name, s.address, s.phone_number, o.address,
              (SELECT group_concat(i.name || ' ' || i.quantity, ', ') FROM user_order_item i WHERE i.order_id = o.id),
              o.amount, o.note, o.rider_id, o.status_changed_at,
              (SELECT max(e.at) FROM order_event e WHERE e.order_id = o.id AND e.action = 'FINISH_COOKING')
            FROM user_order o JOIN store s ON s.id = o.store_id WHERE o.id = ?
            """, order
        ) { row in
            RiderDelivery(
                orderID: try row.int(0), status: try status(try row.text(1)),
                store: RiderDelivery.Store(
                    id: try row.int(2), name: try row.text(3), address: try row.text(4),
                    phoneNumber: try row.text(5)), address: try row.text(6), items: try row.optionalText(7) ?? "",
                amount: try row.int(8), note: try row.optionalText(9),
                readySince: Timestamp(milliseconds: try row.optionalInt(12) ?? row.int(11)),
                riderID: try row.optionalInt(10))
        }
    }

    private static func status(_ text: String) throws -> OrderStatus {
        guard let status = OrderStatus(rawValue: text) else { throw UnreadableRecord("user_order.status") }
        return status
    }
}
