import Glibc
import Testing

@testable import SQLite

@Suite(.timeLimit(.minutes(1))) struct GatheredLogTests {
    let folder: Folder

    init() throws { folder = try Folder() }

    /// A cache this small writes pages of an open transaction to the log.
    private func open(cacheKiB: Int = 2048) throws -> Connection {
        var options = Connection.Options()
        options.cacheKiB = cacheKiB
        return try Connection(path: folder.database, options)
    }

    private func create() throws {
        let db = try open()
        defer { db.close() }
        try db.transaction {
            try db.execute(
                script: "CREATE TABLE item(id INTEGER PRIMARY KEY, origin TEXT NOT NULL, body TEXT NOT NULL)")
        }
    }

    private func insert(_ count: Int, _ origin: String, in db: Connection) throws {
        for number in 0..<count {
            let body = String(repeating: "\(origin) \(number) ", count: 400)
            try db.run("INSERT INTO item(origin, body) VALUES(?, ?)", origin, body)
        }
    }

    private func count(_ origin: String, in db: Connection) throws -> Int {
        try db.one("SELECT count(*) FROM item WHERE origin = ?", origin) { try $0.int(0) }
    }

    /// Calls of write(2) and its like by this thread so far.
    private func writes() throws -> Int {
        let file = try #require(fopen("/proc/thread-self/io", "r"))
        defer { fclose(file) }
        var text = [CChar](repeating: 0, count: 512)
        let length = fread(&text, 1, text.count, file)
        let lines = String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self).split(
            separator: "\n")
        let line = try #require(lines.first { $0.hasPrefix("syscw: ") })
        return try #require(Int(line.dropFirst(7)))
    }

    @Test("a commit of hundreds of pages takes a few writes, and everybody reads it")
    func few() throws {
        try create()
        let db = try open()
        defer { db.close() }
        let before = try writes()
        try db.transaction { try insert(300, "one", in: db) }
        let taken = try writes() - before
        // Of 128 KiB each.
        #expect((4...30).contains(taken), "\(taken) writes")
        let other = try open()
        defer { other.close() }
        #expect(try count("one", in: other) == 300)
        #expect(try other.one("PRAGMA integrity_check") { try $0.text(0) } == "ok")
    }

    @Test("a transaction larger than the cache reads what it wrote itself")
    func spilled() throws {
        try create()
        let db = try open(cacheKiB: 64)
        defer { db.close() }
        try db.transaction {
            for part in 1...10 {
                try insert(40, "own", in: db)
                #expect(try count("own", in: db) == part * 40)
                try db.run("UPDATE item SET body = body || ? WHERE id % 7 = 0", String(part))
            }
        }
        #expect(try db.one("PRAGMA integrity_check") { try $0.text(0) } == "ok")
        let other = try open()
        defer { other.close() }
        #expect(try count("own", in: other) == 400)
    }

    @Test("what a transaction wrote that was rolled back never covers what another one committed in its place")
    func rolledBack() async throws {
        struct Undone: Error {}
        try create()
        let database = try Database(path: folder.database)
        let first = try open(cacheKiB: 64)
        let second = try open(cacheKiB: 64)
        let reader = try open()
        defer { for db in [first, second, reader] { db.close() } }
        for size in 20..<60 {
            // Nothing is read from the log when the first one is undone, which would make it write what it has.
            #expect(try await database.checkpoint().isComplete)
            #expect(throws: Undone.self) {
                try first.transaction {
                    try insert(size, "undone", in: first)
                    throw Undone()
                }
            }
            try second.transaction { try insert(size, "second", in: second) }
            // It writes somewhere else in the log, which is what would make it write first what it had left.
            try first.transaction { try insert(1, "first", in: first) }
        }
        #expect(try count("undone", in: reader) == 0)
        #expect(try count("second", in: reader) == (20..<60).reduce(0, +))
        #expect(try count("first", in: reader) == 40)
        #expect(try reader.one("PRAGMA integrity_check") { try $0.text(0) } == "ok")
        await database.close()
    }

    @Test("a full disk that a read meets first takes nothing out of the commit that follows")
    func full() throws {
        try create()
        let db = try open(cacheKiB: 64)
        defer { db.close() }
        try db.transaction { try insert(100, "old", in: db) }
        try db.transaction {
            var failures = 0
            for id in 101...160 {
                try insert(1, "new", in: db)
                guard id > 120 else { continue }
                // Its pages have left the cache. It fails alone: of several rows, it has a journal of its own.
                do {
                    try FullDisk.during(folder.database + "-wal") {
                        _ = try db.run("UPDATE item SET origin = ? WHERE id IN (?, ?)", "new", id - 20, id - 19)
                    }
                } catch {
                    failures += 1
                }
            }
            #expect(failures > 0)
            try #require(db.isInTransaction)
        }
        let other = try open()
        defer { other.close() }
        #expect(try other.one("PRAGMA integrity_check") { try $0.text(0) } == "ok")
        #expect(try count("new", in: other) == 60)
        #expect(try count("old", in: other) == 100)
    }
}
