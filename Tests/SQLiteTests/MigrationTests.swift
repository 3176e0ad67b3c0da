import SQLite
import Testing

@Suite(.timeLimit(.minutes(1))) struct MigrationTests {
    struct Refused: Error {}
    let folder: Folder

    init() throws { folder = try Folder() }

    private func failure(_ migrations: [Migration]) -> SQLiteError? {
        do {
            _ = try Database(path: folder.database, migrations: migrations)
            return nil
        } catch {
            return error as? SQLiteError
        }
    }

    private func version() throws -> Int {
        try Connection(path: folder.database).one("PRAGMA user_version") { try $0.int(0) }
    }

    @Test("each migration runs once, in order")
    func order() async throws {
        let second = Migration(5) { try $0.insert(5) }
        for list in [[entries], [entries, second], [entries, second], [entries, second]] {
            await (try Database(path: folder.database, migrations: list)).close()
        }
        #expect(try version() == 5)
        #expect(try Connection(path: folder.database).numbers() == [5])
    }

    @Test("many that open a new file at once migrate it once", arguments: [2, 8])
    func race(_ count: Int) async throws {
        let path = folder.database
        let list = [entries, Migration(2) { try $0.insert(1) }]
        let databases = try await withThrowingTaskGroup(of: Database.self) { tasks in
            for _ in 0..<count {
                tasks.addTask { try await onThread { try Database(path: path, migrations: list) } }
            }
            return try await tasks.reduce(into: []) { $0.append($1) }
        }
        for database in databases {
            #expect(try await database.read { try $0.numbers() } == [1])
            await database.close()
        }
    }

    @Test("a migration that fails leaves the file as it was")
    func failing() async throws {
        await (try Database(path: folder.database, migrations: [entries])).close()
        let bad = Migration(3) { _ in throw Refused() }
        #expect(throws: Refused.self) {
            try Database(path: folder.database, migrations: [entries, Migration(2) { try $0.insert(1) }, bad])
        }
        #expect(try version() == 1)
        #expect(try Connection(path: folder.database).numbers() == [])
        #expect(failure([entries, Migration(2, script: "CREATE TABLE x(a); CREATE TABLE y(;")])?.code == .error)
        #expect(try version() == 1)
    }

    @Test("a file of a newer program is refused, with both versions in the message")
    func tooNew() async throws {
        await (try Database(path: folder.database, migrations: [entries, Migration(7) { _ in }])).close()
        let error = failure([entries, Migration(5) { _ in }])
        #expect(error?.code == .schemaTooNew)
        #expect(error?.message.contains("version 7") == true && error?.message.contains("up to 5") == true)
    }

    @Test("versions that do not rise from 1 are refused", arguments: [[1, 1], [2, 1], [0], [-1, 2]])
    func versions(_ versions: [Int32]) {
        #expect(failure(versions.map { Migration($0) { _ in } })?.code == .misuse)
    }

    @Test("a table can be rebuilt under its children, but not so that they lose their parents")
    func rebuild() async throws {
        let parent = Migration(2) { connection in
            try connection.insert(1)
            try connection.run("INSERT INTO child(parent) SELECT id FROM entry")
        }
        let rebuilt = """
            CREATE TABLE new(id INTEGER PRIMARY KEY, origin TEXT, number INTEGER, body TEXT, more TEXT);
            INSERT INTO new SELECT id, origin, number, body, '' FROM entry WHERE number = \("NUMBER");
            DROP TABLE entry; ALTER TABLE new RENAME TO entry;
            """
        func step(_ number: Int) -> Migration {
            let parts = rebuilt.split(separator: "NUMBER", omittingEmptySubsequences: false)
            return Migration(3, script: parts.joined(separator: "\(number)"))
        }
        #expect(failure([entries, parent, step(2)])?.isConstraint == true)
        let database = try Database(path: folder.database, migrations: [entries, parent, step(1)])
        #expect(try await database.read { try $0.numbers() } == [1])
        // Enforced again afterwards.
        let orphan = await Task { try await database.write { try $0.run("INSERT INTO child(parent) VALUES(9)") } }
            .result
        #expect(throws: SQLiteError.self) { try orphan.get() }
        await database.close()
    }
}
