import EventLoop
import FoundationEssentials
import Glibc
import Synchronized

/// One measurement of one way to use SQLite, in a process of its own.
struct SQLiteRun: Sendable {
    static let command = "sqlite-run"

    enum Mode: String, Sendable {
        case write, read, fsync
    }

    /// Who does the work.
    enum Way: String, Sendable, CaseIterable {
        /// libsqlite3's own functions.
        case plain
        /// `Connection`, on the same thread.
        case connection
        /// `Database`, one transaction a commit.
        case database
        /// `Database`, one transaction an order, as many at a time as `--group` says: they share commits.
        case orders
    }

    var path = "bench.db"
    var schema: String?
    var mode = Mode.write
    var way: Way?
    var group = 1
    var orders = 10_000
    var reads = 100_000
    /// Commits or reads a second; 0: as many as it can.
    var rate = 0
    var sync = "FULL"

    static let help = """
        bench sqlite-run [OPTION]…: one measurement, one line of JSON: how many, seconds, a second, microseconds of user and
        system time for each, and the median and the 99th percentile of a commit's microseconds.

          --db FILE       made anew (bench.db)
          --schema FILE   SQL to begin with; its own without
          --mode MODE     write: orders; read: resolve orders; fsync: append 4 KiB and fdatasync
          --way WAY       plain: libsqlite3's functions; connection: Connection; database: Database, a transaction a
                          commit; orders: Database, a transaction an order (write: database, read: connection)
          --group N       orders in a commit; reads in a transaction, 0: none is opened (1)
          --orders N      (10000)
          --reads N       (100000)
          --rate N        commits or reads a second; 0: as many as it can (0)
          --sync LEVEL    of plain: FULL, NORMAL or OFF (FULL); the others know FULL only
        """

    init(_ list: [String]) throws {
        var arguments = Arguments(list)
        while let option = arguments.next() {
            switch option {
            case "--db": path = try arguments.value()
            case "--schema": schema = try arguments.value()
            case "--mode": mode = try Self.choice(arguments.value(), option)
            case "--way": way = try Self.choice(arguments.value(), option) as Way
            case "--group": group = try arguments.number(0...1_000_000)
            case "--orders": orders = try arguments.number(1...1_000_000_000)
            case "--reads": reads = try arguments.number(1...1_000_000_000)
            case "--rate": rate = try arguments.number(0...1_000_000)
            case "--sync":
                sync = try arguments.value()
                guard ["FULL", "NORMAL", "OFF"].contains(sync) else {
                    throw BenchmarkError("--sync takes FULL, NORMAL or OFF")
                }
            default: throw arguments.unknown(Self.help)
            }
        }
    }

    private static func choice<Choice: RawRepresentable>(_ name: String, _ option: String) throws -> Choice
    where Choice.RawValue == String {
        guard let choice = Choice(rawValue: name) else { throw BenchmarkError("\(option) does not take \(name)") }
        return choice
    }

    /// Runs it and prints its line. Blocks its thread.
    func run() throws {
        for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
        let clock = Clock(rate: rate)
        let outcome =
            switch (mode, way ?? (mode == .write ? .database : .connection)) {
            case (.fsync, _): try appendAndSync()
            case (.write, .plain): try PlainSQLite(self).write(clock)
            case (.read, .plain): try PlainSQLite(self).read(clock)
            case (.write, .connection): throw BenchmarkError("a Connection runs no checkpoints: --way database")
            case (let mode, let way):
                try Self.onLoop { loop in
                    switch (mode, way) {
                    case (.read, .connection): try await WrappedReads(self).onThisThread(clock)
                    case (.read, _): try await WrappedReads(self).onReaders(clock, loop)
                    case (_, .orders): try await WrappedWrites(self).singly(clock, loop)
                    default: try await WrappedWrites(self).together(clock, loop)
                    }
                }
            }
        print(try outcome.json)
    }

    /// As the services do it: in a task on an event loop.
    private static func onLoop(_ body: @escaping @Sendable (EventLoop) async throws -> Outcome) throws -> Outcome {
        let outcome = Lock<Result<Outcome, any Error>?>(nil)
        let loop = try EventLoop(name: "bench")
        try loop.start()
        Task(executorPreference: loop) {
            let result: Result<Outcome, any Error>
            do { result = .success(try await body(loop)) } catch { result = .failure(error) }
            outcome.withLock { $0 = result }
            loop.stop()
        }
        loop.join()
        guard let result = outcome.withLock({ $0 }) else { throw BenchmarkError("the loop ended early") }
        return try result.get()
    }

    /// What a disk can do at best.
    private func appendAndSync() throws -> Outcome {
        let file = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw BenchmarkError("\(path): errno \(errno)") }
        defer {
            close(file)
            unlink(path)
        }
        let page = [UInt8](repeating: 7, count: 4096)
        var meter = Meter(expected: reads)
        for _ in 0..<reads {
            let start = Clock.now
            guard Glibc.write(file, page, page.count) == page.count, fdatasync(file) == 0 else {
                throw BenchmarkError("\(path): errno \(errno)")
            }
            meter.latencies.append(Clock.now &- start)
        }
        return meter.outcome(count: reads)
    }

    /// How the tables begin: 100 stores with 20 menus each.
    func prepare(_ execute: (String) throws -> Void) throws {
        try execute(try schema.map { try String(contentsOf: URL(filePath: $0), encoding: .utf8) } ?? Self.tables)
        try execute(
            """
            WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 100)
            INSERT INTO store SELECT i, 'store ' || i, 'road ' || i, 'REGISTERED', printf('02-000-%04d', i) FROM n
            """)
        try execute(
            """
            WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
            INSERT INTO store_menu SELECT i, (i - 1) / 20 + 1, 'menu number ' || i, 1000 + i * 10, 'REGISTERED',
              'https://img.example.test/menu/' || i || '.png' FROM n
            """)
    }

    private static let tables = """
        CREATE TABLE store(
          id INTEGER PRIMARY KEY, name TEXT NOT NULL, address TEXT NOT NULL, status TEXT NOT NULL, phone TEXT NOT NULL);
        CREATE TABLE store_menu(
          id INTEGER PRIMARY KEY, store_id INTEGER NOT NULL REFERENCES store(id), name TEXT NOT NULL,
          amount INTEGER NOT NULL, status TEXT NOT NULL, thumbnail_url TEXT NOT NULL);
        CREATE INDEX store_menu_store ON store_menu(store_id);
        CREATE TABLE user_order(
          id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, store_id INTEGER NOT NULL, status TEXT NOT NULL,
          amount INTEGER NOT NULL, ordered_at INTEGER NOT NULL);
        CREATE INDEX user_order_user ON user_order(user_id);
        CREATE TABLE user_order_menu(
          id INTEGER PRIMARY KEY, user_order_id INTEGER NOT NULL, store_menu_id INTEGER NOT NULL, status TEXT NOT NULL);
        CREATE INDEX user_order_menu_order ON user_order_menu(user_order_id);
        CREATE TABLE outbox(user_order_id INTEGER PRIMARY KEY, created_at INTEGER NOT NULL);
        """
}

/// The same numbers for everybody (xorshift64).
struct OrderNumbers: Sendable {
    private var state: UInt64

    init(_ seed: Int = 0) { state = 88_172_645_463_325_252 &+ UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 }

    mutating func below(_ bound: Int) -> Int {
        state ^= state &<< 13
        state ^= state &>> 7
        state ^= state &<< 17
        return Int(truncatingIfNeeded: state % UInt64(bound))
    }
}
