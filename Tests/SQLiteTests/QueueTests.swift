import SQLite
import Synchronized
import Testing

@Suite(.timeLimit(.minutes(1))) struct QueueTests {
    let folder: Folder

    init() throws { folder = try Folder() }

    private func open(_ change: (inout Configuration) -> Void = { _ in }) throws -> Database {
        var configuration = Configuration()
        change(&configuration)
        return try Database(path: folder.database, migrations: [entries], configuration: configuration)
    }

    private func code<Value>(_ result: Result<Value, any Error>) -> SQLiteError.Code? {
        guard case .failure(let error as SQLiteError) = result else { return nil }
        return error.code
    }

    @Test("a full queue refuses at once and accepts again when it has emptied")
    func overloaded() async throws {
        let database = try open { $0.queueLimit = 3 }
        let gate = Gate()
        async let blocker: Void = database.write { _ in gate.wait() }
        await gate.reached()
        let waiting = (0..<3).map { number in Task { try await database.write { try $0.insert(number) } } }
        await eventually { database.statistics.waiting == 3 }
        let refused = await Task { try await database.write { try $0.insert(99) } }.result
        #expect(code(refused) == .overloaded)
        for number in 0..<3 { try database.writeLater { try $0.insert(10 + number) } }
        #expect(throws: SQLiteError.self) { try database.writeLater { try $0.insert(98) } }
        gate.open()
        try await blocker
        for task in waiting { try await task.value }
        try await database.write { try $0.insert(3) }
        await database.close()
        let connection = try Connection(path: folder.database)
        #expect(try connection.numbers().sorted() == [0, 1, 2, 3, 10, 11, 12])
        #expect(database.statistics.refused == 2)
    }

    @Test("a task cancelled while it waits ends at once, changes nothing and gives its place away")
    func cancelled() async throws {
        let database = try open { $0.queueLimit = 2 }
        let gate = Gate()
        async let blocker: Void = database.write { _ in gate.wait() }
        await gate.reached()
        for _ in 0..<5 {
            let tasks = (0..<2).map { number in Task { try await database.write { try $0.insert(number) } } }
            await eventually { database.statistics.waiting == 2 }
            for task in tasks {
                task.cancel()
                await #expect(throws: CancellationError.self) { try await task.value }
            }
            #expect(database.statistics.waiting == 0)
        }
        let last = Task { try await database.write { try $0.insert(7) } }
        await eventually { database.statistics.waiting == 1 }
        gate.open()
        try await blocker
        try await last.value
        #expect(try await database.read { try $0.numbers() } == [7])
        await database.close()
    }

    @Test("a task that is cancelled already never gets into the queue; one whose work has begun gets its result")
    func cancelledEarlyAndLate() async throws {
        let database = try open()
        let gate = Gate()
        let late = Task {
            try await database.write { connection in
                gate.wait()
                try connection.insert(1)
                return "done"
            }
        }
        await gate.reached()
        late.cancel()
        let early = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await database.write { try $0.insert(2) }
        }
        await #expect(throws: CancellationError.self) { try await early.value }
        gate.open()
        #expect(try await late.value == "done")
        #expect(try await database.read { try $0.numbers() } == [1])
        await database.close()
    }

    @Test("what a cancelled transaction had captured is given back")
    func noLeak() async throws {
        final class Captured: Sendable {}
        let database = try open()
        let gate = Gate()
        async let blocker: Void = database.write { _ in gate.wait() }
        await gate.reached()
        weak var observed: Captured?
        do {
            let captured = Captured()
            observed = captured
            let task = Task { try await database.write { _ in _ = captured } }
            await eventually { database.statistics.waiting == 1 }
            task.cancel()
            _ = await task.result
        }
        gate.open()
        try await blocker
        await database.close()
        #expect(observed == nil)
    }

    @Test("closing finishes what waits, and then everything is refused")
    func close() async throws {
        let database = try open()
        let gate = Gate()
        let blocker = Task { try await database.write { _ in gate.wait() } }
        await gate.reached()
        let tasks = (0..<30).map { number in Task { try await database.write { try $0.insert(number) } } }
        let reads = (0..<5).map { _ in Task { try await database.read { try $0.numbers().count } } }
        await eventually { database.statistics.waiting == 30 }
        try database.writeLater { try $0.insert(100) }
        async let closed: Void = database.close()
        async let again: Void = database.close()
        gate.open()
        try await blocker.value
        for task in tasks { try await task.value }
        for read in reads { _ = try await read.value }
        await closed
        await again
        let connection = try Connection(path: folder.database)
        #expect(try connection.numbers().sorted() == Array(0..<30) + [100])
        #expect(code(await Task { try await database.write { _ in } }.result) == .closed)
        #expect(code(await Task { try await database.read { _ in } }.result) == .closed)
        #expect(code(await Task { try await database.checkpoint() }.result) == .closed)
        #expect(throws: SQLiteError.self) { try database.writeLater { _ in } }
    }

    @Test("a handle that is dropped without being closed still finishes")
    func dropped() async throws {
        let done = Lock(false)
        do {
            let database = try open()
            try database.writeLater { connection in
                try connection.insert(1)
                connection.afterCommit { done.withLock { $0 = true } }
            }
        }
        await eventually { done.withLock { $0 } }
        let connection = try Connection(path: folder.database)
        #expect(try connection.numbers() == [1])
    }

    @Test("readers see one snapshot while the writer goes on, and the next read sees it all")
    func snapshot() async throws {
        let database = try open()
        try await database.write { try $0.insert(1) }
        let gate = Gate()
        async let seen = database.read { connection in
            let before = try connection.numbers()
            gate.wait()
            return [before, try connection.numbers()]
        }
        await gate.reached()
        try await database.write { try $0.insert(2) }
        #expect(try await database.read { try $0.numbers() } == [1, 2])
        gate.open()
        #expect(try await seen == [[1], [1]])
        await database.close()
    }

    @Test("a read begins after its call: it sees every earlier commit, every time")
    func freshReads() async throws {
        let database = try open()
        for number in 0..<200 {
            try await database.write { try $0.insert(number) }
            #expect(try await database.read { try $0.numbers().count } == number + 1)
        }
        await database.close()
    }

    @Test("a reader cannot change anything")
    func readOnly() async throws {
        let database = try open()
        let result = await Task { try await database.read { try $0.insert(1) } }.result
        #expect(code(result) == .readOnly)
        #expect(try await database.read { try $0.numbers() } == [])
        await database.close()
    }

    @Test("the data version changes with every commit of anybody and only then")
    func dataVersion() async throws {
        let database = try open()
        let first = try await database.dataVersion()
        _ = try await database.read { try $0.numbers() }
        #expect(try await database.dataVersion() == first)
        try await database.write { try $0.insert(1) }
        let second = try await database.dataVersion()
        #expect(second != first)
        let other = try open()
        try await other.write { try $0.insert(2) }
        #expect(try await database.dataVersion() != second)
        await other.close()
        await database.close()
    }
}
