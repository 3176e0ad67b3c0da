import EventLoop
import Glibc
import Synchronized

/// Times of many single things, in seconds.
struct Latencies {
    private var sorted: [Double]

    init(_ values: [Double]) { sorted = values.sorted() }

    var count: Int { sorted.count }
    var most: Double { sorted.last ?? .nan }

    /// The value that `part` of all do not exceed.
    func quantile(_ part: Double) -> Double {
        sorted.isEmpty ? .nan : sorted[min(sorted.count - 1, Int(part * Double(sorted.count)))]
    }

    /// p50, p99 and the most, in milliseconds.
    var milliseconds: [Double] { [quantile(0.5) * 1000, quantile(0.99) * 1000, most * 1000] }

    static let columns = [
        Report.Column(name: "p50 ms", digits: 2), Report.Column(name: "p99 ms", digits: 2),
        Report.Column(name: "most ms", digits: 1),
    ]
}

/// Bounds that a run must keep, with what it measured.
struct Verdict {
    private var lines: [String] = []
    private(set) var broken = 0

    mutating func require(_ what: String, _ isKept: Bool, _ measured: String) {
        lines.append("| \(what) | \(measured) | \(isKept ? "kept" : "**BROKEN**") |")
        if !isKept { broken += 1 }
    }

    mutating func require(_ what: String, _ measured: Double, atMost most: Double, _ unit: String, digits: Int = 1) {
        // A figure that is none keeps no bound.
        require(what, measured <= most, "\(fixed(measured, digits)) \(unit), at most \(fixed(most, digits))")
    }

    func print() {
        Swift.print("\n| bound | measured | |\n| --- | --- | --- |")
        for line in lines { Swift.print(line) }
    }

    /// Ends a benchmark: exit code 1 if a bound is broken.
    func finish() throws {
        if broken > 0 { throw BenchmarkError("\(broken) of \(lines.count) bounds are broken") }
    }
}

/// The most that something was while it was looked at.
final class Peak: Sendable {
    private let most = Lock(0)
    private let isOver = Atomic(false)
    private let thread = Lock<pthread_t?>(nil)

    /// Looks every 50 ms.
    init(_ look: @escaping @Sendable () -> Int) throws {
        let thread = try spawnThread(named: "peak") { [self] in
            while !isOver.load(ordering: .relaxed) {
                let value = look()
                most.withLock { $0 = max($0, value) }
                usleep(50_000)
            }
        }
        self.thread.withLock { $0 = thread }
    }

    /// Ends the looking.
    func end() -> Int {
        isOver.store(true, ordering: .relaxed)
        let thread = self.thread.withLock { value in
            defer { value = nil }
            return value
        }
        if let thread { pthread_join(thread, nil) }
        return most.withLock { $0 }
    }
}
