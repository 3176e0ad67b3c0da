import Glibc
import SQLite
import Synchronization
import Synchronized
import Testing

/// A folder of its own for one test, removed with what is in it.
final class Folder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/sqlite-test-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        if let listing = opendir(path) {
            while let entry = readdir(listing) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                unlink(path + "/" + name)
            }
            closedir(listing)
        }
        rmdir(path)
    }

    func file(_ name: String) -> String { path + "/" + name }
    var database: String { file("test.db") }

    /// Octets of a file; nil if there is none. Uses no descriptor: those of SQLite's files must stay SQLite's.
    static func size(_ path: String) -> Int? {
        var information = stat()
        return stat(path, &information) == 0 ? Int(information.st_size) : nil
    }
}

let entries = Migration(
    1,
    script: """
        CREATE TABLE entry(
            id INTEGER PRIMARY KEY AUTOINCREMENT, origin TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL);
        CREATE TABLE name(name TEXT PRIMARY KEY) WITHOUT ROWID;
        CREATE TABLE child(
            id INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES entry(id) DEFERRABLE INITIALLY DEFERRED);
        """)

extension Connection {
    func insert(_ number: Int, _ origin: String = "test", body: String = "") throws {
        try run("INSERT INTO entry(origin, number, body) VALUES(?, ?, ?)", origin, number, body)
    }

    func numbers(_ origin: String = "test") throws -> [Int] {
        try all("SELECT number FROM entry WHERE origin = ? ORDER BY id", origin) { try $0.int(0) }
    }
}

/// Tells loops to end.
final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}

/// Opens when told to; a thread may wait for it.
final class Gate: Sendable {
    private let isOpened = Atomic(false)
    private let isReached = Atomic(false)

    func open() { isOpened.store(true, ordering: .releasing) }

    /// Blocks the calling thread, which must be none that runs tasks.
    func wait() {
        isReached.store(true, ordering: .releasing)
        while !isOpened.load(ordering: .acquiring) { usleep(50) }
    }

    /// Returns when somebody waits.
    func reached() async { await eventually { self.isReached.load(ordering: .acquiring) } }
}

/// Returns when the condition holds, or when the time limit of the test cancels it.
func eventually(_ condition: () -> Bool) async {
    while !condition(), !Task.isCancelled { try? await Task.sleep(nanoseconds: 200_000) }
}

private final class Work: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// Runs blocking work on a thread of its own, so that it holds up no other test.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    return try await withCheckedThrowingContinuation { continuation in
        let work = Work { continuation.resume(with: Result { try body() }) }
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, Unmanaged.passRetained(work).toOpaque())
        pthread_detach(thread)
    }
}

/// Groups that no delay of a busy machine cuts in two.
var patient: Configuration {
    var configuration = Configuration()
    configuration.groupMicroseconds = 60_000_000
    return configuration
}

/// Holds the writer in a transaction that changes nothing while `transactions` line up behind it, in order.
///
/// With `patient` groups they all share its commit.
func lineUp<Value: Sendable>(
    _ database: Database, _ transactions: [@Sendable (Connection) throws -> Value]
) async -> [Result<Value, any Error>] {
    let gate = Gate()
    async let blocker: Void = database.write { _ in gate.wait() }
    await gate.reached()
    var tasks: [Task<Value, any Error>] = []
    for (index, transaction) in transactions.enumerated() {
        tasks.append(Task { try await database.write(transaction) })
        await eventually { database.statistics.waiting == index + 1 }
    }
    gate.open()
    _ = try? await blocker
    var results: [Result<Value, any Error>] = []
    for task in tasks { results.append(await task.result) }
    return results
}
