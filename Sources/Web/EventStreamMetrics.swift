import Delivery
import Service

struct EventStreamMetrics: Sendable {
    let connected: Gauge
    let sent: Counter
    let cutOff: Counter
    let reads: Counter
    let orderToLog: Histogram
    let orderToPush: Histogram

    init(_ metrics: Metrics) {
        connected = metrics.gauge("sse_streams_connected", help: "Event streams that are open.")
        sent = metrics.counter("sse_events_sent_total", help: "Events handed to event streams.")
        cutOff = metrics.counter("sse_streams_cut_off_total", help: "Event streams ended because nobody read them.")
        reads = metrics.counter(
            "feed_log_reads_total", help: "Reads of the event log for all streams, because it has grown elsewhere.")
        orderToLog = metrics.histogram(
            "order_to_log_seconds",
            help: "From the storing of an order to the commit of its event, once for each order.")
        orderToPush = metrics.histogram(
            "order_to_push_seconds",
            help: "From the storing of an order to the handing of its event to a live stream, once for each stream.")
    }

    /// How old an order is now, in seconds. All instances have one machine's clock; where it was set back, zero.
    static func age(_ order: FeedEvent.NewOrder) -> Double? {
        order.orderedAt.map { Double(max(0, Timestamp.now.milliseconds - $0.milliseconds)) / 1000 }
    }
}
