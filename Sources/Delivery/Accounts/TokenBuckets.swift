/// A token bucket for each key: `capacity` at once, then one each `interval`. A key that was never seen has a full bucket,
/// so a bucket that has filled again may be forgotten without harm.
struct TokenBuckets<Key: Hashable> {
    private struct Bucket {
        var tokens: Double
        var at: ContinuousClock.Instant
    }

    private let capacity: Double
    private let interval: Duration
    private var buckets: LeastRecentlyUsed<Key, Bucket>

    /// - Parameter most: keys that are remembered.
    init(capacity: Int, interval: Duration, most: Int) {
        self.capacity = Double(capacity)
        self.interval = interval
        buckets = LeastRecentlyUsed(most: most)
    }

    var count: Int { buckets.count }

    private func tokens(_ key: Key, at now: ContinuousClock.Instant) -> Double {
        guard let bucket = buckets.value(of: key) else { return capacity }
        // A clock that stood still or went back gives nothing.
        return min(capacity, bucket.tokens + max(0, (now - bucket.at) / interval))
    }

    /// How long until there is a token; nil if there is one now. Changes nothing.
    func wait(_ key: Key, at now: ContinuousClock.Instant) -> Duration? {
        let tokens = tokens(key, at: now)
        return tokens >= 1 ? nil : interval * (1 - tokens)
    }

    /// Takes a token, if there is one.
    mutating func take(_ key: Key, at now: ContinuousClock.Instant) {
        let tokens = tokens(key, at: now)
        guard tokens >= 1 else { return }
        buckets.set(Bucket(tokens: tokens - 1, at: now), of: key)
    }

    /// Gives back what was taken.
    mutating func give(_ key: Key, at now: ContinuousClock.Instant) {
        let tokens = tokens(key, at: now) + 1
        if tokens >= capacity { buckets.remove(key) } else { buckets.set(Bucket(tokens: tokens, at: now), of: key) }
    }

    /// Fills the bucket.
    mutating func clear(_ key: Key) { buckets.remove(key) }
}
