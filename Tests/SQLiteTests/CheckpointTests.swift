import Glibc
import SQLite
import Synchronized
import Testing

@Suite(.timeLimit(.minutes(1))) struct CheckpointTests {
    let folder: Folder
    private var log: String { folder.database + "-wal" }
    private let page = 4096 + 24

    init() throws { folder = try Folder() }

    private func open(_ checkpointPages: Int, _ observer: (@Sendable (Configuration.Event) -> Void)? = nil) throws
        -> Database
    {
        var configuration = Configuration()
        configuration.checkpointPages = checkpointPages
        configuration.observer = observer
        return try Database(path: folder.database, migrations: [entries], configuration: configuration)
    }

    /// One commit of about `pages` pages.
    private func fill(_ database: Database, _ pages: Int) async throws {
        try await database.write { connection in
            for number in 0..<pages { try connection.insert(number, body: String(repeating: "x", count: 4000)) }
        }
    }

    @Test("no connection checkpoints by itself, neither beyond SQLite's 1000 pages nor when the last one is closed")
    func never() async throws {
        let database = try open(.max)
        _ = try await database.checkpoint()
        let before = Folder.size(folder.database)
        for _ in 0..<5 { try await fill(database, 500) }
        let size = try #require(Folder.size(log))
        #expect(size > 2500 * page)
        #expect(Folder.size(folder.database) == before)
        #expect(database.statistics.walPages > 2500)
        await database.close()
        #expect(Folder.size(folder.database) == before)
        #expect(Folder.size(log) == size)
        // A plain connection neither.
        do {
            let connection = try Connection(path: folder.database)
            for number in 0..<5 { try connection.insert(number) }
            connection.close()
        }
        #expect(Folder.size(folder.database) == before)
        // What it finds at the next start is copied, by the rule.
        let again = try open(1000)
        await eventually { again.statistics.completeCheckpoints > 0 }
        #expect(try #require(Folder.size(folder.database)) > 2500 * 4096)
        #expect(try await again.integrityCheck() == [])
        await again.close()
    }

    @Test("during a checkpoint neither another process nor another connection can begin a commit")
    func exclusive() async throws {
        await (try Database(path: folder.database, migrations: [entries])).close()
        let helper = try Helper("probe", folder.database + ".main.lock")
        try await helper.ready()
        let path = folder.database
        let answers = Lock<[String]>([])
        let database = try open(10) { event in
            guard event == .checkpointBegan || event == .checkpointEnded else { return }
            var options = Connection.Options()
            options.busyMilliseconds = 0
            var outcome = "no connection"
            if let foreign = try? Connection(path: path, options) {
                do {
                    try foreign.transaction(.immediate) {}
                    outcome = "began"
                } catch {
                    outcome = (error as? SQLiteError)?.isBusy == true ? "busy" : "\(error)"
                }
            }
            answers.withLock { $0.append("\(helper.ask() ?? "") \(outcome)") }
        }
        for _ in 0..<5 { try await fill(database, 20) }
        await database.close()
        let seen = answers.withLock { $0 }
        #expect(seen.count >= 8)
        #expect(seen.allSatisfy { $0 == "held busy" }, "\(seen)")
    }

    @Test("the log starts again and stays bounded under steady writing and reading")
    func bounded() async throws {
        let database = try open(100)
        let other = try open(100)
        let isOver = Flag()
        async let reading: Void = withThrowingTaskGroup(of: Void.self) { tasks in
            for reader in [database, database, other, other] {
                tasks.addTask {
                    while !isOver.isSet {
                        _ = try await reader.read { try $0.first("SELECT max(id) FROM entry") { $0.count } }
                    }
                }
            }
            try await tasks.waitForAll()
        }
        for _ in 0..<300 {
            try await fill(database, 5)
            try await fill(other, 5)
        }
        isOver.set()
        try await reading
        // 3000 and more pages went through it.
        let statistics = database.statistics
        #expect(statistics.greatestWalPages < 1000, "grew to \(statistics.greatestWalPages) pages")
        #expect(try #require(Folder.size(log)) < 1000 * page)
        #expect(statistics.completeCheckpoints > 3)
        #expect(try await database.integrityCheck() == [])
        await other.close()
        await database.close()
    }

    @Test("long reads one after the other do not keep the log growing: they stand aside for a moment")
    func longReads() async throws {
        let database = try open(50)
        let isOver = Flag()
        async let reading: Void = withThrowingTaskGroup(of: Void.self) { tasks in
            for _ in 0..<4 {
                tasks.addTask {
                    while !isOver.isSet {
                        try await database.read { connection in
                            _ = try connection.one("SELECT count(*) FROM entry") { try $0.int(0) }
                            usleep(5000)
                        }
                    }
                }
            }
            try await tasks.waitForAll()
        }
        for _ in 0..<200 { try await fill(database, 5) }
        isOver.set()
        try await reading
        #expect(database.statistics.greatestWalPages < 500, "grew to \(database.statistics.greatestWalPages) pages")
        await database.close()
    }

    @Test("a reader that keeps an old snapshot makes the log grow; once it is gone the log starts again")
    func oldSnapshot() async throws {
        let database = try open(50)
        try await fill(database, 1)
        let gate = Gate()
        async let held = database.read { connection in
            let before = try connection.numbers().count
            gate.wait()
            return (before, try connection.numbers().count)
        }
        await gate.reached()
        for _ in 0..<30 { try await fill(database, 10) }
        #expect(database.statistics.walPages > 300)
        #expect(try await !database.checkpoint().isComplete)
        gate.open()
        let (before, after) = try await held
        #expect(before == 1 && after == 1)
        #expect(try await database.checkpoint().isComplete)
        try await fill(database, 1)
        #expect(database.statistics.walPages < 50)
        // The file is cut to its limit when it starts again.
        #expect(try #require(Folder.size(log)) <= 50 * 4 * 4096)
        await database.close()
    }

    @Test("a backup is whole, of one moment, and made while others write")
    func backup() async throws {
        let database = try open(100)
        try await fill(database, 300)
        let isOver = Flag()
        async let writing: Int = {
            var count = 300
            while !isOver.isSet {
                try await fill(database, 3)
                count += 3
            }
            return count
        }()
        let target = folder.file("backup.db")
        for _ in 0..<3 { try await database.backup(to: target, pagesPerStep: 16) }
        isOver.set()
        let count = try await writing
        #expect(Folder.size(target + ".tmp") == nil)
        let restored = try Database(path: target, migrations: [entries])
        #expect(try await restored.integrityCheck() == [])
        let copied = try await restored.read { try $0.numbers().count }
        #expect(copied >= 300 && copied <= count && copied % 3 == 0)
        try await restored.write { try $0.insert(1) }
        await restored.close()
        await #expect(throws: SQLiteError.self) { try await database.backup(to: "/nonexistent/backup.db") }
        await database.close()
    }
}
