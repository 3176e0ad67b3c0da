import CSQLite
import Glibc
import Synchronized

extension Database {
    /// Writes a copy of the database as of now to `path`, replacing what is there, while others read and write
    /// (sqlite.org/backup.html). The copy appears complete or not at all.
    ///
    /// It reads one snapshot on a connection and thread of its own, checkpoints nothing, and keeps the write-ahead log
    /// from starting again until it is done.
    package func backup(to path: String, pagesPerStep: Int = 1024) async throws {
        let source = self.path
        let options = configuration.options(queryOnly: true)
        try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Void, any Error>) in
            do {
                try Thread.start("sqlite-backup") {
                    continuation.resume(
                        with: Result {
                            try Backup.run(from: source, options, to: path, Int32(clamping: max(1, pagesPerStep)))
                        })
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}

enum Backup {
    static func run(from source: String, _ options: Connection.Options, to path: String, _ pages: Int32) throws {
        let temporary = path + ".tmp"
        guard unlink(temporary) == 0 || errno == ENOENT else {
            throw SQLiteError.system(.cannotOpen, "replace", temporary, errno: errno)
        }
        do {
            let connection = try Connection(path: source, options)
            try connection.transaction(.deferred) {
                // The first read opens the snapshot, which then serves every step.
                _ = try connection.one("SELECT count(*) FROM sqlite_schema") { try $0.int64(0) }
                try copy(connection.handle, to: temporary, pages)
            }
            connection.close()
            try sync(temporary, O_RDWR)
            guard rename(temporary, path) == 0 else {
                throw SQLiteError.system(.io, "replace", path, errno: errno)
            }
            try sync(folder(of: path), O_RDONLY | O_DIRECTORY)
        } catch {
            unlink(temporary)
            throw error
        }
    }

    private static func copy(_ source: OpaquePointer, to path: String, _ pages: Int32) throws(SQLiteError) {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let result = sqlite3_open_v2(path, &opened, flags, nil)
        defer { sqlite3_close_v2(opened) }
        guard result == SQLITE_OK, let opened else { throw SQLiteError(result, of: opened) }
        delivery_sqlite_flag(opened, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        // The file is synced once, at its end; a copy that was cut off is thrown away.
        sqlite3_exec(opened, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", nil, nil, nil)
        guard let backup = sqlite3_backup_init(opened, "main", source, "main") else {
            throw SQLiteError(sqlite3_errcode(opened), of: opened)
        }
        var step = SQLITE_OK
        while step == SQLITE_OK { step = sqlite3_backup_step(backup, pages) }
        let finished = sqlite3_backup_finish(backup)
        guard step == SQLITE_DONE, finished == SQLITE_OK else {
            throw SQLiteError(step == SQLITE_DONE ? finished : step, of: opened)
        }
    }

    private static func sync(_ path: String, _ flags: Int32) throws(SQLiteError) {
        let descriptor = open(path, flags | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(.cannotOpen, "open", path, errno: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system(.io, "sync", path, errno: errno) }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
