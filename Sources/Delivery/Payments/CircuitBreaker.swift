/// Lets no call through to something that fails or is slow, and tries it again after a while. The terms and the rules are
/// those of resilience4j's CircuitBreaker with a sliding window that counts calls
/// (resilience4j.readme.io/docs/circuitbreaker). No I/O and no clock of its own: the time is an argument.
package struct CircuitBreaker: Sendable {
    package struct Settings: Sendable {
        /// The share of failed calls from which on it opens, 0 to 1.
        package var failureRate = 0.5
        /// The share of slow calls from which on it opens, 0 to 1.
        package var slowCallRate = 0.5
        /// The rates are those of so many last calls.
        package var slidingWindow = 100
        /// With fewer calls there is no rate.
        package var minimumCalls = 10
        /// How long it stays open.
        package var openFor = Duration.seconds(10)
        /// Calls that are let through to try, when that time is over.
        package var permittedInHalfOpen = 5

        package init() {}
    }

    package enum State: String, CaseIterable, Sendable {
        case closed, open
        case halfOpen = "half_open"
    }

    /// Allows one call. It is given back to `record` or `release` once.
    package struct Permit: Sendable, Equatable {
        fileprivate let generation: Int
    }

    package enum Outcome: Sendable {
        case success, failure
    }

    /// The last calls, as a ring.
    private struct Window: Sendable {
        private var calls: [(isFailure: Bool, isSlow: Bool)] = []
        private var next = 0
        private let size: Int
        private(set) var failures = 0
        private(set) var slow = 0

        init(size: Int) { self.size = max(1, size) }

        var count: Int { calls.count }

        mutating func add(isFailure: Bool, isSlow: Bool) {
            if calls.count < size {
                calls.append((isFailure, isSlow))
            } else {
                if calls[next].isFailure { failures -= 1 }
                if calls[next].isSlow { slow -= 1 }
                calls[next] = (isFailure, isSlow)
                next = (next + 1) % size
            }
            if isFailure { failures += 1 }
            if isSlow { slow += 1 }
        }
    }

    private let settings: Settings
    package private(set) var state = State.closed
    private var window: Window
    private var openUntil: ContinuousClock.Instant?
    /// Permits of this half-open state that are not handed out.
    private var permitsLeft = 0
    /// Grows with each change of the state: what a call that began before says of now is out of date.
    private var generation = 0

    package init(_ settings: Settings = Settings()) {
        self.settings = settings
        window = Window(size: settings.slidingWindow)
    }

    /// How many calls it would let through now.
    package func permits(at now: ContinuousClock.Instant) -> Int {
        switch state {
        case .closed: .max
        case .open: openUntil.map { now >= $0 } ?? true ? settings.permittedInHalfOpen : 0
        case .halfOpen: permitsLeft
        }
    }

    /// - Returns: nil when the call must not be made.
    package mutating func acquire(at now: ContinuousClock.Instant) -> Permit? {
        guard permits(at: now) > 0 else { return nil }
        if state == .open {
            change(to: .halfOpen)
            window = Window(size: settings.permittedInHalfOpen)
            permitsLeft = settings.permittedInHalfOpen
        }
        if state == .halfOpen { permitsLeft -= 1 }
        return Permit(generation: generation)
    }

    /// The call was not made.
    package mutating func release(_ permit: Permit) {
        if permit.generation == generation, state == .halfOpen { permitsLeft += 1 }
    }

    /// Takes what came of a call.
    /// - Parameter isSlow: whether it took longer than a call may, whatever came of it.
    package mutating func record(
        _ permit: Permit, _ outcome: Outcome, isSlow: Bool, at now: ContinuousClock.Instant
    ) {
        guard permit.generation == generation, state != .open else { return }
        window.add(isFailure: outcome == .failure, isSlow: isSlow)
        let needed =
            state == .halfOpen ? settings.permittedInHalfOpen : min(settings.minimumCalls, settings.slidingWindow)
        guard window.count >= needed else { return }
        let count = Double(window.count)
        let isBad =
            Double(window.failures) >= settings.failureRate * count
            || Double(window.slow) >= settings.slowCallRate * count
        if isBad {
            change(to: .open)
            openUntil = now + settings.openFor
        } else if state == .halfOpen {
            change(to: .closed)
            window = Window(size: settings.slidingWindow)
        }
    }

    private mutating func change(to next: State) {
        state = next
        generation += 1
    }
}
