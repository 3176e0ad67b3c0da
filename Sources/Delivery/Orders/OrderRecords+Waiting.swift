import SQLite

extension OrderRecords {
    /// Ids of a store's open orders behind `id`, oldest first.
    static func open(store: Int, after id: Int, limit: Int, in db: Connection) throws -> [Int] {
        try db.all(
            """
            SELECT id FROM user_order
            WHERE store_id = ? AND closed_at IS NULL AND paid_at IS NOT NULL AND id > ? ORDER BY id LIMIT ?
            """, store, id, limit
        ) { row in try row.int(0) }
    }
}
