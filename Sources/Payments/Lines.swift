import Synchronized

/// Lines that a task leaves for the thread that waits for it.
final class Lines: Sendable {
    private let lines = Lock<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}
