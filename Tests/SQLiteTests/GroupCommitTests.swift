import SQLite
import Synchronized
import Testing

@Suite(.timeLimit(.minutes(1))) struct GroupCommitTests {
    typealias Body = @Sendable (Connection) throws -> Void
    struct Refused: Error {}
    let folder: Folder
    let database: Database

    init() throws {
        folder = try Folder()
        database = try Database(path: folder.database, migrations: [entries], configuration: patient)
    }

    private func numbers() async throws -> [Int] { try await database.read { try $0.numbers() } }

    private func succeeded<Value>(_ results: [Result<Value, any Error>]) -> [Bool] {
        results.map { if case .success = $0 { true } else { false } }
    }

    @Test("what waits shares a commit, and everyone gets their own result")
    func shared() async throws {
        let results = await lineUp(
            database,
            (0..<50).map { number in
                {
                    try $0.insert(number); return number * 2
                }
            })
        #expect(try results.map { try $0.get() } == (0..<50).map { $0 * 2 })
        #expect(try await numbers() == Array(0..<50))
        let statistics = database.statistics
        #expect(statistics.commits == 1 && statistics.transactions == 51)
        #expect(statistics.batch.last == 51 && statistics.waiting == 0)
        await database.close()
    }

    @Test("a group is bounded in number", arguments: [1, 7])
    func bounded(_ limit: Int) async throws {
        var configuration = patient
        configuration.groupLimit = limit
        let database = try Database(path: folder.file("other.db"), migrations: [entries], configuration: configuration)
        _ = await lineUp(database, (0..<20).map { number in { try $0.insert(number) } })
        #expect(try await database.read { try $0.numbers() } == Array(0..<20))
        #expect(database.statistics.commits == (21 + limit - 1) / limit)
        await database.close()
    }

    @Test("a group is bounded in time: what it took beyond that comes in the next one, in order")
    func boundedTime() async throws {
        var configuration = Configuration()
        configuration.groupMicroseconds = 1
        let database = try Database(path: folder.file("other.db"), migrations: [entries], configuration: configuration)
        _ = await lineUp(database, (0..<20).map { number in { try $0.insert(number) } })
        #expect(try await database.read { try $0.numbers() } == Array(0..<20))
        #expect(database.statistics.commits == 21)
        await database.close()
    }

    @Test("one that fails is undone alone, whatever its place", arguments: [0, 1, 5, 9])
    func isolation(_ failing: Int) async throws {
        let called = Lock<[Int]>([])
        let results = await lineUp(
            database,
            (0..<10).map { number in
                { connection in
                    connection.afterCommit { called.withLock { $0.append(number) } }
                    try connection.insert(number)
                    try connection.run("INSERT INTO name VALUES(?)", "name \(number)")
                    if number == failing { throw Refused() }
                }
            })
        #expect(succeeded(results) == (0..<10).map { $0 != failing })
        let kept = (0..<10).filter { $0 != failing }
        #expect(try await numbers() == kept)
        #expect(called.withLock { $0 } == kept)
        #expect(database.statistics.failed == 1 && database.statistics.commits == 1)
        await database.close()
    }

    @Test("one that violates a constraint gets that error, and its earlier changes are gone")
    func constraint() async throws {
        let bodies: [Body] = [
            { try $0.run("INSERT INTO name VALUES('a')") },
            {
                try $0.insert(1)
                try $0.run("INSERT INTO name VALUES('a')")
            },
            { try $0.run("INSERT INTO name VALUES('b')") },
        ]
        let results = await lineUp(database, bodies)
        #expect(succeeded(results) == [true, false, true])
        #expect(throws: SQLiteError.self) { try results[1].get() }
        if case .failure(let error as SQLiteError) = results[1] { #expect(error.isUnique) }
        #expect(try await numbers() == [])
        await database.close()
    }

    @Test("a deferred foreign key that stays open fails its own transaction, not the commit of all")
    func deferredForeignKey() async throws {
        let bodies: [Body] = [
            { try $0.insert(1) },
            { try $0.run("INSERT INTO child(parent) VALUES(999)") },
            {
                try $0.run("INSERT INTO child(parent) VALUES(2)")
                try $0.insert(2)
            },
        ]
        let results = await lineUp(database, bodies)
        #expect(succeeded(results) == [true, false, true])
        if case .failure(let error as SQLiteError) = results[1] { #expect(error.isForeignKey) }
        #expect(try await numbers() == [1, 2])
        await database.close()
    }

    @Test("a savepoint inside a transaction undoes its part and its callbacks")
    func savepoint() async throws {
        let called = Lock<[String]>([])
        let bodies: [Body] = [
            { try $0.insert(1) },
            { connection in
                try? connection.savepoint {
                    connection.afterCommit { called.withLock { $0.append("inner") } }
                    try connection.insert(2)
                    throw Refused()
                }
                connection.afterCommit { called.withLock { $0.append("outer") } }
                try connection.insert(3)
            },
            { connection in
                try connection.savepoint { try connection.insert(4) }
                throw Refused()
            },
        ]
        _ = await lineUp(database, bodies)
        #expect(try await numbers() == [1, 3])
        #expect(called.withLock { $0 } == ["outer"])
        await database.close()
    }

    @Test("after a commit come the callbacks, once for each key, then the hook, then the answers")
    func callbacks() async throws {
        let order = Lock<[String]>([])
        let key = Gate()
        database.onCommit { count in order.withLock { $0.append("hook \(count)") } }
        let results = await lineUp(
            database,
            (0..<3).map { number in
                { connection in
                    try connection.insert(number)
                    connection.afterCommit { order.withLock { $0.append("each") } }
                    connection.afterCommit(once: key) { order.withLock { $0.append("once") } }
                }
            })
        #expect(succeeded(results) == [true, true, true])
        #expect(order.withLock { $0 } == ["each", "once", "each", "each", "hook 4"])
        // No change, no hook.
        _ = try await database.write { try $0.numbers() }
        #expect(order.withLock { $0.count } == 5)
        await database.close()
    }

    @Test("later work joins the next commit")
    func later() async throws {
        try database.writeLater { try $0.insert(1) }
        try await database.write { try $0.insert(2) }
        #expect(try await numbers().sorted() == [1, 2])
        #expect(database.statistics.commits == 1)
        await database.close()
    }

    @Test("later work gets a commit of its own when there is no other; its failure is reported")
    func laterAlone() async throws {
        let failure = Lock<SQLiteError?>(nil)
        try database.writeLater { try $0.insert(1) }
        try database.writeLater(onFailure: { error in failure.withLock { $0 = error as? SQLiteError } }) {
            try $0.run("INSERT INTO name VALUES(NULL)")
        }
        await eventually { database.statistics.commits == 1 && database.statistics.failed == 1 }
        await eventually { failure.withLock { $0 != nil } }
        #expect(failure.withLock { $0?.isNotNull } == true)
        #expect(try await numbers() == [1])
        await database.close()
    }

    @Test("patient work joins the next commit and gets its result, or a commit of its own when its patience is over")
    func joining() async throws {
        let database = database
        let joining = Task {
            try await database.write(joiningWithin: .seconds(600)) { db in
                try db.insert(1)
                return "done"
            }
        }
        await eventually { database.statistics.later == 1 }
        #expect(database.statistics.commits == 0)
        try await database.write { try $0.insert(2) }
        #expect(try await joining.value == "done")
        #expect(database.statistics.commits == 1)
        // One that has less patience than others before it does not wait for theirs.
        let long = Task { try await database.write(joiningWithin: .seconds(600)) { try $0.insert(3) } }
        await eventually { database.statistics.later == 1 }
        try await database.write(joiningWithin: .milliseconds(1)) { try $0.insert(4) }
        try await long.value
        #expect(try await numbers().sorted() == [1, 2, 3, 4])
        await database.close()
    }

    @Test("patient work that is cancelled ends at once and changes nothing")
    func joiningCancelled() async throws {
        let database = database
        let joining = Task { try await database.write(joiningWithin: .seconds(600)) { try $0.insert(1) } }
        await eventually { database.statistics.later == 1 }
        joining.cancel()
        await #expect(throws: CancellationError.self) { try await joining.value }
        try await database.write { try $0.insert(2) }
        #expect(try await numbers() == [2])
        await database.close()
    }
}
