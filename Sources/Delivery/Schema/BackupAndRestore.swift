import SQLite

extension DeliveryDatabase {
    /// What was copied.
    package struct BackupReport: Sendable, CustomStringConvertible {
        package let source: String
        package let file: String
        package let octets: Int
        package let version: Int
        package let youngestOrder: Int

        package var description: String {
            "backed up \(source) to \(file): \(octets) octets, schema version \(version), "
                + "orders up to \(youngestOrder), checked"
        }
    }

    /// Copies the database to a new file; services may run on it. Blocks its thread.
    /// - Throws: `SQLiteError`, for example when the file is there already.
    package static func backUp(_ path: String, to file: String) throws -> BackupReport {
        var youngest = 0
        let outcome = try Backup.run(from: path, to: file, replaces: false) { db, version in
            guard version > 0 else { throw SQLiteError(.notADatabase, "\(path) has no tables of this program") }
            youngest = try OrderRecords.youngest(in: db)
        }
        return BackupReport(
            source: outcome.source, file: file, octets: outcome.octets, version: outcome.version,
            youngestOrder: youngest)
    }

    /// What was restored.
    package struct RestoreReport: Sendable, CustomStringConvertible {
        package let file: String
        package let path: String
        package let octets: Int
        package let version: Int
        package let youngestOrder: Int
        package let firstNewOrder: Int
        package let aside: String?

        package var description: String {
            "restored \(path) from \(file): \(octets) octets, schema version \(version), orders up to \(youngestOrder), "
                + "new ones from \(firstNewOrder) on; "
                + (aside.map { "the old file is \($0)" } ?? "there was no file before")
        }
    }

    /// Puts a backup into the place of the database. No service may run on it. Blocks its thread.
    ///
    /// No id that was given out after the backup is used again, and every event stream that knows an older place in the
    /// log is told to start anew: see `RestoredIDs`.
    package static func restore(
        _ file: String, over path: String, observer: (Restore.Step) -> Void = { _ in }
    ) throws -> RestoreReport {
        var youngest = 0
        var first = 0
        let outcome = try Restore.run(
            file, over: path, newest: Schema.migrations.last?.version ?? 0, observer: observer
        ) { copy, old in
            youngest = try OrderRecords.youngest(in: copy)
            first = try RestoredIDs.moveUp(copy, old: old)
        }
        return RestoreReport(
            file: file, path: outcome.path, octets: outcome.octets, version: Int(outcome.version),
            youngestOrder: youngest, firstNewOrder: first, aside: outcome.aside)
    }
}

/// Ids after a restore. What was given out between the backup and the restore is known outside: to customers, in messages
/// that the broker still has, in the pages of stores. So none of those ids may come to mean something else.
enum RestoredIDs {
    /// More than are given out between a backup and its restore: at 1,000 orders a second, those of a day.
    static let step = 100_000_000

    /// Moves every AUTOINCREMENT sequence up, and marks the log as pruned up to there, so that a stream with an older
    /// cursor gets a reset.
    /// - Parameter old: the database that is replaced, if it can be read; its ids count too.
    /// - Returns: the first id that a new order can have.
    static func moveUp(_ db: Connection, old: Connection?) throws -> Int {
        let before = old.flatMap { try? sequences(in: $0) } ?? [:]
        let present = try sequences(in: db)
        var moved: [String: Int] = [:]
        for table in try tables(in: db) {
            let (value, isTooGreat) = max(present[table] ?? 0, before[table] ?? 0).addingReportingOverflow(step)
            // JSON's numbers end there for browsers (RFC 8259, section 6).
            guard !isTooGreat, value < 1 << 53 else { throw SQLiteError(.tooBig, "the ids of \(table) are used up") }
            try db.run("DELETE FROM sqlite_sequence WHERE name = ?", table)
            try db.run("INSERT INTO sqlite_sequence(name, seq) VALUES (?, ?)", table, value)
            moved[table] = value
        }
        guard let feed = moved["feed_event"], let orders = moved["user_order"] else {
            throw SQLiteError(.notADatabase, "the file has no tables of this program")
        }
        try Feed.markPruned(upTo: feed, in: db)
        return orders + 1
    }

    private static func sequences(in db: Connection) throws -> [String: Int] {
        var values: [String: Int] = [:]
        try db.each("SELECT name, seq FROM sqlite_sequence") { row in values[try row.text(0)] = try row.int(1) }
        return values
    }

    private static func tables(in db: Connection) throws -> [String] {
        try db.all("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'") { row in
            try row.text(0)
        }
    }
}
