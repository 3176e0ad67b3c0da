import SQLite

enum RiderRecords {
    static func name(_ id: Int, in db: Connection) throws -> String? {
        try db.first("SELECT name FROM rider WHERE user_id = ?", id) { row in try row.text(0) }
    }
}
