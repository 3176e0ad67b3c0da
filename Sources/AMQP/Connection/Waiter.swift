import AMQPWire
import EventLoop
import Synchronized

/// One task's wait for one value. It may be finished before the wait begins, from any thread, and only the first
/// finish counts: who cancels a wait leaves a waiter behind that swallows the value.
final class Waiter<Value: Sendable>: Sendable {
    private enum State {
        case idle
        case waiting(UnsafeContinuation<Result<Value, AMQPError>, Never>)
        case finished(Result<Value, AMQPError>)
    }

    private let state = Lock(State.idle)

    /// True if this was the first finish.
    @discardableResult
    func finish(_ result: Result<Value, AMQPError>) -> Bool {
        let (isFirst, continuation) = state.withLock {
            state -> (Bool, UnsafeContinuation<Result<Value, AMQPError>, Never>?) in
            switch state {
            case .finished: return (false, nil)
            case .idle:
                state = .finished(result)
                return (true, nil)
            case .waiting(let continuation):
                state = .finished(result)
                return (true, continuation)
            }
        }
        continuation?.resume(returning: result)
        return isFirst
    }

    @discardableResult
    func fail(_ error: AMQPError) -> Bool { finish(.failure(error)) }

    var isFinished: Bool {
        state.withLock { if case .finished = $0 { true } else { false } }
    }

    /// Waits; the task's cancellation ends the wait.
    func value() async throws(AMQPError) -> Value {
        try await withTaskCancellationHandler {
            await uncancellableResult()
        } onCancel: {
            fail(AMQPError(.cancelled, "the task was cancelled"))
        }.get()
    }

    /// Waits, whatever happens to the task.
    func uncancellableResult() async -> Result<Value, AMQPError> {
        await withUnsafeContinuation { continuation in
            let result = state.withLock { state -> Result<Value, AMQPError>? in
                if case .finished(let result) = state { return result }
                state = .waiting(continuation)
                return nil
            }
            if let result { continuation.resume(returning: result) }
        }
    }
}

extension Waiter where Value == Void {
    @discardableResult
    func succeed() -> Bool { finish(.success(())) }
}

/// Tasks that wait for the same thing, in their order.
struct Gate {
    private var waiters: [Waiter<Void>] = []

    var isEmpty: Bool { waiters.isEmpty }

    mutating func add() -> Waiter<Void> {
        let waiter = Waiter<Void>()
        waiters.append(waiter)
        return waiter
    }

    mutating func remove(_ waiter: Waiter<Void>) {
        waiters.removeAll { $0 === waiter }
    }

    /// Lets the first `count` of those who still wait go on.
    mutating func letPass(_ count: Int = .max) {
        var left = count
        var taken = 0
        while left > 0, taken < waiters.count {
            if waiters[taken].succeed() { left -= 1 }
            taken += 1
        }
        waiters.removeFirst(taken)
    }

    mutating func fail(_ error: AMQPError) {
        for waiter in waiters { waiter.fail(error) }
        waiters = []
    }
}
