/// Who may try a password: failed logins are limited for each account and client together, and for each account from all
/// clients more loosely. It does no I/O; the time is the caller's.
///
/// The limit of an account does not count for clients from which somebody has logged in to it: those who guess, from
/// however many addresses, do not lock its owner out.
///
/// Memory is bounded, and a flood of other accounts does not make it forget a limit that still counts: a bucket is made
/// only for an attempt that costs a scrypt, one after the other, so it is forgotten only after `most` of them, and in that
/// time it has filled again. (10,000 at 50 ms are 500 s; the buckets fill in 300 s and 360 s.)
package struct LoginLimiter {
    package struct Limits {
        package var pairCapacity = 10
        package var pairInterval = Duration.seconds(30)
        package var accountCapacity = 60
        package var accountInterval = Duration.seconds(6)
        /// Keys of each kind.
        package var most = 10_000

        package init() {}
    }

    package struct Pair: Hashable {
        let account: String
        let client: String

        package init(account: String, client: String) { (self.account, self.client) = (account, client) }
    }

    private var pairs: TokenBuckets<Pair>
    private var accounts: TokenBuckets<String>
    /// Clients from which a login succeeded: only those who have an account get in here.
    private var known: LeastRecentlyUsed<Pair, Void>

    package init(_ limits: Limits = Limits()) {
        pairs = TokenBuckets(capacity: limits.pairCapacity, interval: limits.pairInterval, most: limits.most)
        accounts = TokenBuckets(
            capacity: limits.accountCapacity, interval: limits.accountInterval, most: limits.most)
        known = LeastRecentlyUsed(most: limits.most)
    }

    /// Keys that are remembered, of all kinds.
    package var count: Int { pairs.count + accounts.count + known.count }

    /// How long this client has to wait before it may try this account; nil if it may now. Changes nothing.
    package func wait(_ pair: Pair, at now: ContinuousClock.Instant) -> Duration? {
        let account = isKnown(pair) ? nil : accounts.wait(pair.account, at: now)
        return switch (pairs.wait(pair, at: now), account) {
        case (let one?, let other?): max(one, other)
        case (let one, let other): one ?? other
        }
    }

    /// An attempt begins, and counts as failed until it has succeeded.
    /// - Returns: how long to wait, instead; nil if it may go on.
    package mutating func begin(_ pair: Pair, at now: ContinuousClock.Instant) -> Duration? {
        if let wait = wait(pair, at: now) { return wait }
        pairs.take(pair, at: now)
        if !isKnown(pair) { accounts.take(pair.account, at: now) }
        return nil
    }

    /// The attempt that began last for this pair had the right password.
    package mutating func succeed(_ pair: Pair, at now: ContinuousClock.Instant) {
        if !isKnown(pair) { accounts.give(pair.account, at: now) }
        pairs.clear(pair)
        known.set((), of: pair)
    }

    private func isKnown(_ pair: Pair) -> Bool { known.value(of: pair) != nil }
}
