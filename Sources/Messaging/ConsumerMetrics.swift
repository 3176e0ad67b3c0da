import Service

struct ConsumerMetrics: Sendable {
    let consumed: Counter
    let retried: Counter
    let attempts: Counter
    let delayed: Counter
    let dead: Counter
    let held: Gauge

    init(_ metrics: Metrics) {
        consumed = metrics.counter("consumed_total", help: "Messages taken from the queue.")
        retried = metrics.counter("consume_retried_total", help: "Transactions tried again in place.")
        attempts = metrics.counter(
            "delivery_attempts_total", help: "Attempts at redelivered messages, counted before the work.")
        delayed = metrics.counter("delayed_retries_total", help: "Messages moved to a retry queue.")
        dead = metrics.counter("dead_lettered_total", help: "Messages moved to the dead-letter queue.")
        held = metrics.gauge("consume_held", help: "Deliveries that wait until the broker has confirmed their copy.")
    }
}
