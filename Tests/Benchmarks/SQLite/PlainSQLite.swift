import CSQLite

/// The work done with libsqlite3's own functions and nothing between: what a wrapper is measured against.
struct PlainSQLite {
    private let settings: SQLiteRun
    private let database: OpaquePointer

    init(_ settings: SQLiteRun) throws {
        self.settings = settings
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        guard sqlite3_open_v2(settings.path, &opened, flags, nil) == SQLITE_OK, let opened else {
            throw BenchmarkError("cannot open \(settings.path)")
        }
        database = opened
        try execute("PRAGMA journal_mode=WAL; PRAGMA cache_size=-65536; PRAGMA synchronous=OFF")
        try settings.prepare(execute)
        try execute("PRAGMA synchronous=\(settings.sync)")
    }

    private func execute(_ script: String) throws {
        guard sqlite3_exec(database, script, nil, nil, nil) == SQLITE_OK else { throw failure(script) }
    }

    private func failure(_ what: String) -> BenchmarkError {
        BenchmarkError("\(what): \(String(cString: sqlite3_errmsg(database)))")
    }

    private func prepare(_ sql: String) throws -> OpaquePointer {
        var statement: OpaquePointer?
        let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
        guard sqlite3_prepare_v3(database, sql, -1, flags, &statement, nil) == SQLITE_OK, let statement else {
            throw failure(sql)
        }
        return statement
    }

    @inline(__always)
    private func run(_ statement: OpaquePointer) throws {
        guard sqlite3_step(statement) == SQLITE_DONE else { throw failure("step") }
        sqlite3_reset(statement)
    }

    private struct Inserts {
        let order: OpaquePointer
        let menu: OpaquePointer
        let outbox: OpaquePointer
    }

    private func inserts() throws -> Inserts {
        Inserts(
            order: try prepare("INSERT INTO user_order(user_id,store_id,status,amount,ordered_at) VALUES(?,?,?,?,?)"),
            menu: try prepare("INSERT INTO user_order_menu(user_order_id,store_menu_id,status) VALUES(?,?,?)"),
            outbox: try prepare("INSERT INTO outbox(user_order_id,created_at) VALUES(?,?)"))
    }

    private static let order: StaticString = "ORDER"
    private static let registered: StaticString = "REGISTERED"

    @inline(__always)
    private func bind(_ statement: OpaquePointer, _ index: Int32, _ text: StaticString) {
        text.utf8Start.withMemoryRebound(to: CChar.self, capacity: text.utf8CodeUnitCount) {
            _ = delivery_sqlite_bind_static_text(statement, index, $0, UInt64(text.utf8CodeUnitCount))
        }
    }

    private func insert(_ statements: Inserts, _ numbers: inout OrderNumbers) throws {
        let store = numbers.below(100) + 1
        let time: Int64 = 1_700_000_000_000
        sqlite3_bind_int64(statements.order, 1, Int64(numbers.below(1000) + 1))
        sqlite3_bind_int64(statements.order, 2, Int64(store))
        bind(statements.order, 3, Self.order)
        sqlite3_bind_int64(statements.order, 4, 43_210)
        sqlite3_bind_int64(statements.order, 5, time)
        try run(statements.order)
        let id = sqlite3_last_insert_rowid(database)
        for _ in 0..<3 {
            sqlite3_bind_int64(statements.menu, 1, id)
            sqlite3_bind_int64(statements.menu, 2, Int64((store - 1) * 20 + 1 + numbers.below(20)))
            bind(statements.menu, 3, Self.registered)
            try run(statements.menu)
        }
        sqlite3_bind_int64(statements.outbox, 1, id)
        sqlite3_bind_int64(statements.outbox, 2, time)
        try run(statements.outbox)
    }

    func write(_ clock: Clock) throws -> Outcome {
        let begin = try prepare("BEGIN IMMEDIATE")
        let commit = try prepare("COMMIT")
        let inserts = try inserts()
        var numbers = OrderNumbers()
        let group = max(1, settings.group)
        let commits = (settings.orders + group - 1) / group
        var meter = Meter(expected: commits)
        var done = 0
        for number in 0..<commits {
            clock.pace(number, since: meter.start)
            let start = Clock.now
            try run(begin)
            for _ in 0..<min(group, settings.orders - done) { try insert(inserts, &numbers) }
            try run(commit)
            done += min(group, settings.orders - done)
            meter.latencies.append(Clock.now &- start)
        }
        return meter.outcome(count: done)
    }

    func read(_ clock: Clock) throws -> Outcome {
        let inserts = try inserts()
        var numbers = OrderNumbers()
        try execute("BEGIN")
        for _ in 0..<settings.orders { try insert(inserts, &numbers) }
        try execute("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")
        let begin = try prepare("BEGIN")
        let commit = try prepare("COMMIT")
        let order = try prepare("SELECT id,user_id,store_id,status,amount,ordered_at FROM user_order WHERE id=?")
        let menus = try prepare(
            """
            SELECT m.id,m.name,m.amount,m.status,m.thumbnail_url FROM user_order_menu o
            JOIN store_menu m ON m.id=o.store_menu_id WHERE o.user_order_id=?
            """)
        let group = settings.group
        var sum: UInt64 = 0
        let meter = Meter(expected: 0)
        for number in 0..<settings.reads {
            clock.pace(number, since: meter.start)
            if group > 0, number % group == 0 { try run(begin) }
            let id = Int64(numbers.below(settings.orders) + 1)
            sqlite3_bind_int64(order, 1, id)
            guard sqlite3_step(order) == SQLITE_ROW else { throw failure("no order") }
            sum &+= UInt64(bitPattern: sqlite3_column_int64(order, 4))
            sum &+= UInt64(sqlite3_column_text(order, 3)[0])
            sqlite3_reset(order)
            sqlite3_bind_int64(menus, 1, id)
            var count = 0
            while sqlite3_step(menus) == SQLITE_ROW {
                sum &+= UInt64(bitPattern: sqlite3_column_int64(menus, 2)) &+ UInt64(sqlite3_column_text(menus, 1)[0])
                sum &+= UInt64(sqlite3_column_bytes(menus, 4))
                count += 1
            }
            sqlite3_reset(menus)
            guard count == 3 else { throw BenchmarkError("\(count) menus") }
            if group > 0, number % group == group - 1 || number == settings.reads - 1 { try run(commit) }
        }
        return meter.outcome(count: settings.reads, sum: sum)
    }
}
