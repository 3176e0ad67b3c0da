import SQLite

enum StoreRecords {

    static func insert(_ store: Store, in db: Connection) throws -> Int {
        try db.run(
            """
            INSERT INTO store(name, address, status, category, star, thumbnail_url, minimum_amount,
              minimum_delivery_amount, phone_number)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, store.name, store.address, store.status.rawValue, store.category.rawValue, store.star,
            store.thumbnailURL, store.minimumAmount, store.minimumDeliveryAmount, store.phoneNumber)
        return Int(db.lastInsertRowID)
    }

    static func id(name: String, in db: Connection) throws -> Int? {
        try db.first("SELECT id FROM store WHERE name = ?", name) { row in try row.int(0) }
    }

    static func find(_ id: Int, in db: Connection) throws -> Store? {
        try db.first(
            """
            SELECT id, name, address, status, category, star, thumbnail_url, minimum_amount, minimum_delivery_amount,
              phone_number
            FROM store WHERE id = ?
            """, id
        ) { row in try store(row, 0) }
    }

    /// Best star first.
    static func search(_ category: Store.Category?, most: Int, in db: Connection) throws -> [Store] {
        var stores: [Store] = []
        if let category {
            try db.each(
                """
                SELECT id, name, address, status, category, star, thumbnail_url, minimum_amount,
                  minimum_delivery_amount, phone_number
                FROM store WHERE status = 'REGISTERED' AND category = ? ORDER BY star DESC, id LIMIT ?
                """, category.rawValue, most
            ) { row in stores.append(try store(row, 0)) }
        } else {
            try db.each(
                """
                SELECT id, name, address, status, category, star, thumbnail_url, minimum_amount,
                  minimum_delivery_amount, phone_number
                FROM store WHERE status = 'REGISTERED' ORDER BY star DESC, id LIMIT ?
                """, most
            ) { row in stores.append(try store(row, 0)) }
        }
        return stores
    }

    static func store(_ row: borrowing Row, _ first: Int) throws -> Store {
        guard let category = Store.Category(rawValue: try row.text(first + 4)) else {
            throw UnreadableRecord("store.category")
        }
        return Store(
            id: try row.int(first), name: try row.text(first + 1), address: try row.text(first + 2),
            status: Store.Status(rawValue: try row.text(first + 3)) ?? .unregistered, category: category,
            star: try row.double(first + 5), thumbnailURL: try row.text(first + 6),
            minimumAmount: try row.int(first + 7), minimumDeliveryAmount: try row.int(first + 8),
            phoneNumber: try row.text(first + 9))
    }
}

extension Store {
    /// A store that has just registered and has said nothing about itself yet.
    static func new(name: String) -> Store {
        Store(
            id: 0, name: name, address: "", status: .registered, category: .koreanFood, star: 0, thumbnailURL: "",
            minimumAmount: 0, minimumDeliveryAmount: 0, phoneNumber: "")
    }
}
