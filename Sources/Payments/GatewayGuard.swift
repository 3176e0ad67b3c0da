import Delivery
import Service
import Synchronized

/// What stands in front of the gateway: the circuit breaker, and a bound on the calls that are on their way.
package final class GatewayGuard: Sendable {
    /// Whose call it is. Each has room of its own, so that neither waits for the other.
    package enum Caller: Sendable { case customer, worker }

    /// Allows one call. It is given back to `finish` or `release` once.
    package struct Ticket: Sendable {
        fileprivate let caller: Caller
        fileprivate let permit: CircuitBreaker.Permit
        fileprivate let begin: ContinuousClock.Instant
    }

    package static let mostOfCustomers = 64
    package static let mostOfWorker = 16

    private struct State {
        var breaker: CircuitBreaker
        var calls: [Caller: Int] = [:]
        var isStopping = false

        func room(for caller: Caller) -> Int {
            isStopping ? 0 : max(0, (caller == .worker ? mostOfWorker : mostOfCustomers) - calls[caller, default: 0])
        }
    }

    private let state: Lock<State>
    private let slow: Duration
    private let metrics: PaymentMetrics
    private let log: Logger

    /// - Parameter slow: a call that takes longer is a slow one.
    package init(slow: Duration, breaker: CircuitBreaker.Settings, metrics: PaymentMetrics, log: Logger) {
        state = Lock(State(breaker: CircuitBreaker(breaker)))
        self.slow = slow
        self.metrics = metrics
        self.log = log
    }

    /// How many calls a caller could make now.
    package func room(for caller: Caller) -> Int {
        state.withLock { state in min(state.room(for: caller), state.breaker.permits(at: .now)) }
    }

    /// - Returns: nil when there is no room, or the breaker is open.
    package func ticket(for caller: Caller) -> Ticket? {
        let now = ContinuousClock.now
        return state.withLock { state in
            guard state.room(for: caller) > 0, let permit = state.breaker.acquire(at: now) else { return nil }
            state.calls[caller, default: 0] += 1
            return Ticket(caller: caller, permit: permit, begin: now)
        }
    }

    /// The call was not made.
    package func release(_ ticket: Ticket) {
        state.withLock { state in
            state.calls[ticket.caller, default: 0] -= 1
            state.breaker.release(ticket.permit)
        }
    }

    package func finish(_ ticket: Ticket, _ outcome: CircuitBreaker.Outcome) {
        let now = ContinuousClock.now
        metrics.observe(now - ticket.begin)
        let (before, after) = state.withLock { state in
            let before = state.breaker.state
            state.calls[ticket.caller, default: 0] -= 1
            state.breaker.record(ticket.permit, outcome, isSlow: now - ticket.begin > slow, at: now)
            return (before, state.breaker.state)
        }
        guard before != after else { return }
        switch after {
        case .open: log.warning("the payment gateway fails or is slow: no calls for a while")
        case .closed: log.info("the payment gateway works again")
        case .halfOpen: break
        }
    }

    package var breakerState: CircuitBreaker.State { state.withLock { $0.breaker.state } }

    /// No call begins from now on.
    package func stop() { state.withLock { $0.isStopping = true } }

    package var isIdle: Bool { state.withLock { $0.calls.values.allSatisfy { $0 == 0 } } }
}
