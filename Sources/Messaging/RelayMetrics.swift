import Delivery
import Service

struct RelayMetrics: Sendable {
    let confirmed: Counter
    let refused: Counter
    let unknown: Counter
    let takenOver: Counter
    let seconds: Histogram
    private let rows: Gauge
    private let age: Gauge

    init(_ metrics: Metrics) {
        confirmed = metrics.counter("outbox_confirmed_total", help: "Messages that the broker confirmed.")
        refused = metrics.counter("outbox_refused_total", help: "Messages that the broker refused or returned.")
        unknown = metrics.counter("outbox_unknown_total", help: "Messages sent again, their outcome being unknown.")
        takenOver = metrics.counter(
            "outbox_taken_over_total", help: "Instances that were gone and left rows in the outbox.")
        seconds = metrics.histogram("outbox_confirm_seconds", help: "From the commit of a row to its confirm.")
        rows = metrics.gauge("outbox_rows", help: "Rows that wait in the outbox, as of the last sweep.")
        age = metrics.gauge("outbox_oldest_seconds", help: "Age of the oldest row, as of the last sweep.")
    }

    func show(_ state: (count: Int, oldest: Timestamp?)) {
        rows.set(state.count)
        age.set(state.oldest.map { max(0, Timestamp.now.milliseconds - $0.milliseconds) / 1000 } ?? 0)
    }
}
