import Dispatch
import SQLite
import Synchronized

/// The database file of both services, opened, migrated and, if wanted, filled.
package enum DeliveryDatabase {
    /// - Throws: `SQLiteError`, for example when the path cannot be written or the file is newer than this program.
    package static func open(
        path: String, demoData: Bool, configuration: Configuration = Configuration()
    ) async throws -> Database {
        // It waits for another process that migrates, and reads the disk: not on an event loop.
        let database = try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global(qos: .userInitiated).async {
                continuation.resume(
                    with: Result {
                        try Database(path: path, migrations: Schema.migrations, configuration: configuration)
                    })
            }
        }
        if demoData { _ = try await database.write { db in try DemoData.fill(db) } }
        return database
    }
}
