import Synchronized

/// A continuation that several parties may try to resume: an answer, a timer, a cancellation. The first one wins,
/// also when it comes before the continuation.
///
/// `@unchecked Sendable`: the state is behind a lock; where `beforeFinish` is set, that and every later `finish` are on
/// one loop's thread.
package final class Once<Value: Sendable>: @unchecked Sendable {
    private enum State {
        case idle
        case waiting(CheckedContinuation<Value, any Error>)
        case early(Result<Value, any Error>)
        case finished
    }

    private let state = Lock(State.idle)
    /// Called by the winner before the continuation is resumed.
    var beforeFinish: (() -> Void)?

    package init() {}

    package var isFinished: Bool {
        state.withLock { state in
            switch state {
            case .idle, .waiting: false
            case .early, .finished: true
            }
        }
    }

    package func wait(_ continuation: CheckedContinuation<Value, any Error>) {
        let early = state.withLock { state -> Result<Value, any Error>? in
            if case .early(let result) = state {
                state = .finished
                return result
            }
            state = .waiting(continuation)
            return nil
        }
        if let early { continuation.resume(with: early) }
    }

    package func finish(_ result: Result<Value, any Error>) {
        let waiting = state.withLock { state -> CheckedContinuation<Value, any Error>? in
            switch state {
            case .idle:
                state = .early(result)
                return nil
            case .waiting(let continuation):
                state = .finished
                return continuation
            case .early, .finished:
                return nil
            }
        }
        guard let waiting else { return }
        beforeFinish?()
        beforeFinish = nil
        waiting.resume(with: result)
    }
}
