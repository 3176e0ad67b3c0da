import Delivery
import Service

/// What is counted of payments.
package struct PaymentMetrics: Sendable {
    private let approved, declined, unknown, notTried: Counter
    let refunds: Counter
    private let pending: Gauge
    private let seconds: Histogram

    package init(_ metrics: Metrics) {
        func outcome(_ name: String) -> Counter {
            metrics.counter(
                "payments_total", ["outcome": name],
                help: "Attempts to be paid: approved, declined, unknown (no usable answer), not_tried.")
        }
        approved = outcome("approved")
        declined = outcome("declined")
        unknown = outcome("unknown")
        notTried = outcome("not_tried")
        refunds = metrics.counter("payment_refunds_total", help: "Payments that the gateway has given back.")
        pending = metrics.gauge("payments_pending", help: "Payments that the worker still has to do, up to 10000.")
        seconds = metrics.histogram("payment_gateway_seconds", help: "Calls to the payment gateway.")
    }

    func count(_ decision: PaymentDecision?) {
        switch decision {
        case .approved: approved.add()
        case .declined, .refused: declined.add()
        case nil: unknown.add()
        }
    }

    func countNotTried() { notTried.add() }
    func observe(_ duration: Duration) { seconds.observe(duration) }
    func show(pending count: Int) { pending.set(count) }

    /// One series for each state, 1 for the present one.
    func show(_ state: @escaping @Sendable () -> CircuitBreaker.State, in metrics: Metrics) {
        for one in CircuitBreaker.State.allCases {
            metrics.reading(
                "payment_breaker_state", ["state": one.rawValue],
                help: "1 for the state in which the circuit breaker of the payment gateway is."
            ) { state() == one ? 1 : 0 }
        }
    }
}
