import Delivery
import SQLite
import Service
import Synchronized

/// Removes the rows of confirmed messages in a commit that happens anyway, or a little later in one of its own.
///
/// `@unchecked Sendable`: `removed` is set once before the first `add`.
final class OutboxRemovals: @unchecked Sendable {
    private struct State {
        var keys: [OutboxKey] = []
        /// Removed in a transaction that is not yet known to be committed.
        var underway: [OutboxKey] = []
        var isAsked = false
    }

    private let database: Database
    private let log: Logger
    private let state = Lock(State())
    /// Told on the writer's thread which rows are gone for good.
    var removed: @Sendable ([OutboxKey]) -> Void = { _ in }

    init(_ database: Database, _ log: Logger) {
        self.database = database
        self.log = log
    }

    func add(_ key: OutboxKey) {
        let mustAsk = state.withLock { state in
            state.keys.append(key)
            defer { state.isAsked = true }
            return !state.isAsked
        }
        if mustAsk { ask() }
    }

    /// Tries again what could not be removed, when nothing else that is confirmed brings it along.
    func tryAgain() {
        let mustAsk = state.withLock { state in
            guard !state.isAsked, !state.keys.isEmpty || !state.underway.isEmpty else { return false }
            state.isAsked = true
            return true
        }
        if mustAsk { ask() }
    }

    private func ask() {
        do {
            try database.writeLater(onFailure: { [self] in fail($0) }) { [self] db in try remove(db) }
        } catch {
            fail(error)
        }
    }

    private func remove(_ db: Connection) throws {
        let keys = state.withLock { state in
            state.underway += state.keys
            state.keys = []
            state.isAsked = false
            return state.underway
        }
        try Outbox.remove(keys, in: db)
        db.afterCommit { [self] in
            state.withLock { $0.underway = [] }
            removed(keys)
        }
    }

    /// The rows are kept in mind and tried again with the next one, or by `tryAgain`. At worst they are published again after a restart, and
    /// the consumer knows them.
    private func fail(_ error: any Error) {
        log.warning("confirmed outbox rows could not be removed", ["error": LogValue("\(error)")])
        state.withLock { $0.isAsked = false }
    }

    /// Removes what is confirmed, now.
    func flush() async {
        do {
            try await database.write { [self] db in try remove(db) }
        } catch {
            fail(error)
        }
    }
}
