import Glibc
import SQLite
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized) struct ProcessTests {
    let folder: Folder

    init() throws { folder = try Folder() }

    @Test("two processes that write without pause get their share each, and nobody waits long")
    func fairness() async throws {
        let database = try Database(path: folder.database, migrations: [entries])
        let helper = try Helper("write", folder.database, "1500", "1000")
        try await helper.ready()
        let isOver = Flag()
        helper.send()
        async let ended = helper.finish()
        async let own = { () async throws -> (count: Int, longest: UInt64) in
            var count = 0
            var longest: UInt64 = 0
            while !isOver.isSet {
                let number = count
                let start = monotonicNanoseconds()
                try await database.write { try $0.insert(number, "own") }
                longest = max(longest, monotonicNanoseconds() - start)
                count += 1
            }
            return (count, longest)
        }()
        let (lines, status) = try await ended
        isOver.set()
        let (count, longest) = try await own
        #expect(status == 0)
        let result = try #require(lines.last).split(separator: " ").compactMap { Int($0) }
        try #require(result.count == 2)
        // Without the turnstile one of the two gets nearly everything.
        let share = Double(result[0]) / Double(result[0] + count)
        #expect(share > 0.2 && share < 0.8, "the helper wrote \(result[0]), the test \(count)")
        #expect(longest < 1_000_000_000 && result[1] < 1_000_000_000)
        #expect(try await database.read { try $0.numbers("helper") } == Array(0..<result[0]))
        #expect(try await database.read { try $0.numbers("own") } == Array(0..<count))
        #expect(try await database.integrityCheck() == [])
        await database.close()
    }

    @Test("no checkpoint of either process overlaps a commit of either one")
    func checkpointsAndCommits() async throws {
        typealias Span = (begin: UInt64, end: UInt64)
        let spans = Mutex<(commits: [Span], checkpoints: [Span])>(([], []))
        let began = Mutex<UInt64>(0)
        var configuration = Configuration()
        configuration.checkpointPages = 20
        configuration.observer = { event in
            let now = monotonicNanoseconds()
            switch event {
            case .groupBegan, .checkpointBegan: began.withLock { $0 = now }
            case .groupEnded: spans.withLock { $0.commits.append((began.withLock { $0 }, now)) }
            case .checkpointEnded: spans.withLock { $0.checkpoints.append((began.withLock { $0 }, now)) }
            }
        }
        let database = try Database(path: folder.database, migrations: [entries], configuration: configuration)
        let helper = try Helper("write", folder.database, "1000", "20")
        try await helper.ready()
        helper.send()
        let isOver = Flag()
        async let ended = helper.finish()
        async let own: Void = {
            var number = 0
            while !isOver.isSet {
                let next = number
                try await database.write { try $0.insert(next, "own") }
                number += 1
            }
        }()
        let (lines, status) = try await ended
        isOver.set()
        try await own
        #expect(try await database.integrityCheck() == [])
        await database.close()
        #expect(status == 0)

        var (commits, checkpoints) = spans.withLock { $0 }
        let ownCheckpoints = checkpoints.count
        for line in lines {
            let words = line.split(separator: " ")
            guard words.count == 3, let begin = UInt64(words[1]), let end = UInt64(words[2]) else { continue }
            if words[0] == "commit" { commits.append((begin, end)) }
            if words[0] == "checkpoint" { checkpoints.append((begin, end)) }
        }
        // Both sides did both.
        #expect(ownCheckpoints > 3 && checkpoints.count > ownCheckpoints + 3 && commits.count > 100)
        // In order of their beginning no span starts before the one before it has ended.
        let all = (commits + checkpoints).sorted { $0.begin < $1.begin }
        #expect(zip(all, all.dropFirst()).allSatisfy { $0.end <= $1.begin })
    }

    @Test("a process that is killed while it holds the locks leaves them free and its transaction undone")
    func killed() async throws {
        let database = try Database(path: folder.database, migrations: [entries])
        let helper = try Helper("die", folder.database)
        try await helper.ready()
        async let write: Void = database.write { try $0.insert(1) }
        helper.send()
        let (_, status) = try await helper.finish()
        #expect(status & 0x7f == SIGKILL)
        try await write
        #expect(try await database.read { try $0.numbers("dead") } == [])
        #expect(try await database.read { try $0.numbers() } == [1])
        #expect(try await database.integrityCheck() == [])
        await database.close()
    }

    @Test("a file lock has one holder, within a process as well")
    func fileLock() throws {
        let first = try FileLock(path: folder.file("lock"))
        let second = try FileLock(path: folder.file("lock"))
        try first.lock()
        #expect(try !second.tryLock())
        first.unlock()
        #expect(try second.tryLock())
        #expect(try !first.tryLock())
        second.unlock()
        #expect(throws: SQLiteError.self) { try FileLock(path: "/nonexistent/lock") }
    }
}
