import Glibc
import SQLite
import Synchronized

/// Runs scrypt off the event loops and off the writer, one at a time, on a thread that yields to all others. The queue is
/// bounded and fair among clients: a flood of logins waits for itself and stops nobody else.
package final class PasswordWorker: Sendable {
    private struct Job: Sendable {
        let run: @Sendable () -> Void
        let refuse: @Sendable (DeliveryError) -> Void
    }

    private struct State {
        var queue: FairQueue<Job>
        var isWorking = false
        var isClosed = false
    }

    /// Added to the thread's nice value (setpriority(2)): orders come before logins.
    private static let nice: Int32 = 5
    private static let busy = DeliveryError.overloaded("the login")

    private let state: Lock<State>

    /// - Parameters:
    ///   - most: jobs that may wait.
    ///   - mostOfOne: jobs of one client that may wait.
    package init(most: Int = 256, mostOfOne: Int = 64) {
        state = Lock(State(queue: FairQueue(most: most, mostOfOne: mostOfOne)))
    }

    /// The service is ending: who still waits is told to try again, so that nobody is left without an answer.
    package func close() {
        state.withLock { $0.isClosed = true }
        while let job = next(orStop: false) { job.refuse(Self.busy) }
    }

    package func hash(_ password: String, for client: String) async throws -> PasswordHash {
        try await run(for: client) { try PasswordHash.make(password) }
    }

    package func verify(_ password: String, _ hash: PasswordHash, for client: String) async throws -> Bool {
        try await run(for: client) { hash.matches(password) }
    }

    /// Runs `body` when it is this client's turn.
    /// - Throws: what `body` throws; `DeliveryError` 503 when too many wait or the service ends.
    func run<Value: Sendable>(
        for client: String, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let job = Job(
                run: { continuation.resume(with: Result { try body() }) },
                refuse: { continuation.resume(throwing: $0) })
            let (refused, mustStart) = state.withLock { state -> (Job?, Bool) in
                guard !state.isClosed else { return (job, false) }
                let refused: Job? =
                    switch state.queue.push(job, of: client) {
                    case .queued: nil
                    case .refused: job
                    case .replaced(let other): other
                    }
                let mustStart = !state.isWorking && state.queue.count > 0
                if mustStart { state.isWorking = true }
                return (refused, mustStart)
            }
            refused?.refuse(Self.busy)
            if mustStart { start() }
        }
    }

    /// The thread lives as long as there is work: starting one costs nothing beside a scrypt.
    private func start() {
        do {
            try startThread(named: "passwords") { [self] in
                // It may fail where priorities are forbidden; then logins run like all else.
                _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.nice)
                while let job = next(orStop: true) { job.run() }
            }
        } catch {
            while let job = next(orStop: true) { job.refuse(Self.busy) }
        }
    }

    private func next(orStop isWorker: Bool) -> Job? {
        state.withLock { state in
            let job = state.queue.pop()
            if job == nil, isWorker { state.isWorking = false }
            return job
        }
    }
}
