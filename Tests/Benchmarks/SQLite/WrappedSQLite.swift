import EventLoop
import SQLite

private func insert(_ numbers: inout OrderNumbers, in db: SQLite.Connection) throws {
    let store = numbers.below(100) + 1
    let time = 1_700_000_000_000
    try db.run(
        "INSERT INTO user_order(user_id,store_id,status,amount,ordered_at) VALUES(?,?,?,?,?)",
        numbers.below(1000) + 1, store, "ORDER" as StaticString, 43_210, time)
    let id = db.lastInsertRowID
    for _ in 0..<3 {
        try db.run(
            "INSERT INTO user_order_menu(user_order_id,store_menu_id,status) VALUES(?,?,?)",
            id, (store - 1) * 20 + 1 + numbers.below(20), "REGISTERED" as StaticString)
    }
    try db.run("INSERT INTO outbox(user_order_id,created_at) VALUES(?,?)", id, time)
}

/// Orders written through `Database`.
struct WrappedWrites: Sendable {
    private let settings: SQLiteRun
    private let database: Database

    init(_ settings: SQLiteRun) throws {
        self.settings = settings
        var configuration = Configuration()
        configuration.writerCacheKiB = 65_536
        database = try Database(
            path: settings.path,
            migrations: [Migration(1) { db in try settings.prepare { try db.execute(script: $0) } }],
            configuration: configuration)
    }

    /// A commit after the other, each of one transaction.
    func together(_ clock: Clock, _ loop: EventLoop) async throws -> Outcome {
        var numbers = OrderNumbers()
        let group = max(1, settings.group)
        let commits = (settings.orders + group - 1) / group
        var meter = Meter(expected: commits)
        var done = 0
        for number in 0..<commits {
            try await clock.pace(number, since: meter.start, on: loop)
            let start = Clock.now
            let count = min(group, settings.orders - done)
            numbers = try await database.write { [numbers] db in
                var numbers = numbers
                for _ in 0..<count { try insert(&numbers, in: db) }
                return numbers
            }
            done += count
            meter.latencies.append(Clock.now &- start)
        }
        let outcome = meter.outcome(count: done)
        await database.close()
        return outcome
    }

    /// A transaction an order, `group` of them on their way at a time.
    func singly(_ clock: Clock, _ loop: EventLoop) async throws -> Outcome {
        let group = max(1, settings.group)
        let meter = Meter(expected: 0)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for task in 0..<group {
                tasks.addTask(executorPreference: loop) {
                    var numbers = OrderNumbers(task)
                    for _ in stride(from: task, to: settings.orders, by: group) {
                        numbers = try await database.write { [numbers] db in
                            var numbers = numbers
                            try insert(&numbers, in: db)
                            return numbers
                        }
                    }
                }
            }
            try await tasks.waitForAll()
        }
        let outcome = meter.outcome(count: settings.orders)
        await database.close()
        return outcome
    }
}

/// Orders read through `Connection`, or through `Database`.
struct WrappedReads: Sendable {
    private let settings: SQLiteRun

    init(_ settings: SQLiteRun) { self.settings = settings }

    private func open() async throws -> (Database, OrderNumbers) {
        var configuration = Configuration()
        configuration.readerCacheKiB = 65_536
        configuration.writerCacheKiB = 65_536
        let database = try Database(
            path: settings.path,
            migrations: [Migration(1) { db in try settings.prepare { try db.execute(script: $0) } }],
            configuration: configuration)
        let numbers = try await database.write { [settings] db in
            var numbers = OrderNumbers()
            for _ in 0..<settings.orders { try insert(&numbers, in: db) }
            return numbers
        }
        try await database.checkpoint()
        return (database, numbers)
    }

    private static func resolve(_ id: Int, in db: SQLite.Connection) throws -> UInt64 {
        var sum: UInt64 = 0
        try db.one("SELECT id,user_id,store_id,status,amount,ordered_at FROM user_order WHERE id=?", id) { row in
            sum &+= UInt64(bitPattern: try row.int64(4))
            sum &+= UInt64(try row.withBytes(3) { $0[0] })
        }
        var count = 0
        try db.each(
            """
            SELECT m.id,m.name,m.amount,m.status,m.thumbnail_url FROM user_order_menu o
            JOIN store_menu m ON m.id=o.store_menu_id WHERE o.user_order_id=?
            """, id
        ) { row in
            sum &+= UInt64(bitPattern: try row.int64(2)) &+ UInt64(try row.withBytes(1) { $0[0] })
            sum &+= UInt64(try row.withBytes(4) { $0.count })
            count += 1
        }
        guard count == 3 else { throw BenchmarkError("\(count) menus") }
        return sum
    }

    private static func resolve(
        _ count: Int, of orders: Int, _ numbers: inout OrderNumbers, in db: SQLite.Connection
    ) throws -> UInt64 {
        var sum: UInt64 = 0
        for _ in 0..<count { sum &+= try resolve(numbers.below(orders) + 1, in: db) }
        return sum
    }

    /// As the plain one does.
    func onThisThread(_ clock: Clock) async throws -> Outcome {
        let (database, first) = try await open()
        await database.close()
        var numbers = first
        var options = SQLite.Connection.Options(.readWrite)
        options.cacheKiB = 65_536
        options.queryOnly = true
        let db = try SQLite.Connection(path: settings.path, options)
        defer { db.close() }
        var sum: UInt64 = 0
        let meter = Meter(expected: 0)
        var number = 0
        while number < settings.reads {
            clock.pace(number, since: meter.start)
            let count = min(max(1, settings.group), settings.reads - number)
            if settings.group == 0 {
                sum &+= try Self.resolve(1, of: settings.orders, &numbers, in: db)
            } else {
                try db.transaction(.deferred) {
                    sum &+= try Self.resolve(count, of: settings.orders, &numbers, in: db)
                }
            }
            number += count
        }
        return meter.outcome(count: number, sum: sum)
    }

    /// A `read` after the other.
    func onReaders(_ clock: Clock, _ loop: EventLoop) async throws -> Outcome {
        let (database, first) = try await open()
        var numbers = first
        var sum: UInt64 = 0
        let meter = Meter(expected: 0)
        var number = 0
        while number < settings.reads {
            try await clock.pace(number, since: meter.start, on: loop)
            let count = min(max(1, settings.group), settings.reads - number)
            let (part, next) = try await database.read { [numbers, settings] db in
                var numbers = numbers
                return (try Self.resolve(count, of: settings.orders, &numbers, in: db), numbers)
            }
            sum &+= part
            numbers = next
            number += count
        }
        let outcome = meter.outcome(count: number, sum: sum)
        await database.close()
        return outcome
    }
}
