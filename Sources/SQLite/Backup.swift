import CSQLite
import Glibc
import Synchronized

extension Database {
    /// Writes a copy of the database as of now to `path`, replacing what is there, while others read and write
    /// (sqlite.org/backup.html). The copy appears complete and checked, or not at all.
    ///
    /// It reads one snapshot on a connection and thread of its own, checkpoints nothing, and keeps the write-ahead log
    /// from starting again until it is done.
    package func backup(to path: String, pagesPerStep: Int = 1024) async throws {
        let source = self.path
        try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Void, any Error>) in
            do {
                try Thread.start("sqlite-backup") {
                    continuation.resume(
                        with: Result {
                            _ = try Backup.run(from: source, to: path, replaces: true, pagesPerStep: pagesPerStep)
                        })
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}

/// A copy of a database in one file, which needs no log beside it.
package enum Backup {
    package struct Outcome: Sendable {
        /// The database's path without links.
        package let source: String
        package let octets: Int
        /// `user_version`: 0 in a file that no migration has been through.
        package let version: Int
    }

    /// Copies one snapshot of a database that others may be using, checks the copy, and gives it its name.
    ///
    /// The file belongs to its owner alone (mode 0600). Blocks its thread.
    ///
    /// - Parameters:
    ///   - replaces: whether a file of that name may be there, and is replaced.
    ///   - inspect: is given the snapshot and its schema version; what it throws ends the backup.
    package static func run(
        from database: String, to path: String, replaces: Bool, pagesPerStep: Int = 1024,
        inspect: (Connection, Int) throws -> Void = { _, _ in }
    ) throws -> Outcome {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw SQLiteError(.cannotOpen, "not a file name") }
        if !replaces, FileState(path) != nil { throw taken(path) }
        let source = try FilePath.resolve(database)
        guard let present = FileState(source), present.kind == .regular else {
            throw SQLiteError(.cannotOpen, "\(source) is \(FileState(source)?.kind.rawValue ?? "not there")")
        }
        let use = try UseLock.shared(source)
        defer { use.release() }
        let temporary = "\(path).tmp-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        defer { FilePath.remove(database: temporary) }
        var options = Connection.Options(.readWrite)
        options.queryOnly = true
        let connection = try Connection(path: source, options)
        defer { connection.close() }
        let version = try connection.transaction(.deferred) {
            // The first read opens the snapshot, which then serves every step.
            let version = try connection.one("PRAGMA user_version") { try $0.int(0) }
            try inspect(connection, version)
            try copy(connection.handle, to: temporary, Int32(clamping: max(1, pagesPerStep)))
            return version
        }
        try makeSingleFile(temporary)
        chmod(temporary, 0o600)
        try FilePath.sync(temporary, O_RDWR)
        let size = FileState(temporary)?.size ?? 0
        if replaces {
            try FilePath.rename(temporary, to: path)
        } else {
            // Unlike rename(2) it never replaces.
            guard link(temporary, path) == 0 else {
                throw errno == EEXIST ? taken(path) : .system(.io, "create", path, errno: errno)
            }
        }
        try FilePath.syncFolder(of: path)
        return Outcome(source: source, octets: size, version: version)
    }

    private static func taken(_ path: String) -> SQLiteError {
        SQLiteError(.cannotOpen, "\(path) is there already; a backup replaces nothing")
    }

    static func copy(_ source: OpaquePointer, to path: String, _ pages: Int32) throws(SQLiteError) {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let result = sqlite3_open_v2(path, &opened, flags, nil)
        defer { sqlite3_close_v2(opened) }
        guard result == SQLITE_OK, let opened else { throw describe(SQLiteError(result, of: opened), path) }
        delivery_sqlite_flag(opened, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        // The file is synced once, at its end; a copy that was cut off is thrown away.
        sqlite3_exec(opened, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", nil, nil, nil)
        guard let backup = sqlite3_backup_init(opened, "main", source, "main") else {
            throw describe(SQLiteError(sqlite3_errcode(opened), of: opened), path)
        }
        var step = SQLITE_OK
        while step == SQLITE_OK { step = sqlite3_backup_step(backup, pages) }
        let finished = sqlite3_backup_finish(backup)
        guard step == SQLITE_DONE, finished == SQLITE_OK else {
            throw describe(SQLiteError(step == SQLITE_DONE ? finished : step, of: opened), path)
        }
    }

    private static func describe(_ error: SQLiteError, _ path: String) -> SQLiteError {
        var error = error
        error.message += ": \(path)"
        return error
    }

    /// Checks a copy that nobody else knows of, and takes it out of WAL mode, with what is in its log: it can be read
    /// from a medium that takes no writes then.
    /// - Throws: `corrupt` when something is wrong with it.
    static func makeSingleFile(_ path: String) throws {
        let connection = try Connection(opening: path, Connection.Options(.readWrite))
        defer { connection.close() }
        let found = try connection.all("PRAGMA integrity_check(3)") { try $0.text(0) }
        guard found == ["ok"] else {
            throw SQLiteError(
                .corrupt, "the copy is damaged, as its original must be: \(found.joined(separator: "; "))")
        }
        let orphan = try connection.first("PRAGMA foreign_key_check") { try $0.text(0) }
        if let table = orphan {
            throw SQLiteError(.corrupt, "the copy has rows of \(table) without their parent, as its original must have")
        }
        let mode = try connection.one("PRAGMA journal_mode=DELETE") { try $0.text(0) }
        guard mode == "delete" else { throw SQLiteError(.io, "the copy keeps its write-ahead log") }
    }
}
