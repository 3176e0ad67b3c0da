/// When a notification that could not be delivered is tried again, and when no longer.
package struct WebhookRetries: Equatable, Sendable {
    /// After the first failure, the second, and so on; after one more it is given up.
    package var delays: [Duration] = [
        .seconds(5), .seconds(30), .seconds(120), .seconds(600), .seconds(3600), .seconds(6 * 3600),
    ]
    /// One that is older than that is given up at its next failure, however few they were: many that wait for one receiver
    /// take turns, and must end.
    package var longest = Duration.seconds(24 * 3600)
    /// A receiver that fails again and again is left alone so long at most, whatever waits for it.
    package var longestPause = Duration.seconds(300)

    package init() {}

    /// - Parameter attempts: failures of this notification so far.
    /// - Returns: nil when it is given up.
    package func next(after attempts: Int, created: Timestamp, at now: Timestamp) -> Timestamp? {
        guard attempts >= 1, attempts <= delays.count, now < created.adding(longest) else { return nil }
        return now.adding(delays[attempts - 1])
    }

    /// How long a receiver is left alone.
    /// - Parameter failures: its failures in a row, of whatever notifications.
    package func pause(after failures: Int) -> Duration {
        guard failures >= 1, let last = delays.last else { return .zero }
        return min(failures <= delays.count ? delays[failures - 1] : last, longestPause)
    }
}
