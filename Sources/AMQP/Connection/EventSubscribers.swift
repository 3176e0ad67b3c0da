import Synchronized

/// Those who follow a connection's events.
///
/// It is not a part of the connection, since a stream that ends has to find it without holding the connection, and a weak
/// reference to the connection would slow down every use of the connection.
final class EventSubscribers: Sendable {
    private struct State {
        var continuations: [Int: AsyncStream<AMQPEvent>.Continuation] = [:]
        var last = 0
        /// The connection's last event.
        var end: AMQPEvent?
    }

    private let state = Lock(State())

    func add() -> AsyncStream<AMQPEvent> {
        AsyncStream(bufferingPolicy: .bufferingNewest(256)) { continuation in
            let (number, end) = state.withLock { state -> (Int, AMQPEvent?) in
                state.last += 1
                if state.end == nil { state.continuations[state.last] = continuation }
                return (state.last, state.end)
            }
            if let end {
                continuation.yield(end)
                continuation.finish()
            }
            continuation.onTermination = { [weak self] _ in
                _ = self?.state.withLock { $0.continuations.removeValue(forKey: number) }
            }
        }
    }

    func tell(_ event: AMQPEvent) {
        var isLast = false
        if case .closed = event { isLast = true }
        let all = state.withLock { state -> [AsyncStream<AMQPEvent>.Continuation] in
            defer {
                if isLast {
                    state.end = event
                    state.continuations = [:]
                }
            }
            return Array(state.continuations.values)
        }
        for subscriber in all {
            subscriber.yield(event)
            if isLast { subscriber.finish() }
        }
    }
}
