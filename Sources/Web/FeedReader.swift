import Delivery
import EventLoop
import HTTP
import SQLite
import Service

/// Reads the log for all loops of the process, when something says that it has grown, and hands what is new to those that
/// have streams.
actor FeedReader {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private nonisolated let database: Database
    private nonisolated let sequence: FeedSequence
    private nonisolated let dispatchers: [FeedDispatcher]
    private nonisolated let counts: EventStreamMetrics
    private let interval: Duration
    private var isPolling = false

    private static let pageSize = 500

    /// - Parameter interval: between two looks at the log's end.
    init(
        on loop: EventLoop, _ database: Database, _ sequence: FeedSequence, _ dispatchers: [FeedDispatcher],
        _ counts: EventStreamMetrics, interval: Duration
    ) {
        (self.loop, self.database, self.sequence) = (loop, database, sequence)
        (self.dispatchers, self.counts, self.interval) = (dispatchers, counts, interval)
    }

    // MARK: - From any thread

    nonisolated func offer(_ events: [FeedEvent]) {
        let passing = Passing(dispatchers)
        if let position = sequence.offer(events, pass: passing.pass) { readLog(behind: position) }
    }

    nonisolated func hint(upTo head: Int?) {
        if let position = sequence.hint(upTo: head) { readLog(behind: position) }
    }

    /// Another process may append too, and its hint may be lost: while somebody listens, the log's end is looked at now and
    /// then. To be called when the first one begins to listen.
    nonisolated func startPolling() {
        loop.execute { self.assumeIsolated { $0.poll() } }
    }

    private nonisolated func readLog(behind position: Int) {
        Task(executorPreference: loop) { await self.catchUp(behind: position) }
    }

    // MARK: - On the loop

    private func catchUp(behind position: Int) async {
        var next: Int? = position
        while let position = next {
            let limit = Self.pageSize
            counts.reads.add()
            let page = try? await database.read { db in
                (
                    events: try Feed.events(after: position, limit: limit, in: db), pruned: try Feed.pruned(in: db)
                )
            }
            let passing = Passing(dispatchers)
            next = sequence.didRead(
                page?.events, isComplete: page.map { $0.events.count < limit } ?? true, pruned: page?.pruned ?? 0,
                pass: passing.pass, lose: { [dispatchers] hub in dispatchers[hub].lose() })
        }
    }

    private func poll() {
        guard !isPolling else { return }
        isPolling = true
        loop.schedule(after: interval) { [weak self] in
            self?.assumeIsolated { $0.look() }
        }
    }

    private func look() {
        isPolling = false
        guard sequence.hasSubscriptions else { return }
        Task(executorPreference: loop) { await self.lookAtHead() }
    }

    private func lookAtHead() async {
        let head = try? await database.read { db in try Feed.head(in: db) }
        if let head, let position = sequence.hint(upTo: head) { await catchUp(behind: position) }
        poll()
    }
}

/// Hands the same events to several loops, encoded once.
private final class Passing {
    private let dispatchers: [FeedDispatcher]
    private var shared: [LoggedEvent<SharedBytes>] = []

    init(_ dispatchers: [FeedDispatcher]) { self.dispatchers = dispatchers }

    func pass(_ hub: Int, _ events: ArraySlice<FeedEvent>) {
        if shared.isEmpty { shared = events.map { LoggedEvent($0) } }
        dispatchers[hub].take(shared)
    }
}
