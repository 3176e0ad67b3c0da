import SQLite

/// The database file of both services, opened, migrated and, if wanted, filled.
package enum DeliveryDatabase {
    /// - Throws: `SQLiteError`, for example when the path cannot be written or the file is newer than this program.
    package static func open(
        path: String, demoData: Bool, configuration: Configuration = Configuration()
    ) async throws -> Database {
        let database = try Database(path: path, migrations: Schema.migrations, configuration: configuration)
        if demoData { _ = try await database.write { db in try DemoData.fill(db) } }
        return database
    }
}
