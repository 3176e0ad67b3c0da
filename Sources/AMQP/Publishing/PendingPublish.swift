import AMQPWire
import Synchronization
import Synchronized

/// Who learns how publishes ended, on the connection's loop: one message, or the messages of a batch by their index.
protocol PublishSink: AnyObject, Sendable {
    func confirmed(_ count: Int)
    func failed(_ index: Int, _ outcome: PublishOutcome)
}

/// A publish in the ring of those that wait for their confirms.
struct AwaitedPublish {
    var sink: any PublishSink
    var index: Int
}

/// A message that was sent and waits for its confirm.
public final class PendingPublish: Sendable {
    /// How far it is. Most publishes are confirmed before anybody asks, and need no more than this.
    private enum Phase {
        static let pending: UInt8 = 0
        static let confirmed: UInt8 = 1
        /// The rest is behind the lock.
        static let detailed: UInt8 = 2
    }

    private struct Details {
        var outcome: PublishOutcome?
        var waiters: [Waiter<PublishOutcome>] = []
    }

    private let phase = Atomic<UInt8>(Phase.pending)
    private let details = Lock<Details?>(nil)

    init() {}

    /// The outcome, if it is known by now.
    public var current: PublishOutcome? {
        switch phase.load(ordering: .acquiring) {
        case Phase.pending: nil
        case Phase.confirmed: .confirmed
        default: details.withLock { $0?.outcome }
        }
    }

    /// Waits for the outcome. When the task is cancelled it is `.unknown`; asking again later may tell more.
    public var outcome: PublishOutcome {
        get async {
            if let outcome = current { return outcome }
            let waiter = Waiter<PublishOutcome>()
            let known = details.withLock { details -> PublishOutcome? in
                guard leavesPending() else { return .confirmed }
                if let outcome = details?.outcome { return outcome }
                details = details ?? Details()
                details?.waiters.append(waiter)
                return nil
            }
            if let known { return known }
            do throws(AMQPError) {
                return try await waiter.value()
            } catch {
                details.withLock { $0?.waiters.removeAll { $0 === waiter } }
                return .unknown(error)
            }
        }
    }

    /// Tasks that wait for the outcome.
    package var waiters: Int { details.withLock { $0?.waiters.count ?? 0 } }

    /// False if it is confirmed.
    private func leavesPending() -> Bool {
        phase.compareExchange(
            expected: Phase.pending, desired: Phase.detailed, ordering: .acquiringAndReleasing
        ).original != Phase.confirmed
    }

    private func finish(_ outcome: PublishOutcome) {
        let waiters = details.withLock { details -> [Waiter<PublishOutcome>] in
            guard leavesPending() else { return [] }
            let waiters = details?.waiters ?? []
            details = Details(outcome: outcome)
            return waiters
        }
        for waiter in waiters { waiter.finish(.success(outcome)) }
    }
}

extension PendingPublish: PublishSink {
    func confirmed(_ count: Int) {
        let (isDone, _) = phase.compareExchange(
            expected: Phase.pending, desired: Phase.confirmed, ordering: .acquiringAndReleasing)
        if !isDone { finish(.confirmed) }
    }

    func failed(_ index: Int, _ outcome: PublishOutcome) { finish(outcome) }
}

/// Messages that were published together; each has an outcome of its own.
public final class PendingBatch: Sendable {
    private struct State {
        /// Messages whose outcome is not known.
        var waiting: Int
        /// By index; all others are confirmed in the end.
        var failures: [Int: PublishOutcome] = [:]
        var waiters: [Waiter<Void>] = []
    }

    /// The number of messages.
    public let count: Int
    private let state: Lock<State>

    init(count: Int) {
        self.count = count
        state = Lock(State(waiting: count))
    }

    /// Whether every outcome is known.
    public var isFinished: Bool { state.withLock { $0.waiting == 0 } }

    /// Waits until every outcome is known, and gives them in the order of the messages. When the task is cancelled,
    /// all are `.unknown`; asking again later may tell more.
    public var outcomes: [PublishOutcome] {
        get async {
            let waiter = Waiter<Void>()
            let isFinished = state.withLock { state in
                if state.waiting > 0 { state.waiters.append(waiter) }
                return state.waiting == 0
            }
            if !isFinished {
                do throws(AMQPError) {
                    try await waiter.value()
                } catch {
                    state.withLock { $0.waiters.removeAll { $0 === waiter } }
                    return Array(repeating: .unknown(error), count: count)
                }
            }
            let failures = state.withLock { $0.failures }
            var outcomes = [PublishOutcome](repeating: .confirmed, count: count)
            for (index, outcome) in failures { outcomes[index] = outcome }
            return outcomes
        }
    }

    /// Tasks that wait for the outcomes.
    package var waiters: Int { state.withLock { $0.waiters.count } }

    private func settle(_ count: Int, _ note: (inout State) -> Void = { _ in }) {
        let waiters = state.withLock { state -> [Waiter<Void>] in
            note(&state)
            state.waiting -= count
            guard state.waiting == 0 else { return [] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.succeed() }
    }
}

extension PendingBatch: PublishSink {
    func confirmed(_ count: Int) { settle(count) }

    func failed(_ index: Int, _ outcome: PublishOutcome) { settle(1) { $0.failures[index] = outcome } }

    /// None of the messages from `index` on was sent.
    func notSent(from index: Int, _ error: AMQPError) {
        settle(count - index) { state in
            for index in index..<count { state.failures[index] = .refused(error) }
        }
    }
}
