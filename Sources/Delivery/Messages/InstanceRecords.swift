import SQLite

enum InstanceRecords {
    static func insert(_ service: String, at time: Timestamp, in db: Connection) throws -> Int {
        try db.run("INSERT INTO instance(service, started_at) VALUES (?, ?)", service, time.milliseconds)
        return Int(db.lastInsertRowID)
    }

    static func delete(_ id: Int, in db: Connection) throws {
        try db.run("DELETE FROM instance WHERE id = ?", id)
    }

    /// Every instance that has not ended in order, and every one that rows of the outbox name.
    static func ids(in db: Connection) throws -> Set<Int> {
        var ids: Set<Int> = []
        var next = try after(-1, in: db)
        while let id = next {
            ids.insert(id)
            next = try after(id, in: db)
        }
        return ids
    }

    private static func after(_ id: Int, in db: Connection) throws -> Int? {
        let registered = try db.first("SELECT id FROM instance WHERE id > ? ORDER BY id LIMIT 1", id) { try $0.int(0) }
        // From one instance to the next, however many rows each has.
        let named = try db.first(
            "SELECT instance_id FROM outbox WHERE instance_id > ? ORDER BY instance_id LIMIT 1", id
        ) { try $0.int(0) }
        guard let registered, let named else { return registered ?? named }
        return min(registered, named)
    }

    static func hasRows(_ id: Int, in db: Connection) throws -> Bool {
        try db.first("SELECT 1 FROM outbox WHERE instance_id = ? LIMIT 1", id) { _ in true } ?? false
    }
}
