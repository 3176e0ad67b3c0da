import AMQP
import Synchronized

/// The truth of a soak: what became of every message, as its publisher and its consumers saw it.
final class SoakLedger: Sendable {
    /// Where a message goes, which decides what may become of it.
    enum Destination: Sendable { case queue, noQueue, missingExchange }

    struct Totals: Codable, Sendable {
        var published = 0
        var confirmed = 0
        var refused = 0
        var returned = 0
        var unknown = 0
        var notSent = 0
        /// Unknown ones that were published again.
        var publishedAgain = 0
        var received = 0
        var redelivered = 0
        /// Received more than once, with a reason: redelivered, or published again, or the broker had restarted.
        var duplicates = 0

        /// Publishes whose outcome was told.
        var outcomes: Int { confirmed + refused + returned + unknown + notSent }
    }

    private struct Record {
        static let confirmed: UInt8 = 1
        static let received: UInt8 = 2
        static let mustNotArrive: UInt8 = 4

        var flags: UInt8 = 0
        /// Publishes that may have reached the broker.
        var publishes: UInt8 = 0
        /// Deliveries without the broker's word that they may be repetitions, since its last restart.
        var fresh: UInt8 = 0
        var epoch: UInt8 = 0
    }

    private struct State {
        var records: [Record]
        var next = 0
        var epoch: UInt8 = 1
        var totals = Totals()
        var violations: [String] = []
        var violationCount = 0

        mutating func violate(_ text: String) {
            violationCount += 1
            if violations.count < 100 { violations.append(text) }
        }
    }

    private let state: Lock<State>

    /// - Parameter capacity: messages; all memory is taken now, so that the ledger looks like no leak.
    init(capacity: Int) {
        state = Lock(State(records: Array(repeating: Record(), count: capacity)))
    }

    var totals: Totals { state.withLock { $0.totals } }
    var violations: [String] { state.withLock { $0.violations } }
    var violationCount: Int { state.withLock { $0.violationCount } }
    func violate(_ text: String) { state.withLock { $0.violate(text) } }

    /// The broker stops: what it has noted about deliveries may be lost with it.
    func brokerStops() { state.withLock { $0.epoch &+= 1 } }

    // MARK: Publishing

    /// A new message; nil when there is no place for another.
    func begin() -> Int? {
        state.withLock { state in
            guard state.next < state.records.count else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    func publishes(_ id: Int, again: Bool = false) {
        state.withLock { state in
            state.totals.published += 1
            if again { state.totals.publishedAgain += 1 }
            state.records[id].publishes += 1
        }
    }

    func notSent(_ id: Int) {
        state.withLock { state in
            state.totals.notSent += 1
            state.records[id].publishes -= 1
            Self.check(id, &state)
        }
    }

    func ended(_ id: Int, _ outcome: PublishOutcome, _ destination: Destination) {
        state.withLock { state in
            switch outcome {
            case .confirmed:
                state.totals.confirmed += 1
                if destination == .queue { state.records[id].flags |= Record.confirmed }
                if destination != .queue { state.violate("message \(id) to \(destination) is confirmed") }
            case .refused(let error) where error.code == .publishReturned:
                state.totals.returned += 1
                state.records[id].flags |= Record.mustNotArrive
                if destination != .noQueue { state.violate("message \(id) to \(destination) is returned") }
            case .refused(let error) where error.code == .publishRefused: state.totals.refused += 1
            case .refused(let error):
                // A message of a batch that was not sent.
                state.totals.notSent += 1
                state.records[id].publishes -= 1
                if !SoakFailure.isExpected(error) { state.violate("message \(id) is not sent: \(error)") }
            case .unknown: state.totals.unknown += 1
            }
            Self.check(id, &state)
        }
    }

    // MARK: Consuming

    func received(_ id: Int, redelivered: Bool) {
        state.withLock { state in
            guard id < state.next else { return state.violate("message \(id) was never published") }
            state.totals.received += 1
            if redelivered { state.totals.redelivered += 1 }
            if state.records[id].flags & Record.received != 0 { state.totals.duplicates += 1 }
            state.records[id].flags |= Record.received
            if state.records[id].epoch != state.epoch {
                state.records[id].epoch = state.epoch
                state.records[id].fresh = 0
            }
            if !redelivered { state.records[id].fresh += 1 }
            Self.check(id, &state)
        }
    }

    private static func check(_ id: Int, _ state: inout State) {
        let record = state.records[id]
        if record.fresh > record.publishes {
            state.violate("message \(id) came \(record.fresh) times, published \(record.publishes) times")
        }
        if record.flags & Record.received != 0, record.flags & Record.mustNotArrive != 0 {
            state.violate("message \(id) was returned and arrived")
        }
        if record.flags & Record.received != 0, record.publishes == 0 {
            state.violate("message \(id) was not sent and arrived")
        }
    }

    /// Confirmed messages that did not arrive.
    var missing: [Int] {
        state.withLock { state in
            (0..<state.next).filter { state.records[$0].flags & (Record.confirmed | Record.received) == 1 }
        }
    }
}

/// Which failures a soak brings about, and which would be defects.
enum SoakFailure {
    static func isExpected(_ error: AMQPError) -> Bool {
        switch error.code {
        case .notConnected, .connectionLost, .connectionClosedByPeer, .heartbeatMissed, .unreachable, .connectTimeout,
            .channelClosedByPeer, .notFound, .closed, .timeout, .blocked, .cancelled, .consumerCancelled,
            .publishUnknown:
            true
        default: false
        }
    }
}
