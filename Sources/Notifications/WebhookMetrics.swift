import Delivery
import Service

struct WebhookMetrics: Sendable {
    private let delivered: Counter
    private let failed: Counter
    let givenUp: Counter
    let calls: Gauge
    private let seconds: Histogram

    init(_ metrics: Metrics) {
        let help = "Requests to customers' webhooks, by what came of them."
        delivered = metrics.counter("webhook_requests_total", ["outcome": "delivered"], help: help)
        failed = metrics.counter("webhook_requests_total", ["outcome": "failed"], help: help)
        givenUp = metrics.counter(
            "webhook_given_up_total", help: "Notifications that are not tried any more, and were not delivered.")
        calls = metrics.gauge("webhook_requests_open", help: "Requests to customers' webhooks that wait for an answer.")
        seconds = metrics.histogram("webhook_request_seconds", help: "From the beginning of a request to its answer.")
    }

    func count(_ outcome: Webhooks.Outcome, _ time: Duration) {
        switch outcome {
        case .delivered: delivered.add()
        case .failed: failed.add()
        case .none: return
        }
        seconds.observe(time)
    }
}
