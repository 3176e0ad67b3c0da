import SQLite

/// Looks into the database file, through SQLite and without changing it.
struct ChaosDatabase {
    private let connection: Connection

    init(_ path: String) throws {
        connection = try Connection(path: path, Connection.Options(.readOnly))
    }

    func close() { connection.close() }

    func outboxCount() throws -> Int { try connection.one("SELECT count(*) FROM outbox") { try $0.int(0) } }

    /// Processes of `api` that are alive or have left something.
    func instanceCount() throws -> Int {
        try connection.one("SELECT count(*) FROM instance WHERE service = 'api'") { try $0.int(0) }
    }

    /// Events of new orders in the log of a store.
    func loggedCount(store: Int) throws -> Int {
        try connection.one(
            "SELECT count(*) FROM feed_event WHERE topic = ? AND new_order_id IS NOT NULL", "store/\(store)"
        ) { try $0.int(0) }
    }

    func orderCount() throws -> Int { try connection.one("SELECT count(*) FROM user_order") { try $0.int(0) } }

    func stored() throws -> [ChaosAudit.Stored] {
        try connection.all("SELECT id, store_id, note FROM user_order ORDER BY id") { row in
            let note = try row.optionalText(2) ?? ""
            let number = note.hasPrefix("chaos ") ? Int(note.dropFirst("chaos ".count)) : nil
            return ChaosAudit.Stored(order: try row.int(0), store: try row.int(1), number: number)
        }
    }

    func log(store: Int) throws -> [ChaosAudit.Event] {
        try connection.all(
            "SELECT id, new_order_id FROM feed_event WHERE topic = ? AND new_order_id IS NOT NULL ORDER BY id",
            "store/\(store)"
        ) { ChaosAudit.Event(id: try $0.int(0), order: try $0.int(1)) }
    }

    /// What is wrong with the file; empty if nothing is.
    func damage() throws -> [String] {
        let found = try connection.all("PRAGMA integrity_check(100)") { try $0.text(0) }
        let orphans = try connection.all("PRAGMA foreign_key_check") { "row of \(try $0.text(0)) without parent" }
        return (found == ["ok"] ? [] : found) + orphans
    }
}
