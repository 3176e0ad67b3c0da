import Glibc
import SQLite
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized) struct ProcessTests {
    let folder: Folder

    init() throws { folder = try Folder() }

    /// Lets two processes write the file at the same time; returns what each printed.
    private func compete(rows: Int, milliseconds: Int, checkpointPages: Int) async throws -> [[[Substring]]] {
        await (try Database(path: folder.database, migrations: [entries])).close()
        let helpers = try ["first", "second"].map { origin in
            try Helper("write", folder.database, origin, "\(rows)", "\(milliseconds)", "\(checkpointPages)")
        }
        for helper in helpers { try await helper.ready() }
        for helper in helpers { helper.send() }
        var printed: [[[Substring]]] = []
        for helper in helpers {
            let (lines, status) = try await helper.finish()
            try #require(status == 0, "\(lines)")
            printed.append(lines.map { $0.split(separator: " ") })
        }
        return printed
    }

    @Test("who gives the lock up and wants it again at once comes after the one that waits")
    func turn() async throws {
        let path = folder.database
        let probe = try FileLock(path: path + ".next.lock")
        for _ in 0..<20 {
            let lock = try FairLock(database: path)
            try lock.acquire()
            let hadIt = Flag()
            async let other: Void = onThread {
                let lock = try FairLock(database: path)
                try lock.acquire()
                hadIt.set()
                lock.release()
            }
            // It stands in the turnstile.
            await eventually {
                guard (try? probe.tryLock()) == true else { return true }
                probe.unlock()
                return false
            }
            try await onThread {
                lock.release()
                try lock.acquire()
                lock.release()
                #expect(hadIt.isSet)
            }
            try await other
        }
    }

    @Test("two processes that want the lock again at once take turns")
    func turnstile() async throws {
        let helpers = try (0..<2).map { _ in try Helper("turnstile", folder.database, "1000") }
        for helper in helpers { try await helper.ready() }
        for helper in helpers { helper.send() }
        var counts: [Int] = []
        for helper in helpers {
            let words = try #require(try await helper.finish().lines.last).split(separator: " ")
            counts.append(try #require(words.last.flatMap { Int($0) }))
        }
        // On a plain lock one of the two gets nearly nothing.
        #expect(counts.allSatisfy { $0 * 3 > counts[0] + counts[1] }, "\(counts)")
    }

    /// The most commits that one side made in a row, while both were at it.
    private func longestRun(_ printed: [[[Substring]]]) -> Int {
        let begins = printed.map { lines in lines.filter { $0.first == "commit" }.compactMap { UInt64($0[1]) } }
        let start = begins.compactMap(\.first).max() ?? 0
        let end = begins.compactMap(\.last).min() ?? 0
        let sides = begins.enumerated().flatMap { side, times in times.map { (side: side, time: $0) } }
            .filter { (start...max(start, end)).contains($0.time) }.sorted { $0.time < $1.time }.map(\.side)
        var longest = 0
        var run = 0
        for (index, side) in sides.enumerated() {
            run = index > 0 && sides[index - 1] == side ? run + 1 : 1
            longest = max(longest, run)
        }
        return longest
    }

    @Test("two processes that write without pause get their share each, and nobody waits long")
    func fairness() async throws {
        let printed = try await compete(rows: .max, milliseconds: 1500, checkpointPages: 1000)
        let results = printed.map { lines in (lines.last ?? []).compactMap { Int($0) } }
        try #require(results.allSatisfy { $0.count == 2 })
        let counts = results.map { $0[0] }
        #expect(counts.allSatisfy { $0 * 5 > counts[0] + counts[1] }, "\(counts)")
        // Long is what the other side does meanwhile, not what the disk takes: a flush may stall both for seconds.
        #expect(longestRun(printed) * 3 < counts[0] + counts[1], "\(results)")
        let database = try Database(path: folder.database, migrations: [entries])
        let stored = try await database.read { [try $0.numbers("first").count, try $0.numbers("second").count] }
        #expect(stored == counts)
        #expect(try await database.integrityCheck() == [])
        await database.close()
    }

    @Test("no checkpoint of either process overlaps a commit of either one")
    func checkpointsAndCommits() async throws {
        let printed = try await compete(rows: 100, milliseconds: 40_000, checkpointPages: 20)
        func spans(_ kind: String) -> [[(begin: UInt64, end: UInt64)]] {
            printed.map { lines in
                lines.filter { $0.count == 3 && $0[0] == kind }.map { (UInt64($0[1]) ?? 0, UInt64($0[2]) ?? 0) }
            }
        }
        let commits = spans("commit")
        let checkpoints = spans("checkpoint")
        // Both sides did both.
        #expect(commits.allSatisfy { $0.count > 50 })
        #expect(checkpoints.allSatisfy { $0.count > 2 })
        // In order of their beginning none starts before the one before it has ended.
        let all = (commits + checkpoints).flatMap { $0 }.sorted { $0.begin < $1.begin }
        #expect(zip(all, all.dropFirst()).allSatisfy { $0.end <= $1.begin })
        let database = try Database(path: folder.database, migrations: [entries])
        #expect(try await database.integrityCheck() == [])
        await database.close()
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

    @Test("a holder that does not move delays a write no longer than is allowed, and nothing is lost")
    func stoppedHolder() async throws {
        var configuration = Configuration()
        configuration.lockMilliseconds = 150
        let database = try Database(path: folder.database, migrations: [entries], configuration: configuration)
        let holder = try FairLock(database: database.path)
        try holder.acquire()
        let error = await #expect(throws: SQLiteError.self) { try await database.write { try $0.insert(1) } }
        #expect(error?.isBusy == true)
        #expect(error?.isUnavailable == true)
        #expect(try await database.read { try $0.numbers() } == [])
        holder.release()
        try await database.write { try $0.insert(2) }
        #expect(try await database.read { try $0.numbers() } == [2])
        try holder.acquire()
        // It does not wait for the holder either.
        await database.close()
        holder.release()
    }

    @Test("waiting for a lock ends when it is freed, long before the time is over")
    func waitEnds() async throws {
        let first = try FileLock(path: folder.file("lock"))
        let second = try FileLock(path: folder.file("lock"))
        try first.lock()
        async let got = onThread { try second.lock(within: 60_000) }
        first.unlock()
        #expect(try await got)
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
