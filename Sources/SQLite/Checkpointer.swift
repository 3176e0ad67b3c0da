import CSQLite

/// Decides when the write-ahead log is copied into the database file, and does it, on a connection of its own.
///
/// After a complete checkpoint the next commit starts the log again at its beginning, unless a reader still uses it
/// (sqlite.org/wal.html, section 2.2). If that fails, the log grows on and the next attempt follows after a quarter of
/// the threshold.
final class Checkpointer {
    private let connection: Connection
    private let threshold: Int
    private var nextAt: Int
    private var lastPages = 0

    init(_ connection: Connection, threshold: Int) {
        self.connection = connection
        self.threshold = max(1, threshold)
        nextAt = self.threshold
    }

    func close() { connection.close() }

    /// `pages`: size of the log after the last commit.
    func isDue(_ pages: Int) -> Bool {
        // Shorter than before: it was restarted.
        if pages < lastPages { nextAt = threshold }
        lastPages = pages
        return pages >= nextAt
    }

    func isLate(_ pages: Int) -> Bool { pages / 2 >= threshold }

    /// Until the log is restarted, attempts are a quarter of the threshold apart.
    func postpone() { nextAt = max(threshold, lastPages + threshold / 4 + 1) }

    /// The caller holds SQLite's write lock on another connection.
    func run() throws(SQLiteError) -> Checkpoint {
        var pages: Int32 = -1
        var copied: Int32 = -1
        let result = sqlite3_wal_checkpoint_v2(
            connection.handle, "main", SQLITE_CHECKPOINT_PASSIVE, &pages, &copied)
        guard result == SQLITE_OK else {
            throw SQLiteError(result, of: connection.handle)
        }
        let checkpoint = Checkpoint(logPages: Int(max(0, pages)), copiedPages: Int(max(0, copied)))
        lastPages = checkpoint.logPages
        postpone()
        return checkpoint
    }
}
