import Delivery
import Service

struct EventStreamMetrics: Sendable {
    let connected: Gauge
    let sent: Counter
    let cutOff: Counter
    let orderToPush: Histogram

    init(_ metrics: Metrics) {
        connected = metrics.gauge("sse_streams_connected", help: "Event streams that are open.")
        sent = metrics.counter("sse_events_sent_total", help: "Events handed to event streams.")
        cutOff = metrics.counter("sse_streams_cut_off_total", help: "Event streams ended because nobody read them.")
        orderToPush = metrics.histogram(
            "order_to_push_seconds",
            help: "From the storing of an order to the handing of its event to a live stream, once for each stream.")
    }
}
