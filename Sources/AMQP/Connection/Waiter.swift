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
    /// Where it stands in its gate.
    let place: Int

    init(place: Int = 0) { self.place = place }

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
///
/// Thousands may wait, and each comes and goes in O(log waiters): who leaves empties the slot, and the empty ones are
/// dropped when they are the most.
struct Gate {
    private struct Slot {
        var waiter: Waiter<Void>?
        let place: Int
    }

    /// By rising place; all before `head` are empty.
    private var slots: [Slot] = []
    private var head = 0
    private var lastPlace = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func add() -> Waiter<Void> {
        lastPlace += 1
        let waiter = Waiter<Void>(place: lastPlace)
        slots.append(Slot(waiter: waiter, place: lastPlace))
        count += 1
        return waiter
    }

    mutating func remove(_ waiter: Waiter<Void>) {
        var low = head
        var high = slots.count
        while low < high {
            let middle = low + (high - low) / 2
            if slots[middle].place < waiter.place { low = middle + 1 } else { high = middle }
        }
        guard low < slots.count, slots[low].waiter === waiter else { return }
        slots[low].waiter = nil
        count -= 1
        dropEmpty()
    }

    /// Lets the first `count` of those who still wait go on.
    mutating func letPass(_ count: Int = .max) {
        var left = count
        while left > 0, head < slots.count {
            if let waiter = slots[head].waiter.take() {
                self.count -= 1
                if waiter.succeed() { left -= 1 }
            }
            head += 1
        }
        dropEmpty()
    }

    mutating func fail(_ error: AMQPError) {
        let failed = slots
        slots = []
        head = 0
        count = 0
        for slot in failed { slot.waiter?.fail(error) }
    }

    private mutating func dropEmpty() {
        guard slots.count - count > max(16, count) else { return }
        slots.removeAll { $0.waiter == nil }
        head = 0
    }
}
