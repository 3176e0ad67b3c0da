import AMQPWire
import Synchronization

/// How a publish ended. There are three ways, not two.
public enum PublishOutcome: Sendable, Hashable {
    /// The broker has the message: for a durable queue and a persistent message, on disk.
    case confirmed
    /// The broker does not have it: it refused it (`.publishRefused`), or the message was mandatory and no queue took
    /// it (`.publishReturned`, with the broker's reply).
    case refused(AMQPError)
    /// Nobody knows: the connection or channel ended before the answer, for the reason given. Publishing again may
    /// make a duplicate.
    case unknown(AMQPError)

    /// Nothing when confirmed; else the error. An unknown outcome has the code `.publishUnknown`.
    public func get() throws(AMQPError) {
        switch self {
        case .confirmed: return
        case .refused(let error): throw error
        case .unknown(let reason):
            throw AMQPError(
                .publishUnknown, "whether the broker has the message is not known: \(reason.message)",
                reply: reason.reply, host: reason.host)
        }
    }
}

/// A message that was sent and waits for its confirm.
public final class PendingPublish: Sendable {
    private enum State {
        case pending
        case awaited([Waiter<PublishOutcome>])
        case confirmed
        indirect case failed(PublishOutcome)
    }

    private let state = Mutex(State.pending)

    init() {}

    /// The outcome, if it is known by now.
    public var current: PublishOutcome? {
        state.withLock { state in
            switch state {
            case .pending, .awaited: nil
            case .confirmed: .confirmed
            case .failed(let outcome): outcome
            }
        }
    }

    /// Waits for the outcome. When the task is cancelled it is `.unknown`; asking again later may tell more.
    public var outcome: PublishOutcome {
        get async {
            if let outcome = current { return outcome }
            let waiter = Waiter<PublishOutcome>()
            let known = state.withLock { state -> PublishOutcome? in
                switch state {
                case .pending: state = .awaited([waiter])
                case .awaited(let others): state = .awaited(others + [waiter])
                case .confirmed: return .confirmed
                case .failed(let outcome): return outcome
                }
                return nil
            }
            if let known { return known }
            do throws(AMQPError) {
                return try await waiter.value()
            } catch {
                return .unknown(error)
            }
        }
    }

    func finish(_ outcome: PublishOutcome) {
        let waiters = state.withLock { state -> [Waiter<PublishOutcome>] in
            let before = state
            if case .confirmed = outcome { state = .confirmed } else { state = .failed(outcome) }
            if case .awaited(let waiters) = before { return waiters }
            return []
        }
        for waiter in waiters { waiter.finish(.success(outcome)) }
    }
}
