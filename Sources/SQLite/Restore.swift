import CSQLite
import Glibc

/// Puts a backup into the place of a database that nobody uses.
package enum Restore {
    /// Where a restore is: for tests that kill it there.
    package enum Step: String, CaseIterable, Sendable {
        case locked, copied, prepared, committed, logMoved, fileMoved, finished
    }

    package struct Outcome: Sendable {
        /// The database's path without links.
        package let path: String
        package let octets: Int
        package let version: Int32
        /// Where the file that was there before is now; nil when there was none.
        package let aside: String?
    }

    /// Checks the backup, copies it, lets `prepare` change the copy, and puts it into place.
    ///
    /// A process that is killed at any point leaves either the old database or the new one. The old file and its log are
    /// kept under another name. Nothing but the copy is written before it is whole and checked.
    ///
    /// - Parameters:
    ///   - newest: the highest schema version that the program knows.
    ///   - prepare: is given the copy, in a transaction, and the old database if it can be read.
    /// - Throws: `busy` when anybody has the database open; `corrupt` when the backup is damaged; `schemaTooNew`.
    package static func run(
        _ backup: String, over database: String, newest: Int32, observer: (Step) -> Void = { _ in },
        prepare: (_ copy: Connection, _ old: Connection?) throws -> Void
    ) throws -> Outcome {
        let backup = try FilePath.resolve(backup)
        let path = try FilePath.resolve(database)
        guard let source = FileState(backup), source.kind == .regular else {
            throw SQLiteError(.cannotOpen, "\(backup) is \(FileState(backup)?.kind.rawValue ?? "not there")")
        }
        let present = FileState(path)
        if let present {
            guard present.kind == .regular else {
                throw SQLiteError(.cannotOpen, "\(path) is \(present.kind.rawValue)")
            }
            guard !present.isSameFile(as: source) else {
                throw SQLiteError(.cannotOpen, "\(backup) is the database itself")
            }
        }
        let use = try UseLock.alone(path)
        defer { use.release() }
        let files = RestoreFiles(path)
        try files.finish()
        try requireUnused(path)
        observer(.locked)

        FilePath.remove(database: files.draft)
        var isDone = false
        defer { if !isDone { FilePath.remove(database: files.draft) } }
        let version = try copy(backup, to: files.draft, newest: newest)
        observer(.copied)
        try change(files.draft, old: path, prepare)
        observer(.prepared)
        let size = FileState(files.draft)?.size ?? 0
        if let present {
            chmod(files.draft, present.mode)
            if geteuid() == 0 { chown(files.draft, present.user, present.group) }
        }
        let aside = try files.commit()
        isDone = true
        observer(.committed)
        try files.finish(observer)
        observer(.finished)
        return Outcome(path: path, octets: size, version: version, aside: present == nil ? nil : aside)
    }

    private static func copy(_ backup: String, to draft: String, newest: Int32) throws -> Int32 {
        let source = try Connection(path: backup, Connection.Options(.readOnly))
        defer { source.close() }
        return try source.transaction(.deferred) {
            let version = try source.one("PRAGMA user_version") { try $0.int(0) }
            guard version > 0 else { throw SQLiteError(.notADatabase, "\(backup) has no schema of this program") }
            guard version <= newest else {
                throw SQLiteError(
                    .schemaTooNew, "\(backup) has schema version \(version), this program knows only up to \(newest)")
            }
            try Backup.copy(source.handle, to: draft, 1024)
            return Int32(clamping: version)
        }
    }

    private static func change(
        _ draft: String, old path: String, _ prepare: (Connection, Connection?) throws -> Void
    ) throws {
        // Checked as it came, before anything is changed in it.
        try Backup.makeSingleFile(draft)
        var options = Connection.Options(.readWrite)
        options.queryOnly = true
        // It may be the very reason for the restore that this one cannot be read.
        let old = FileState(path) == nil ? nil : try? Connection(path: path, options)
        defer { old?.close() }
        let connection = try Connection(path: draft, Connection.Options(.readWrite))
        defer { connection.close() }
        try connection.transaction(.immediate) { try prepare(connection, old) }
        connection.close()
        try Backup.makeSingleFile(draft)
    }

    /// Programs that know nothing of the lock file are noticed by SQLite's own locks, which an open database in WAL mode
    /// holds from its first read on.
    private static func requireUnused(_ path: String) throws {
        guard FileState(path) != nil else { return }
        var options = Connection.Options(.readWrite)
        options.busyMilliseconds = 0
        do {
            let connection = try Connection(opening: path, options)
            defer { connection.close() }
            try connection.executeAll("PRAGMA locking_mode=EXCLUSIVE; BEGIN IMMEDIATE; ROLLBACK")
        } catch let error where error.isBusy {
            throw SQLiteError(.busy, "\(path) is in use: another program has it open")
        } catch {
            // Damaged: that is what restores are for.
        }
    }
}
