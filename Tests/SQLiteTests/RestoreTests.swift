import Foundation
import Glibc
import SQLite
import Testing

@Suite(.timeLimit(.minutes(1))) struct RestoreTests {
    let folder: Folder
    private var backup: String { folder.file("backup.db") }

    init() throws { folder = try Folder() }

    /// A backup with row 1, and a database with rows 1 and 2, the second one only in its log.
    private func prepare() async throws {
        var configuration = Configuration()
        configuration.checkpointPages = .max
        let database = try Database(path: folder.database, migrations: [entries], configuration: configuration)
        try await database.write { try $0.insert(1) }
        try await database.backup(to: backup)
        _ = try await database.checkpoint()
        try await database.write { try $0.insert(2) }
        await database.close()
    }

    /// What is in a database: its rows, and whether it went through a restore.
    private func contents(_ path: String) async throws -> (numbers: [Int], isRestored: Bool) {
        let database = try Database(path: path, migrations: [entries])
        let found = try await database.read { db in
            (try db.numbers(), try db.exists("SELECT 1 FROM name WHERE name = 'restored'"))
        }
        #expect(try await database.integrityCheck() == [])
        await database.close()
        return found
    }

    private func restore(_ file: String, newest: Int32 = 1) throws -> Restore.Outcome {
        try Restore.run(file, over: folder.database, newest: newest) { copy, _ in
            try copy.run("INSERT INTO name VALUES('restored')")
        }
    }

    private func asides() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.contains(".before-restore-") && !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm") }
            .filter { !$0.hasSuffix(".lock") }
    }

    @Test("the backup takes the database's place, and the old one is kept with its log")
    func restores() async throws {
        try await prepare()
        chmod(folder.database, 0o640)
        let outcome = try restore(backup)
        var state = stat()
        #expect(stat(folder.database, &state) == 0 && state.st_mode & 0o777 == 0o640)
        #expect(try await contents(folder.database) == ([1], true))
        let aside = try #require(outcome.aside)
        #expect(try await contents(aside) == ([1, 2], false))
        // Nothing is left of the way there.
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!names.contains { $0.contains(".restor") || $0.contains(".tmp") }, "\(names)")
        // The backup is as it was, and can be used again, in the same second too.
        let second = try restore(backup)
        #expect(second.aside != aside)
        #expect(try await contents(folder.database) == ([1], true))
    }

    @Test("what another database of that name has left is put aside, and never gets into the new one")
    func leftovers() async throws {
        try await prepare()
        for suffix in ["", "-wal", "-shm"] { unlink(folder.database + suffix) }
        for suffix in ["-wal", "-journal"] { try Data("old".utf8).write(to: URL(filePath: folder.database + suffix)) }
        _ = try restore(backup)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!FileManager.default.fileExists(atPath: folder.database + "-journal"))
        for suffix in ["-wal", "-journal"] {
            #expect(names.contains { $0.contains(".before-restore-") && $0.hasSuffix(suffix) }, "\(names)")
        }
        #expect(try await contents(folder.database) == ([1], true))
    }

    @Test("killed at any step a restore leaves the old state or the new one", arguments: Restore.Step.allCases)
    func killed(_ step: Restore.Step) async throws {
        try await prepare()
        let helper = try Helper("restore", folder.database, backup, step.rawValue)
        #expect(try await helper.finish().status & 0x7f == SIGKILL)
        let isNew = ![.locked, .copied, .prepared].contains(step)
        #expect(try await contents(folder.database) == (isNew ? ([1], true) : ([1, 2], false)))
        if isNew {
            let aside = try #require(try asides().first)
            #expect(try await contents(folder.file(aside)) == ([1, 2], false))
        }
        // And another attempt succeeds.
        _ = try restore(backup)
        #expect(try await contents(folder.database) == ([1], true))
        #expect(try asides().count == (isNew ? 2 : 1))
    }

    @Test("a restore that was killed is finished by the next restore, too, and loses nothing")
    func killedTwice() async throws {
        try await prepare()
        _ = try await Helper("restore", folder.database, backup, "logMoved").finish()
        _ = try restore(backup)
        var found: [[Int]] = []
        for aside in try asides() { found.append(try await contents(folder.file(aside)).numbers) }
        #expect(found.sorted { $0.count < $1.count } == [[1], [1, 2]])
    }

    @Test("while anybody has the database open there is no restore, and nothing is changed")
    func inUse() async throws {
        try await prepare()
        let database = try Database(path: folder.database, migrations: [entries])
        #expect(throws: SQLiteError.self) { try restore(backup) }
        try await database.write { try $0.insert(3) }
        await database.close()
        do {
            // A program that knows nothing of the lock file.
            let foreign = try Connection(path: folder.database)
            #expect(try foreign.numbers() == [1, 2, 3])
            let error = #expect(throws: SQLiteError.self) { try restore(backup) }
            #expect(error?.isBusy == true)
            foreign.close()
        }
        #expect(try await contents(folder.database) == ([1, 2, 3], false))
        _ = try restore(backup)
    }

    @Test("one that opens the database during a restore waits for it")
    func waits() async throws {
        try await prepare()
        let lock = try FileLock(path: folder.database + ".in-use.lock")
        try lock.lock()
        let path = folder.database
        async let opened = onThread { try Database(path: path, migrations: [entries]) }
        usleep(50_000)
        _ = try Helper("restore", folder.database, backup).line()
        lock.unlock()
        let database = try await opened
        #expect(try await database.read { try $0.numbers() } == [1, 2])
        await database.close()
    }

    @Test("what is damaged, of another kind or too new is refused, and the database stays as it is")
    func refused() async throws {
        try await prepare()
        let damaged = folder.file("damaged.db")
        do {
            let database = try Database(path: damaged, migrations: [entries])
            try await database.write { db in
                for number in 0..<200 { try db.insert(number, body: String(repeating: "x", count: 1000)) }
            }
            try await database.backup(to: damaged + ".copy")
            await database.close()
        }
        for suffix in ["", "-wal", "-shm"] { unlink(damaged + suffix) }
        try FileManager.default.moveItem(atPath: damaged + ".copy", toPath: damaged)
        let file = try #require(fopen(damaged, "r+"))
        fseek(file, 20 * 4096, SEEK_SET)
        fwrite([UInt8](repeating: 0xa5, count: 4096), 1, 4096, file)
        fclose(file)
        let short = folder.file("short.db")
        try Data(contentsOf: URL(filePath: backup)).prefix(10_000).write(to: URL(filePath: short))
        let text = folder.file("text.db")
        try Data(repeating: 0x41, count: 20_000).write(to: URL(filePath: text))
        let empty = folder.file("empty.db")
        try Data().write(to: URL(filePath: empty))
        for file in [damaged, short, text, empty, folder.database, folder.path, folder.file("none.db")] {
            #expect(throws: SQLiteError.self, "\(file)") { try restore(file) }
        }
        let error = #expect(throws: SQLiteError.self) { try restore(backup, newest: 0) }
        #expect(error?.code == .schemaTooNew)
        #expect(try asides() == [])
        #expect(try await contents(folder.database) == ([1, 2], false))
    }

    @Test("a damaged database is no obstacle: it is moved aside as it is")
    func damagedOld() async throws {
        try await prepare()
        for suffix in ["-wal", "-shm"] { unlink(folder.database + suffix) }
        try Data(repeating: 0x41, count: 50_000).write(to: URL(filePath: folder.database))
        let outcome = try restore(backup)
        #expect(try await contents(folder.database) == ([1], true))
        #expect(Folder.size(try #require(outcome.aside)) == 50_000)
    }

    @Test("through a symbolic link the file behind it is replaced, also when that does not exist yet")
    func link() async throws {
        try await prepare()
        let link = folder.file("link.db")
        for target in ["test.db", "new.db"] {
            unlink(link)
            #expect(symlink(target, link) == 0)
            let outcome = try Restore.run(backup, over: link, newest: 1) { copy, _ in
                try copy.run("INSERT INTO name VALUES('restored')")
            }
            #expect(outcome.path == folder.file(target))
            #expect(try await contents(folder.file(target)) == ([1], true))
            #expect(try await contents(link) == ([1], true))
        }
    }

    @Test("a backup is a single file for its owner alone, replaces nothing unless told to, and leaves nothing behind")
    func backups() async throws {
        try await prepare()
        let target = folder.file("daily.db")
        let outcome = try Backup.run(from: folder.database, to: target, replaces: false)
        #expect(outcome.version == 1 && outcome.octets == Folder.size(target))
        var state = stat()
        #expect(stat(target, &state) == 0 && state.st_mode & 0o777 == 0o600)
        #expect(throws: SQLiteError.self) { try Backup.run(from: folder.database, to: target, replaces: false) }
        for path in [folder.file("none/x.db"), folder.path, ""] {
            #expect(throws: SQLiteError.self) { try Backup.run(from: folder.database, to: path, replaces: false) }
        }
        #expect(throws: SQLiteError.self) {
            try Backup.run(from: folder.file("none.db"), to: folder.file("y.db"), replaces: false)
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("daily") }
        #expect(names == ["daily.db"])
        #expect(Folder.size(folder.file("none.db")) == nil)
        // It can be read where nothing can be written.
        let copy = try Connection(path: target, Connection.Options(.readOnly))
        #expect(try copy.numbers() == [1, 2])
        #expect(Folder.size(target + "-wal") == nil)
    }
}
