/// One step of the schema. Versions count up from 1 in a list, and are kept in the file as `user_version`.
package struct Migration: Sendable {
    package let version: Int32
    let change: @Sendable (Connection) throws -> Void

    package init(_ version: Int32, _ change: @escaping @Sendable (Connection) throws -> Void) {
        self.version = version
        self.change = change
    }

    package init(_ version: Int32, script: String) {
        self.init(version) { try $0.execute(script: script) }
    }

    /// Applies what the file lacks, all in one transaction, or nothing. The caller holds the lock between processes.
    /// Foreign keys are not enforced meanwhile, so that tables can be rebuilt (sqlite.org/lang_altertable.html), but
    /// are checked as a whole before the commit.
    static func apply(_ migrations: [Migration], to connection: Connection) throws {
        for (earlier, later) in zip(migrations, migrations.dropFirst()) where later.version <= earlier.version {
            throw SQLiteError(.misuse, "migration \(later.version) comes after \(earlier.version)")
        }
        guard let last = migrations.last else { return }
        guard migrations.allSatisfy({ $0.version > 0 }) else {
            throw SQLiteError(.misuse, "the version of a migration must be positive")
        }
        let present = try connection.one("PRAGMA user_version") { try $0.int64(0) }
        guard present <= last.version else {
            throw SQLiteError(
                .schemaTooNew,
                "the database has schema version \(present), this program knows only up to \(last.version)")
        }
        guard present < last.version else { return }

        try connection.run("PRAGMA foreign_keys=OFF")
        defer { _ = try? connection.run("PRAGMA foreign_keys=ON") }
        try connection.transaction(.immediate) {
            for migration in migrations where migration.version > present {
                try migration.change(connection)
            }
            let violation = try connection.first("PRAGMA foreign_key_check") { try $0.text(0) }
            if let violation {
                throw SQLiteError(.constraint, "the migration leaves rows of \(violation) without their parent")
            }
            try connection.execute(script: "PRAGMA user_version=\(last.version)")
        }
    }
}
