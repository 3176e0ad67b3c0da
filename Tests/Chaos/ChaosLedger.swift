import Foundation
import Support
import Synchronized

/// What the customers and the tabs saw, while it happens. Times are milliseconds since the start.
final class ChaosLedger: Sendable {
    struct Accepted: Sendable {
        let order: Int
        /// The customers' own number of the order; it stands in its note.
        let number: Int
        let instance: Int
        let at: Int
        let hasKey: Bool
    }

    /// An attempt that got no answer.
    struct Lost: Sendable {
        let instance: Int
        let at: Int
        let why: String
        /// Whether it may have been carried out.
        let isUnknown: Bool
    }

    /// A fault as it happened: until then the process could not answer.
    struct Happened: Sendable, CustomStringConvertible {
        let target: ChaosTarget
        let fault: ChaosFault
        let from: Int
        let until: Int
        /// How long the new process took until it listened; nil where none was started.
        let start: Int?

        var description: String {
            "\(seconds(from)) to \(seconds(until)) s  \(target): \(fault)"
                + (start.map { "; started in \($0) ms" } ?? "")
        }
    }

    struct State: Sendable {
        var accepted: [Accepted] = []
        /// Orders without a key whose only attempt got no answer.
        var unknown: Set<Int> = []
        var lost: [Lost] = []
        /// Milliseconds that each accepted order's last attempt took.
        var latencies: [Int] = []
        var attempts = 0
        var happened: [Happened] = []
        var violations: [String] = []
        /// The cuts of tabs as they happened.
        var cuts: [String] = []
        var streams = 0
        /// Every new-order event of every tab.
        var seen: [(order: Int, at: Int)] = []
        /// The services' own words that say that something had to be mended.
        var forgotten = 0
        var warnings: [String: Int] = [:]
    }

    private let start = ContinuousClock.now
    private let state = Lock(State())
    /// Requests under way, by instance of `api`, and how many have ended.
    private let underWay = Guarded<(count: [Int: Int], ended: Int)>(([:], 0))

    /// Milliseconds since the start.
    var now: Int { Int((ContinuousClock.now - start) / .milliseconds(1)) }

    func change(_ body: @Sendable (inout State) -> Void) { state.withLock { body(&$0) } }
    var current: State { state.withLock { $0 } }
    var acceptedCount: Int { state.withLock { $0.accepted.count } }

    /// Notes something that must not happen.
    func violate(_ text: String) {
        let at = now
        state.withLock { $0.violations.append("\(seconds(at)) s: \(text)") }
    }

    func began(_ instance: Int) { underWay.update { $0.count[instance, default: 0] += 1 } }

    func ended(_ instance: Int) {
        underWay.update {
            $0.count[instance, default: 0] -= 1
            $0.ended += 1
        }
    }

    /// Waits a moment until a request is under way at this instance. Blocks.
    func waitUntilBusy(_ instance: Int) {
        _ = underWay.wait(until: Date(timeIntervalSinceNow: 0.5)) { $0.count[instance, default: 0] > 0 ? true : nil }
    }

    /// Waits a moment until a request ends, at any instance. Blocks.
    func waitForAnswer() {
        let before = underWay.read { $0.ended }
        _ = underWay.wait(until: Date(timeIntervalSinceNow: 0.5)) { $0.ended > before ? true : nil }
    }
}
