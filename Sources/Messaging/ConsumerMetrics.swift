import Service

struct ConsumerMetrics: Sendable {
    let consumed: Counter
    let retried: Counter
    let attempts: Counter
    let delayed: Counter
    let dead: Counter
    let held: Gauge

    /// The series of the orders have no label, those of a group are labelled with its name.
    init(_ metrics: Metrics, _ source: MessageSource) {
        let labels: KeyValuePairs<String, String> = if let group = source.group { ["group": group] } else { [:] }
        consumed = metrics.counter("consumed_total", labels, help: "Messages taken from the queue.")
        retried = metrics.counter("consume_retried_total", labels, help: "Transactions tried again in place.")
        attempts = metrics.counter(
            "delivery_attempts_total", labels, help: "Attempts at redelivered messages, counted before the work.")
        delayed = metrics.counter("delayed_retries_total", labels, help: "Messages moved to a retry queue.")
        dead = metrics.counter("dead_lettered_total", labels, help: "Messages moved to the dead-letter queue.")
        held = metrics.gauge(
            "consume_held", labels, help: "Deliveries that wait until the broker has confirmed their copy.")
    }
}
