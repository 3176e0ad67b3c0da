import Bytes
import Synchronization
import Synchronized

/// A number that only grows.
package final class Counter: Sendable {
    private let value = Atomic<Int>(0)
    package func add(_ amount: Int = 1) { value.add(amount, ordering: .relaxed) }
    package var current: Int { value.load(ordering: .relaxed) }
}

/// A number that goes up and down.
package final class Gauge: Sendable {
    private let value = Atomic<Int>(0)
    package func set(_ amount: Int) { value.store(amount, ordering: .relaxed) }
    package func add(_ amount: Int) { value.add(amount, ordering: .relaxed) }
    package var current: Int { value.load(ordering: .relaxed) }
}

/// A distribution of times.
package final class Histogram: Sendable {
    /// Upper bounds in seconds.
    package static let bounds: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]

    struct State {
        var counts = [Int](repeating: 0, count: Histogram.bounds.count + 1)
        var sum = 0.0
    }

    private let state = Lock(State())

    /// What is no time (not a number, infinite, negative) is not counted.
    /// - Parameter count: how often the same time was seen.
    package func observe(_ seconds: Double, count: Int = 1) {
        guard seconds.isFinite, seconds >= 0 else { return }
        let place = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
        state.withLock {
            $0.counts[place] += count
            $0.sum += seconds * Double(count)
        }
    }

    package func observe(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        observe(Double(seconds) + Double(attoseconds) * 1e-18)
    }

    var snapshot: State { state.withLock { $0 } }
}

/// The metrics of a service, in Prometheus' text format (version 0.0.4).
package final class Metrics: Sendable {
    private enum Instrument: Sendable {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)
        case reading(@Sendable () -> Double)
        case countReading(@Sendable () -> Double)

        var type: String {
            switch self {
            case .counter, .countReading: "counter"
            case .gauge, .reading: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    private struct Family: Sendable {
        let help: String
        let type: String
        var series: [(labels: String, instrument: Instrument)] = []
    }

    private struct State: Sendable {
        var order: [String] = []
        var families: [String: Family] = [:]
    }

    private let state = Lock(State())

    package init() {}

    /// `labels` are names and values of our own code, never something that a client sent. Asking again for the same name
    /// and labels gives the same counter.
    package func counter(_ name: String, _ labels: KeyValuePairs<String, String> = [:], help: String) -> Counter {
        let counter = Counter()
        if case .counter(let present) = add(name, labels, help, .counter(counter)) { return present }
        return counter
    }

    package func gauge(_ name: String, _ labels: KeyValuePairs<String, String> = [:], help: String) -> Gauge {
        let gauge = Gauge()
        if case .gauge(let present) = add(name, labels, help, .gauge(gauge)) { return present }
        return gauge
    }

    package func histogram(_ name: String, _ labels: KeyValuePairs<String, String> = [:], help: String) -> Histogram {
        let histogram = Histogram()
        if case .histogram(let present) = add(name, labels, help, .histogram(histogram)) { return present }
        return histogram
    }

    /// A gauge whose value is read when the metrics are asked for.
    package func reading(
        _ name: String, _ labels: KeyValuePairs<String, String> = [:], help: String,
        _ read: @escaping @Sendable () -> Double
    ) {
        add(name, labels, help, .reading(read))
    }

    /// A counter that somebody else keeps, read when the metrics are asked for.
    package func countReading(
        _ name: String, _ labels: KeyValuePairs<String, String> = [:], help: String,
        _ read: @escaping @Sendable () -> Double
    ) {
        add(name, labels, help, .countReading(read))
    }

    /// - Returns: the instrument that has this name and these labels: the first one of them, since a series may stand in
    ///   the text once only.
    @discardableResult
    private func add(
        _ name: String, _ labels: KeyValuePairs<String, String>, _ help: String, _ instrument: Instrument
    ) -> Instrument {
        let text = labels.map { "\($0.key)=\"\(Self.escape($0.value))\"" }.joined(separator: ",")
        return state.withLock { state in
            if state.families[name] == nil {
                state.order.append(name)
                state.families[name] = Family(help: help, type: instrument.type)
            }
            if let present = state.families[name]?.series.first(where: { $0.labels == text }) {
                return present.instrument
            }
            state.families[name]?.series.append((text, instrument))
            return instrument
        }
    }

    private static func escape(_ value: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case "\"": result.append(contentsOf: "\\\"".unicodeScalars)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// What is not finite has names of its own in the format.
    private static func text(_ value: Double) -> String {
        value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : "\(value)"
    }

    package func render() -> [UInt8] {
        let state = state.withLock { $0 }
        var text = ""
        for name in state.order {
            guard let family = state.families[name] else { continue }
            text += "# HELP \(name) \(family.help)\n# TYPE \(name) \(family.type)\n"
            for (labels, instrument) in family.series {
                let braces = labels.isEmpty ? "" : "{\(labels)}"
                switch instrument {
                case .counter(let counter): text += "\(name)\(braces) \(counter.current)\n"
                case .gauge(let gauge): text += "\(name)\(braces) \(gauge.current)\n"
                case .reading(let read), .countReading(let read): text += "\(name)\(braces) \(Self.text(read()))\n"
                case .histogram(let histogram): Self.render(name, labels, histogram.snapshot, to: &text)
                }
            }
        }
        return Array(text.utf8)
    }

    private static func render(_ name: String, _ labels: String, _ state: Histogram.State, to text: inout String) {
        let separator = labels.isEmpty ? "" : ","
        var total = 0
        for (index, count) in state.counts.enumerated() {
            total += count
            let bound = index < Histogram.bounds.count ? "\(Histogram.bounds[index])" : "+Inf"
            text += "\(name)_bucket{\(labels)\(separator)le=\"\(bound)\"} \(total)\n"
        }
        let braces = labels.isEmpty ? "" : "{\(labels)}"
        text += "\(name)_sum\(braces) \(state.sum)\n\(name)_count\(braces) \(total)\n"
    }
}
