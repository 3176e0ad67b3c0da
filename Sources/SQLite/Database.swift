/// A database file with one writer thread and a few reader threads; to be used from any task.
///
/// Several of them may have the same file open, in one process or in many.
package final class Database: Sendable {
    /// As SQLite resolved it: absolute, without symbolic links.
    package let path: String
    let configuration: Configuration
    private let writer: Writer
    private let readers: JobQueue
    private let use: UseLock

    /// Opens or creates the file and brings its schema up to date. Blocks its thread, and waits if another process is
    /// about to do the same: for the start of a program.
    package init(
        path: String, migrations: [Migration] = [], configuration: Configuration = Configuration()
    ) throws {
        let resolved = try FilePath.resolve(path)
        if let present = FileState(resolved), present.kind != .regular {
            throw SQLiteError(.cannotOpen, "unable to open database file: \(path) is \(present.kind.rawValue)")
        }
        // Before the file is opened: a restore could put another one into its place.
        use = try UseLock.shared(resolved)
        let connection = try Connection(opening: resolved, configuration.options(queryOnly: false))
        self.path = connection.resolvedPath
        self.configuration = configuration
        let lock = try FairLock(database: self.path)
        try lock.acquire()
        do {
            defer { lock.release() }
            try connection.configure(configuration.options(queryOnly: false))
            try Migration.apply(migrations, to: connection)
        }
        var small = configuration.options(queryOnly: false)
        small.cacheKiB = 64
        let checkpointer = Checkpointer(
            try Connection(path: self.path, small), threshold: configuration.checkpointPages)
        let count = max(1, configuration.readers)
        let connections = try (0..<count).map { _ in
            try Connection(path: resolved, configuration.options(queryOnly: true))
        }
        readers = JobQueue(limit: configuration.queueLimit, patience: 0, threads: count)
        writer = Writer(
            connection: connection, checkpointer: checkpointer, lock: lock, readers: readers,
            configuration: configuration)
        try Readers.start(connections, readers)
        do {
            try writer.start()
        } catch {
            readers.beginClosing()
            throw error
        }
    }

    deinit {
        writer.queue.beginClosing()
        readers.beginClosing()
    }

    /// Runs `body` on the writer's thread and returns its result once it is committed and synced.
    ///
    /// It shares a commit with others that wait, but succeeds or fails alone: what it throws undoes its own changes only.
    /// When the disk is full, I/O fails or memory runs out, all of the commit's transactions may fail together; nobody
    /// whose changes are gone gets a result. `body` runs at most once.
    ///
    /// A task that is cancelled while it waits throws `CancellationError` and changes nothing; once `body` has begun, the
    /// call returns what came of it. Throws `overloaded` if the queue is full, `closed` after `close`.
    @discardableResult
    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (Connection) throws -> Value
    ) async throws -> Value {
        try await writer.queue.perform(body)
    }

    /// The same for work that nobody waits for: it joins the next commit that happens anyway, or gets one of its own when
    /// `patience` is over.
    @discardableResult
    package func write<Value: Sendable>(
        joiningWithin patience: Duration, _ body: @escaping @Sendable (Connection) throws -> Value
    ) async throws -> Value {
        try await writer.queue.perform(patience: UInt64(max(0, patience / .nanoseconds(1))), body)
    }

    /// Puts `body` into the next commit that happens anyway, or into one of its own after 100 ms. For work whose loss in a
    /// crash does no harm: nobody waits for it. `onFailure` is called on the writer's thread.
    package func writeLater(
        onFailure: @escaping @Sendable (any Error) -> Void = { _ in },
        _ body: @escaping @Sendable (Connection) throws -> Void
    ) throws(SQLiteError) {
        try writer.queue.submitLater(LaterJob(body, onFailure))
    }

    /// Runs `body` on a reader's thread in one read transaction, which begins after the call: it sees all that was
    /// committed before.
    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (Connection) throws -> Value
    ) async throws -> Value {
        try await readers.perform(body)
    }

    /// A number that differs from the last one if anybody, here or in another process, has committed in between
    /// (sqlite.org/pragma.html#pragma_data_version). Cheap enough to poll.
    package func dataVersion() async throws -> Int64 {
        // It compares within one connection only: always the same reader.
        try await readers.perform(pinned: true) { connection in
            try connection.one("PRAGMA data_version") { try $0.int64(0) }
        }
    }

    /// Adds a closure that is called once after each commit that changed something, on the writer's thread, before the
    /// callers get their answers, with the number of transactions. It must be short.
    package func onCommit(_ hook: @escaping @Sendable (Int) -> Void) { writer.addHook(hook) }

    /// Copies the write-ahead log into the database file as far as readers allow. The writer does it by itself too.
    @discardableResult
    package func checkpoint() async throws -> Checkpoint { try await writer.queue.requestCheckpoint() }

    /// What is wrong with the file; empty if nothing is. Reads all of it.
    package func integrityCheck() async throws -> [String] {
        try await read { connection in
            do {
                let found = try connection.all("PRAGMA integrity_check(100)") { try $0.text(0) }
                let orphans = try connection.all("PRAGMA foreign_key_check") {
                    "row of \(try $0.text(0)) without parent"
                }
                return (found == ["ok"] ? [] : found) + orphans.prefix(100)
            } catch let error as SQLiteError where error.isCorrupt {
                // Some damage ends the check itself.
                return [error.message]
            }
        }
    }

    package var statistics: Statistics {
        var statistics = writer.queue.statistics
        statistics.reads = readers.statistics.reads
        return statistics
    }

    /// The program is about to end: from now on nobody waits longer than a moment for a lock that another program holds, and
    /// whoever needs it is told that it is busy. Without one all goes on as before.
    package func hurry() { writer.queue.hurry() }

    /// Accepts nothing more, does what waits, ends the threads and closes the connections. May be called again.
    package func close() async {
        writer.queue.beginClosing()
        await writer.queue.waitForEnd()
        // After the writer, which may ask the readers to stand aside.
        readers.beginClosing()
        await readers.waitForEnd()
        use.release()
    }
}
