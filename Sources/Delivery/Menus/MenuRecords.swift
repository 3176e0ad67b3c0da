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

    static func find(_ id: Int, in db: Connection) throws -> Menu? {
        try db.first(
            """
            SELECT id, store_id, name, amount, status, thumbnail_url, like_count, sequence
            FROM store_menu WHERE id = ?
            """, id
        ) { row in try menu(row, 0) }
    }

    static func onSale(store id: Int, in db: Connection) throws -> [Menu] {
        var menus: [Menu] = []
        try db.each(
            """
            SELECT id, store_id, name, amount, status, thumbnail_url, like_count, sequence
            FROM store_menu WHERE store_id = ? AND status = 'REGISTERED' ORDER BY sequence, id
            """, id
        ) { row in menus.append(try menu(row, 0)) }
        return menus
    }

    static func menu(_ row: borrowing Row, _ first: Int) throws -> Menu {
        Menu(
            id: try row.int(first), storeID: try row.int(first + 1), name: try row.text(first + 2),
            amount: try row.int(first + 3), status: Menu.Status(rawValue: try row.text(first + 4)) ?? .unregistered,
            thumbnailURL: try row.text(first + 5), likeCount: try row.int(first + 6),
            sequence: try row.int(first + 7))
    }
}
