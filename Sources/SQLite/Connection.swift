import CSQLite

/// One SQLite database connection, for one thread at a time: it is not Sendable, and `Database` lends it to closures.
///
/// Write-ahead log, `synchronous=FULL`, foreign keys, no memory map, DEFENSIVE, no trusted schema, no string literals in
/// double quotes. It never runs a checkpoint, neither by size nor when it is closed: in SQLite before 3.51.3 one that
/// overlaps a commit can damage the file (sqlite.org/wal.html#walresetbug).
@usableFromInline
package final class Connection {
    package enum Access: Sendable {
        case readOnly, readWrite
        case create
    }

    package struct Options: Sendable {
        package var access: Access
        /// How long a lock held by a foreign program is waited for.
        package var busyMilliseconds = 10_000
        package var cacheKiB = 2048
        /// Bytes that a log keeps when it starts again at its beginning.
        package var journalSizeLimit = 16 << 20
        /// Refuses every change.
        package var queryOnly = false

        package init(_ access: Access = .create) { self.access = access }
    }

    let handle: OpaquePointer
    let hooks: UnsafeMutablePointer<ConnectionHooks>
    private var cache = StatementCache()
    private var isOpen = true

    // The state of the open transaction: see Transactions.swift.
    var expectsTransaction = false
    var groupHasChanges = false
    var member = Member.none
    var callbacks: [Callback] = []

    private static let isLibraryReady: Bool = {
        delivery_sqlite_no_memory_statistics() == SQLITE_OK
    }()

    /// Opens the file and, with write access, switches it to the write-ahead log.
    package convenience init(path: String, _ options: Options = Options()) throws(SQLiteError) {
        try self.init(opening: path, options)
        try configure(options)
    }

    /// Opens without reading or writing the file.
    init(opening path: String, _ options: Options) throws(SQLiteError) {
        _ = Self.isLibraryReady
        // SQLite would take the empty name for a temporary database, and cut a name at NUL.
        guard !path.isEmpty, !path.utf8.contains(0) else { throw SQLiteError(.cannotOpen, "not a file name") }
        let access =
            switch options.access {
            case .readOnly: SQLITE_OPEN_READONLY
            case .readWrite: SQLITE_OPEN_READWRITE
            case .create: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            }
        var opened: OpaquePointer?
        let flags = access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let result = sqlite3_open_v2(path, &opened, flags, GatheredLog.name)
        guard result == SQLITE_OK, let opened else {
            var failure = SQLiteError(result, of: opened)
            failure.message += ": \(path)"
            sqlite3_close_v2(opened)
            throw failure
        }
        handle = opened
        hooks = .allocate(capacity: 1)
        hooks.initialize(
            to: ConnectionHooks(busyLimit: UInt64(clamping: max(0, options.busyMilliseconds)) &* 1_000_000))
        delivery_sqlite_flag(opened, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        delivery_sqlite_flag(opened, SQLITE_DBCONFIG_DEFENSIVE, 1)
        delivery_sqlite_flag(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        delivery_sqlite_flag(opened, SQLITE_DBCONFIG_DQS_DML, 0)
        delivery_sqlite_flag(opened, SQLITE_DBCONFIG_DQS_DDL, 0)
        ConnectionHooks.install(on: opened, hooks)
    }

    deinit {
        expectsTransaction = false
        close()
        hooks.deinitialize(count: 1)
        hooks.deallocate()
    }

    /// How long a lock held by a foreign program is waited for from now on.
    var busyMilliseconds: Int {
        get { Int(clamping: hooks.pointee.busyLimit / 1_000_000) }
        set { hooks.pointee.busyLimit = UInt64(clamping: max(0, newValue)) &* 1_000_000 }
    }

    /// The path as SQLite resolved it: absolute, without symbolic links.
    var resolvedPath: String { sqlite3_db_filename(handle, "main").map { String(cString: $0) } ?? "" }

    func configure(_ options: Options) throws(SQLiteError) {
        hooks.pointee.mayControl = true
        defer { hooks.pointee.mayControl = false }
        if options.access != .readOnly {
            guard sqlite3_db_readonly(handle, "main") == 0 else {
                throw SQLiteError(.readOnly, "the database file cannot be written: \(resolvedPath)")
            }
            try requireWriteAheadLog(change: !options.queryOnly)
        }
        // temp_store keeps its default: with MEMORY a savepoint's journal is cut into many small allocations.
        try executeAll(
            """
            PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA mmap_size=0;
            PRAGMA cell_size_check=ON; PRAGMA cache_size=-\(max(64, options.cacheKiB));
            PRAGMA journal_size_limit=\(max(0, options.journalSizeLimit));
            PRAGMA query_only=\(options.queryOnly ? "ON" : "OFF");
            """)
    }

    private func requireWriteAheadLog(change: Bool) throws(SQLiteError) {
        let statement = try Statement(change ? "PRAGMA journal_mode=WAL" : "PRAGMA journal_mode", on: handle)
        guard try statement.step(), try statement.row.text(0) == "wal" else {
            throw SQLiteError(.cannotOpen, "the file has no write-ahead log: \(resolvedPath)")
        }
    }

    /// Ends the connection; afterwards every call throws `closed`. Does nothing inside a transaction.
    package func close() {
        guard isOpen, !expectsTransaction else { return }
        isOpen = false
        cache.removeAll()
        sqlite3_close_v2(handle)
    }

    /// The row id of the last successful INSERT.
    package var lastInsertRowID: Int64 { isOpen ? sqlite3_last_insert_rowid(handle) : 0 }

    /// Rows that the last INSERT, UPDATE or DELETE changed.
    @usableFromInline package var changes: Int { isOpen ? Int(sqlite3_changes64(handle)) : 0 }

    /// Frames in the write-ahead log after this connection's last commit, of all processes; 0 before the first.
    package var walPages: Int { hooks.pointee.walPages }

    package func requireOpen() throws(SQLiteError) {
        guard isOpen else { throw SQLiteError(.closed, "the connection is closed") }
    }

    /// The statement from the cache, or a new one; one of its own if the cached one is in use further up the stack.
    @usableFromInline
    func acquire(_ sql: SQL) throws(SQLiteError) -> Statement {
        let statement = try prepared(sql)
        do {
            try beforeStatement(isReadOnly: statement.isReadOnly)
        } catch {
            release(statement)
            throw error
        }
        return statement
    }

    func prepared(_ sql: SQL) throws(SQLiteError) -> Statement {
        if let statement = cache.find(sql), !statement.isInUse {
            statement.isInUse = true
            return statement
        }
        try requireOpen()
        let statement = try Statement(sql, on: handle)
        statement.isInUse = true
        if cache.find(sql) == nil { cache.insert(statement, for: sql) }
        return statement
    }

    @usableFromInline
    func release(_ statement: Statement) {
        statement.reset()
        statement.isInUse = false
    }

    /// Runs every statement of the text; stops at the first that fails.
    func executeAll(_ script: String) throws(SQLiteError) {
        guard !script.utf8.contains(0) else { throw SQLiteError(.misuse, "the script holds a NUL") }
        let result = sqlite3_exec(handle, script, nil, nil, nil)
        if result != SQLITE_OK { throw SQLiteError(result, of: handle, sql: String(script.prefix(200))) }
    }
}
