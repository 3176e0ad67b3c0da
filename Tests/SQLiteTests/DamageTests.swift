import Glibc
import SQLite
import Testing

@Suite(.timeLimit(.minutes(1))) struct DamageTests {
    let folder: Folder

    init() throws { folder = try Folder() }

    private func write(_ octets: [UInt8], at offset: Int, of path: String) throws {
        let file = try #require(fopen(path, access(path, F_OK) == 0 ? "r+" : "w"))
        fseek(file, offset, SEEK_SET)
        fwrite(octets, 1, octets.count, file)
        fclose(file)
    }

    private func openFailure(_ path: String, migrations: [Migration] = [entries]) -> SQLiteError? {
        do {
            _ = try Database(path: path, migrations: migrations)
            return nil
        } catch {
            return error as? SQLiteError
        }
    }

    @Test("when the file may not grow, exactly those whose rows are in it got success, and it works again with room")
    func full() async throws {
        let database = try Database(path: folder.database, migrations: [entries], configuration: patient)
        let body = String(repeating: "x", count: 20_000)
        try await database.write { connection in
            let pages = try connection.one("PRAGMA page_count") { try $0.int(0) }
            _ = try connection.one(SQL(unchecked: "PRAGMA max_page_count=\(pages + 60)")) { try $0.int(0) }
        }
        var accepted: [Int] = []
        var failures: [SQLiteError] = []
        for round in 0..<3 {
            let results = await lineUp(
                database,
                (0..<20).map { number in
                    { connection in
                        try connection.insert(round * 100 + number, body: body)
                        return round * 100 + number
                    }
                })
            for result in results {
                switch result {
                case .success(let number): accepted.append(number)
                case .failure(let error): failures.append(try #require(error as? SQLiteError))
                }
            }
            #expect(try await database.read { try $0.numbers() } == accepted)
        }
        #expect(!failures.isEmpty)
        #expect(failures.allSatisfy { $0.isFull && $0.isUnavailable })
        #expect(try await database.integrityCheck() == [])
        try await database.write { connection in
            _ = try connection.one("PRAGMA max_page_count=100000") { try $0.int(0) }
        }
        try await database.write { try $0.insert(999, body: body) }
        #expect(try await database.read { try $0.numbers() } == accepted + [999])
        await database.close()
    }

    @Test("one that hides a full disk from its caller gets no success, and nothing that it does afterwards is stored")
    func swallowed() async throws {
        let database = try Database(path: folder.database, migrations: [entries], configuration: patient)
        try await database.write { connection in
            let pages = try connection.one("PRAGMA page_count") { try $0.int(0) }
            _ = try connection.one(SQL(unchecked: "PRAGMA max_page_count=\(pages + 20)")) { try $0.int(0) }
        }
        let bodies: [@Sendable (Connection) throws -> Void] = [
            { try $0.insert(1) },
            { connection in
                try connection.insert(2)
                try? connection.insert(3, body: String(repeating: "x", count: 200_000))
                try? connection.insert(4)
                try? connection.execute(script: "INSERT INTO name VALUES('outside')")
            },
            { try $0.insert(5) },
        ]
        let results = await lineUp(database, bodies)
        let succeeded = results.map { if case .success = $0 { true } else { false } }
        #expect(succeeded == [false, false, true])
        #expect(try await database.read { try $0.numbers() } == [5])
        #expect(try await database.read { try !$0.exists("SELECT 1 FROM name") })
        // The first one, and the one that had held the writer.
        #expect(database.statistics.lost == 2)
        await database.close()
    }

    @Test("when COMMIT itself fails, nobody gets success")
    func commitFails() async throws {
        await (try Database(path: folder.database, migrations: [entries])).close()
        let helper = try Helper("limited", folder.database)
        let (lines, status) = try await helper.finish()
        #expect(status == 0)
        let counts = try #require(lines.last).split(separator: " ").compactMap { Int($0) }
        try #require(counts.count == 2)
        let database = try Database(path: folder.database)
        #expect(counts[0] < 100, "the limit was not reached")
        #expect(try await database.read { try $0.numbers("limited").count } == counts[0])
        #expect(counts[1] == 100)
        #expect(try await database.read { try $0.numbers("free").count } == 100)
        #expect(try await database.integrityCheck() == [])
        await database.close()
    }

    @Test("a file that is no database is refused and left as it is")
    func notADatabase() throws {
        try write(Array(String(repeating: "this is no database. ", count: 500).utf8), at: 0, of: folder.database)
        let size = Folder.size(folder.database)
        #expect(openFailure(folder.database)?.isCorrupt == true)
        #expect(Folder.size(folder.database) == size)
    }

    @Test("a damaged page is an error for those who need it, is found by the check, and traps nothing")
    func damagedPage() async throws {
        do {
            let database = try Database(path: folder.database, migrations: [entries])
            for number in 0..<200 {
                try await database.write { try $0.insert(number, body: String(repeating: "x", count: 1000)) }
            }
            #expect(try await database.checkpoint().isComplete)
            await database.close()
        }
        unlink(folder.database + "-wal")
        unlink(folder.database + "-shm")
        let size = try #require(Folder.size(folder.database))
        for page in stride(from: 20, to: size / 4096, by: 7) {
            try write([UInt8](repeating: 0xa5, count: 4096), at: page * 4096, of: folder.database)
        }
        let database = try Database(path: folder.database, migrations: [entries])
        let result = await Task { try await database.read { try $0.numbers() } }.result
        if case .failure(let error as SQLiteError) = result {
            #expect(error.isCorrupt)
        } else {
            Issue.record("a damaged page was read")
        }
        #expect(try await !database.integrityCheck().isEmpty)
        // Others are still served.
        try await database.write { try $0.run("INSERT INTO name VALUES('a')") }
        await database.close()
    }

    @Test("a file that this user may not write is refused at the start")
    func readOnlyFile() async throws {
        await (try Database(path: folder.database, migrations: [entries])).close()
        for suffix in ["", "-wal", "-shm", ".next.lock", ".main.lock", ".in-use.lock"] {
            chmod(folder.database + suffix, 0o444)
        }
        chmod(folder.path, 0o555)
        defer { chmod(folder.path, 0o755) }
        let (lines, _) = try await Helper("open", folder.database).finish()
        let answer = try #require(lines.first)
        #expect(answer.hasPrefix("error \(SQLiteError.Code.cannotOpen.rawValue) cannot open lock file"))
        chmod(folder.database + ".next.lock", 0o666)
        chmod(folder.database + ".main.lock", 0o666)
        chmod(folder.database + ".in-use.lock", 0o666)
        let (second, _) = try await Helper("open", folder.database).finish()
        #expect(try #require(second.first).hasPrefix("error \(SQLiteError.Code.readOnly.rawValue) "))
    }

    @Test("a connection that was opened for reading refuses to write")
    func readOnlyConnection() async throws {
        let database = try Database(path: folder.database, migrations: [entries])
        try await database.write { try $0.insert(1) }
        let connection = try Connection(path: folder.database, Connection.Options(.readOnly))
        #expect(try connection.numbers() == [1])
        let error = #expect(throws: SQLiteError.self) { try connection.insert(2) }
        #expect(error?.isReadOnly == true)
        await database.close()
    }

    @Test(
        "a path that cannot be a database is refused", arguments: ["", "/nonexistent/folder/test.db", "/tmp", "a\0b"])
    func path(_ path: String) {
        #expect(openFailure(path)?.code == .cannotOpen)
    }

    @Test(
        "while a foreign program holds the lock a write waits; beyond the limit it gets busy, and then it works again")
    func foreignLock() async throws {
        var configuration = Configuration()
        configuration.busyMilliseconds = 50
        let database = try Database(path: folder.database, migrations: [entries], configuration: configuration)
        let patient = try Database(path: folder.file("other.db"), migrations: [entries])
        for database in [database, patient] {
            let helper = try Helper("lock", database.path)
            try await helper.ready()
            async let result = Task { try await database.write { try $0.insert(1) } }.result
            if database === patient {
                // Its wait has begun: everybody else passes the turnstile before SQLite's lock.
                let turnstile = try FileLock(path: database.path + ".main.lock")
                await eventually {
                    guard (try? turnstile.tryLock()) == true else { return true }
                    turnstile.unlock()
                    return false
                }
                helper.send()
                try await result.get()
            } else if case .failure(let error as SQLiteError) = await result {
                #expect(error.isBusy && error.isUnavailable)
                helper.send()
            } else {
                Issue.record("wrote through a foreign lock")
            }
            #expect(try await helper.finish().status == 0)
            try await database.write { try $0.insert(2) }
            #expect(try await database.read { try $0.numbers() } == (database === patient ? [1, 2] : [2]))
            await database.close()
        }
    }
}
