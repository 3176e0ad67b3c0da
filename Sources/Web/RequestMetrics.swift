import HTTP
import HTTPWire
import Service
import Synchronized

/// Requests by method, route and status, and how long they took.
final class RequestMetrics: Sendable {
    private struct Key: Hashable {
        let method: UInt8
        let pattern: String
        let status: UInt16
    }

    private let metrics: Metrics
    private let counters = Lock<[Key: Counter]>([:])
    private let seconds: Histogram

    init(_ metrics: Metrics) {
        self.metrics = metrics
        seconds = metrics.histogram("http_request_seconds", help: "From the end of a request's head to its reply.")
    }

    func count(_ observation: Hooks.Observation) {
        let key = Key(
            method: observation.method.rawValue, pattern: observation.pattern, status: observation.status.code)
        let counter = counters.withLock { counters in
            if let counter = counters[key] { return counter }
            // Method, pattern and status are all from closed sets, so the number of series is bounded.
            let counter = metrics.counter(
                "http_requests_total",
                [
                    "method": "\(observation.method.name)",
                    "route": observation.pattern.isEmpty ? "none" : observation.pattern,
                    "status": "\(observation.status.code)",
                ], help: "Requests that were answered.")
            counters[key] = counter
            return counter
        }
        counter.add()
        seconds.observe(observation.duration)
    }
}
