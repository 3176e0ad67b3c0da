import SQLite
import Testing

@Suite struct StatementTests {
    let folder: Folder
    let connection: Connection

    init() throws {
        folder = try Folder()
        connection = try Connection(path: folder.database)
        try connection.execute(script: "CREATE TABLE t(id INTEGER PRIMARY KEY, v); CREATE UNIQUE INDEX u ON t(v);")
    }

    private func code(_ body: () throws -> Void) -> SQLiteError.Code? {
        do {
            try body()
            return nil
        } catch let error as SQLiteError {
            return error.code
        } catch {
            return SQLiteError.Code(rawValue: 999)
        }
    }

    @Test("every kind of value comes back as it was bound")
    func roundTrip() throws {
        try connection.run("INSERT INTO t VALUES(1, ?)", Int64.min)
        try connection.run("INSERT INTO t VALUES(2, ?)", 1.5)
        try connection.run("INSERT INTO t VALUES(3, ?)", "text 한글")
        try connection.run("INSERT INTO t VALUES(4, ?)", [0, 255] as [UInt8])
        try connection.run("INSERT INTO t VALUES(5, ?)", Null())
        try connection.run("INSERT INTO t VALUES(6, ?)", "" as String?)
        try connection.run("INSERT INTO t VALUES(7, ?)", nil as Int?)
        try connection.run("INSERT INTO t VALUES(8, ?)", [] as [UInt8])
        try connection.run("INSERT INTO t VALUES(9, ?)", UTF8Text(Array("octets".utf8)))
        try connection.run("INSERT INTO t VALUES(10, ?)", true)
        try connection.run("INSERT INTO t VALUES(11, ?)", "literal" as StaticString)
        try connection.run("INSERT INTO t VALUES(12, ?)", String(repeating: "long", count: 100_000))
        #expect(try connection.one("SELECT v FROM t WHERE id = 1") { try $0.int64(0) } == .min)
        #expect(try connection.one("SELECT v FROM t WHERE id = 2") { try $0.double(0) } == 1.5)
        #expect(try connection.one("SELECT v FROM t WHERE id = 3") { try $0.text(0) } == "text 한글")
        #expect(try connection.one("SELECT v FROM t WHERE id = 4") { try $0.bytes(0) } == [0, 255])
        #expect(try connection.one("SELECT v FROM t WHERE id = 5") { try $0.isNull(0) })
        #expect(try connection.one("SELECT v FROM t WHERE id = 6") { try $0.text(0) } == "")
        #expect(try connection.one("SELECT v FROM t WHERE id = 7") { try $0.optionalInt(0) } == nil)
        #expect(try connection.one("SELECT v FROM t WHERE id = 8") { try $0.bytes(0) } == [])
        #expect(try connection.one("SELECT v FROM t WHERE id = 9") { try $0.text(0) } == "octets")
        #expect(try connection.one("SELECT v FROM t WHERE id = 10") { try $0.bool(0) })
        #expect(try connection.one("SELECT v FROM t WHERE id = 11") { try $0.optionalText(0) } == "literal")
        #expect(try connection.one("SELECT v FROM t WHERE id = 12") { try $0.withBytes(0) { $0.count } } == 400_000)
    }

    @Test("text with a NUL and text that is not UTF-8 neither trap nor end early")
    func hostileText() throws {
        try connection.run("INSERT INTO t VALUES(1, ?)", "a\0b")
        try connection.execute(script: "INSERT INTO t VALUES(2, CAST(x'ff41c0' AS TEXT))")
        #expect(try connection.one("SELECT v FROM t WHERE id = 1") { try $0.text(0) } == "a\0b")
        #expect(try connection.one("SELECT v FROM t WHERE id = 2") { try $0.text(0) } == "\u{fffd}A\u{fffd}")
        #expect(try connection.one("SELECT v FROM t WHERE id = 2") { try $0.bytes(0) } == [0xff, 0x41, 0xc0])
    }

    @Test("a value of another type than asked for is an error that names the column and not the value")
    func mismatch() throws {
        try connection.run("INSERT INTO t VALUES(1, ?)", "secret")
        let error = #expect(throws: SQLiteError.self) {
            try connection.one("SELECT id, v FROM t") { try $0.int(1) }
        }
        #expect(error?.isMismatch == true)
        #expect(error?.message == "column 1 (v) holds TEXT, not INTEGER")
        #expect(error?.sql == "SELECT id, v FROM t")
        #expect(code { _ = try connection.one("SELECT id FROM t") { try $0.text(0) } } == .mismatch)
        #expect(code { _ = try connection.one("SELECT NULL") { try $0.int(0) } } == .mismatch)
        #expect(code { _ = try connection.one("SELECT 1") { try $0.bytes(0) } } == .mismatch)
        #expect(code { _ = try connection.one("SELECT v FROM t") { try $0.double(0) } } == .mismatch)
    }

    @Test("a column that is not there is an error", arguments: [-1, 1, .max, .min])
    func range(_ column: Int) {
        #expect(code { _ = try connection.one("SELECT 1") { try $0.int(column) } } == .range)
        #expect(code { _ = try connection.one("SELECT 1") { try $0.optionalText(column) } } == .range)
        #expect(code { try connection.one("SELECT 'x'") { try $0.withBytes(column) { _ in } } } == .range)
    }

    @Test("too few and too many values are errors, not the values of last time")
    func valueCount() throws {
        try connection.run("INSERT INTO t VALUES(?, ?)", 1, 1)
        #expect(code { try connection.run("INSERT INTO t VALUES(?, ?)", 2) } == .range)
        #expect(code { try connection.run("INSERT INTO t VALUES(?, ?)") } == .range)
        #expect(code { try connection.run("INSERT INTO t VALUES(?, ?)", 2, 3, 4) } == .range)
        #expect(try connection.one("SELECT count(*) FROM t") { try $0.int(0) } == 1)
    }

    @Test("a constraint error says which one")
    func constraints() throws {
        try connection.execute(
            script: "CREATE TABLE c(a INTEGER NOT NULL, b CHECK(b > 0), p REFERENCES t(id)); INSERT INTO t VALUES(1, 1)"
        )
        func failure(_ sql: SQL) -> SQLiteError? { #expect(throws: SQLiteError.self) { try connection.run(sql) } }
        let unique = failure("INSERT INTO t VALUES(2, 1)")
        #expect(unique?.isUnique == true && unique?.isConstraint == true)
        #expect(failure("INSERT INTO t VALUES(1, 2)")?.isUnique == true)
        #expect(failure("INSERT INTO c VALUES(NULL, 1, 1)")?.isNotNull == true)
        #expect(failure("INSERT INTO c VALUES(1, 0, 1)")?.isCheck == true)
        #expect(failure("INSERT INTO c VALUES(1, 1, 9)")?.isForeignKey == true)
        #expect(failure("SELECT * FROM nowhere")?.code == .error)
        #expect(failure("SELECT \"not a column\"")?.code == .error)
    }

    @Test("a statement is ready again after an error of SQLite and of the closure")
    func reset() throws {
        struct Stop: Error {}
        for number in 1...3 { try connection.run("INSERT INTO t VALUES(?, ?)", number, number) }
        for _ in 0..<3 {
            #expect(throws: Stop.self) { try connection.each("SELECT id FROM t") { _ in throw Stop() } }
            #expect(code { try connection.run("INSERT INTO t VALUES(?, ?)", 9, 1) } == .constraint)
        }
        #expect(try connection.all("SELECT id FROM t") { try $0.int(0) } == [1, 2, 3])
        // A statement left open would keep the log from being checkpointed and this from committing.
        try connection.transaction { try connection.run("INSERT INTO t VALUES(?, ?)", 4, 4) }
    }

    @Test("a statement may be used inside its own rows")
    func recursion() throws {
        for number in 1...3 { try connection.run("INSERT INTO t VALUES(?, ?)", number, number) }
        func ids() throws -> [Int] { try connection.all("SELECT id FROM t ORDER BY id") { try $0.int(0) } }
        func pairs(_ depth: Int) throws -> Int {
            if depth == 0 { return 1 }
            return try connection.all("SELECT id FROM t ORDER BY 1") { _ in try pairs(depth - 1) }.reduce(0, +)
        }
        #expect(try pairs(3) == 27)
        #expect(try ids() == [1, 2, 3])
    }

    @Test("a statement that was changed by the schema is prepared again, with its new columns")
    func schemaChange() throws {
        try connection.run("INSERT INTO t VALUES(1, 1)")
        #expect(try connection.one("SELECT * FROM t") { $0.count } == 2)
        try connection.execute(script: "ALTER TABLE t ADD COLUMN w DEFAULT 7")
        #expect(try connection.one("SELECT * FROM t") { try $0.int(2) } == 7)
    }

    @Test("one text is one statement", arguments: ["", "  ;", "SELECT 1; SELECT 2", "-- nothing", "SELECT"])
    func single(_ text: String) {
        #expect(code { try connection.run(SQL(unchecked: text)) } != nil)
    }

    @Test("a statement may end with a semicolon and white space")
    func trailing() throws {
        #expect(try connection.one("SELECT 1; \n") { try $0.int(0) } == 1)
    }

    @Test("texts made at run time are cached and stay correct beyond the size of the cache")
    func dynamic() throws {
        for round in 0..<3 {
            for number in 0..<150 {
                let sql = SQL(unchecked: "SELECT \(number) + ?")
                #expect(try connection.one(sql, round) { try $0.int(0) } == number + round)
            }
        }
    }

    @Test(
        "what belongs to the writer is refused",
        arguments: [
            "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "RELEASE a", "ATTACH ':memory:' AS other",
            "PRAGMA wal_checkpoint", "PRAGMA main.WAL_CHECKPOINT(TRUNCATE)", "PRAGMA wal_autocheckpoint=10",
            "PRAGMA journal_mode=DELETE", "PRAGMA synchronous=OFF", "PRAGMA mmap_size=1000000",
        ])
    func reserved(_ text: String) {
        #expect(code { try connection.run(SQL(unchecked: text)) } == .notAuthorized)
        #expect(code { try connection.execute(script: text) } == .notAuthorized)
    }

    @Test("RETURNING gives its row and makes all of the change")
    func returning() throws {
        let id = try connection.one("INSERT INTO t(v) VALUES(1), (2), (3) RETURNING id") { try $0.int(0) }
        #expect(id == 1)
        #expect(try connection.one("SELECT count(*) FROM t") { try $0.int(0) } == 3)
        #expect(try connection.run("UPDATE t SET v = v + 10") == 3)
        #expect(try connection.run("DELETE FROM t WHERE id = ?", 99) == 0)
        #expect(try !connection.exists("SELECT 1 FROM t WHERE id = ?", 99))
        #expect(code { _ = try connection.one("SELECT 1 FROM t WHERE id = ?", 99) { try $0.int(0) } } == .noRow)
    }

    @Test("a closed connection answers with an error")
    func closed() throws {
        try connection.run("INSERT INTO t VALUES(1, 1)")
        connection.close()
        connection.close()
        #expect(code { try connection.run("INSERT INTO t VALUES(1, 1)") } == .closed)
        #expect(code { try connection.execute(script: "SELECT 1") } == .closed)
        #expect(code { try connection.transaction {} } == .closed)
        #expect(connection.lastInsertRowID == 0 && connection.changes == 0)
    }

    @Test("a transaction and a savepoint undo exactly their own part")
    func transactions() throws {
        struct Stop: Error {}
        #expect(throws: Stop.self) {
            try connection.transaction {
                try connection.run("INSERT INTO t VALUES(1, 1)")
                throw Stop()
            }
        }
        try connection.transaction {
            try connection.run("INSERT INTO t VALUES(2, 2)")
            #expect(throws: Stop.self) {
                try connection.savepoint {
                    try connection.run("INSERT INTO t VALUES(3, 3)")
                    throw Stop()
                }
            }
            try connection.savepoint { try connection.run("INSERT INTO t VALUES(4, 4)") }
            #expect(code { try connection.transaction {} } == .misuse)
        }
        #expect(code { try connection.savepoint {} } == .misuse)
        #expect(try connection.all("SELECT id FROM t ORDER BY id") { try $0.int(0) } == [2, 4])
    }
}
