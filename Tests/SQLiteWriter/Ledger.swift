import Glibc
import SQLite
import Synchronized

/// Writes, reads, checkpoints and makes backups without pause until it is killed, and notes in a file of its own what has
/// happened: `w NUMBER` after each commit that was reported as done, `c` after each checkpoint, `b` after each backup,
/// `e TEXT` for what may never be.
///
/// Each transaction makes one entry with three parts, and moves pages about in a third table. So what is half or double
/// can be told from the rows alone.
enum Ledger {
    static let migrations = [
        Migration(
            1,
            script: """
                CREATE TABLE entry(
                    id INTEGER PRIMARY KEY AUTOINCREMENT, origin TEXT NOT NULL, number INTEGER NOT NULL,
                    UNIQUE(origin, number));
                CREATE TABLE part(
                    entry INTEGER NOT NULL REFERENCES entry(id), position INTEGER NOT NULL, body BLOB NOT NULL,
                    PRIMARY KEY(entry, position)) WITHOUT ROWID;
                CREATE TABLE scratch(id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL);
                """)
    ]

    /// - Parameters:
    ///   - file: where it notes what happened, and, with `.copy`, where its backups go.
    static func write(_ path: String, origin: String, file: String, checkpointPages: Int) async throws {
        let descriptor = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { exit(2) }
        // One write(2) a line: it is in the file when it returns, whatever becomes of this process.
        @Sendable func note(_ line: String) {
            let octets = Array((line + "\n").utf8)
            _ = Glibc.write(descriptor, octets, octets.count)
        }
        var configuration = Configuration()
        configuration.checkpointPages = checkpointPages
        configuration.observer = { event in if event == .checkpointEnded { note("c") } }
        let database = try Database(path: path, migrations: migrations, configuration: configuration)
        say("ready")
        let numbers = Numbers()
        @Sendable func writing() async {
            while true {
                let number = numbers.next()
                do {
                    try await database.write { db in try insert(db, origin, number) }
                    note("w \(number)")
                } catch {
                    note("e \(error)")
                }
            }
        }
        @Sendable func reading() async {
            while true {
                do {
                    if try await database.read({ db in try isTorn(db) }) { note("e a read saw half a transaction") }
                } catch {
                    note("e \(error)")
                }
            }
        }
        @Sendable func backingUp() async {
            while true {
                do {
                    try await database.backup(to: file + ".copy", pagesPerStep: 8)
                    note("b")
                } catch {
                    note("e \(error)")
                }
            }
        }
        await withTaskGroup(of: Void.self) { tasks in
            for _ in 0..<4 { tasks.addTask { await writing() } }
            tasks.addTask { await reading() }
            tasks.addTask { await backingUp() }
        }
    }

    private final class Numbers: Sendable {
        private let last = Lock(0)

        func next() -> Int {
            last.withLock { last in
                last += 1
                return last
            }
        }
    }

    private static func insert(_ db: Connection, _ origin: String, _ number: Int) throws {
        try db.run("INSERT INTO entry(origin, number) VALUES(?, ?)", origin, number)
        let entry = db.lastInsertRowID
        for position in 0..<3 {
            let body = [UInt8](
                repeating: UInt8(truncatingIfNeeded: number), count: (number * 97 + position * 389) % 1500)
            try db.run("INSERT INTO part(entry, position, body) VALUES(?, ?, ?)", entry, position, body)
        }
        let junk = [UInt8](repeating: 0x5a, count: (number * 131) % 9000)
        try db.run("INSERT INTO scratch(body) VALUES(?)", junk)
        // Pages become free and are used again for something else.
        try db.run("DELETE FROM scratch WHERE id <= ?", db.lastInsertRowID - 20)
    }

    private static func isTorn(_ db: Connection) throws -> Bool {
        let start = try db.one("SELECT ifnull(max(id), 0) - 100 FROM entry") { try $0.int64(0) }
        return try db.exists(
            """
            SELECT 1 FROM entry e WHERE id > ? AND (SELECT count(*) FROM part p WHERE p.entry = e.id) <> 3
            """, start)
    }
}
