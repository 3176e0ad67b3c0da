import Synchronized

/// The limits of a service's logins and registrations, for all of its threads, by the monotonic clock.
package final class LoginLimits: Sendable {
    private struct State {
        var logins: LoginLimiter
        /// By client. Far above what people behind one address do.
        var registrations = TokenBuckets<String>(capacity: 500, interval: .seconds(5), most: 10_000)
    }

    private let state: Lock<State>
    private let refused = Atomic<Int>(0)
    private let now: @Sendable () -> ContinuousClock.Instant

    package init(
        _ limits: LoginLimiter.Limits = LoginLimiter.Limits(),
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        state = Lock(State(logins: LoginLimiter(limits)))
        self.now = now
    }

    /// Attempts that were refused so far.
    package var refusals: Int { refused.load(ordering: .relaxed) }

    /// - Throws: `DeliveryError` 429, the same whether the account exists or not.
    func check(_ pair: LoginLimiter.Pair) throws(DeliveryError) {
        let now = now()
        try refuse(state.withLock { $0.logins.wait(pair, at: now) }, "failed logins")
    }

    /// An attempt begins, and counts as failed until it has succeeded.
    func begin(_ pair: LoginLimiter.Pair) throws(DeliveryError) {
        let now = now()
        try refuse(state.withLock { $0.logins.begin(pair, at: now) }, "failed logins")
    }

    func succeed(_ pair: LoginLimiter.Pair) {
        let now = now()
        state.withLock { $0.logins.succeed(pair, at: now) }
    }

    package func checkRegistration(_ client: String) throws(DeliveryError) {
        let now = now()
        try refuse(state.withLock { $0.registrations.wait(client, at: now) }, "registrations")
    }

    package func countRegistration(_ client: String) throws(DeliveryError) {
        let now = now()
        try refuse(
            state.withLock { state in
                let wait = state.registrations.wait(client, at: now)
                if wait == nil { state.registrations.take(client, at: now) }
                return wait
            }, "registrations")
    }

    private func refuse(_ wait: Duration?, _ what: String) throws(DeliveryError) {
        guard let wait else { return }
        refused.wrappingAdd(1, ordering: .relaxed)
        // Up to whole seconds, but not for the last digit of a division.
        throw .tooMany(what, retryAfter: max(1, Int((wait / .seconds(1) - 1e-6).rounded(.up))))
    }
}
