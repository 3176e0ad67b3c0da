import SQLite

enum MenuRecords {
    static func insert(_ menu: Menu, in db: Connection) throws {
        try db.run(
            """
            INSERT INTO store_menu(store_id, name, amount, status, thumbnail_url, like_count, sequence)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """, menu.storeID, menu.name, menu.amount, menu.status.rawValue, menu.thumbnailURL, menu.likeCount,
            menu.sequence)
    }

    static func offered(_ id: Int, at now: Timestamp, in db: Connection) throws -> OfferedMenu? {
        try db.first(
            """
            SELECT id, store_id, name, amount, status, thumbnail_url, like_count, sequence, sold_out_until
            FROM store_menu WHERE id = ?
            """, id
        ) { row in try offered(row, at: now) }
    }

    /// The menus that a store sells, also those that are sold out.
    static func offered(store id: Int, at now: Timestamp, in db: Connection) throws -> [OfferedMenu] {
        try db.all(
            """
            SELECT id, store_id, name, amount, status, thumbnail_url, like_count, sequence, sold_out_until
            FROM store_menu WHERE store_id = ? AND status = 'REGISTERED' ORDER BY sequence, id
            """, id
        ) { row in try offered(row, at: now) }
    }

    private static func offered(_ row: borrowing Row, at now: Timestamp) throws -> OfferedMenu {
        OfferedMenu(menu: try menu(row, 0), soldOutUntil: Availability.current(try row.optionalInt(8), at: now))
    }

    static func setSoldOut(_ id: Int, until time: Timestamp?, in db: Connection) throws {
        try db.run("UPDATE store_menu SET sold_out_until = ? WHERE id = ?", time?.milliseconds, id)
    }

    static func menu(_ row: borrowing Row, _ first: Int) throws -> Menu {
        Menu(
            id: try row.int(first), storeID: try row.int(first + 1), name: try row.text(first + 2),
            amount: try row.int(first + 3), status: Menu.Status(rawValue: try row.text(first + 4)) ?? .unregistered,
            thumbnailURL: try row.text(first + 5), likeCount: try row.int(first + 6),
            sequence: try row.int(first + 7))
    }
}
