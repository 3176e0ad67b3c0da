import Glibc

/// Points in time that all parts of all processes of a machine share, so that what may wait is done together: in one commit,
/// in one segment.
enum Tick {
    /// How long it is until the next one.
    static func next(every interval: Duration) -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let now = time.tv_sec * 1_000_000_000 + time.tv_nsec
        let step = max(1, Int(interval / .nanoseconds(1)))
        return .nanoseconds(step - now % step)
    }
}
