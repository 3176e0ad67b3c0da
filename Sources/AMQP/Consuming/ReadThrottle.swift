import Synchronization

/// Counts what deliveries hold that nobody has taken, and says when the socket is to be read no more and again.
///
/// Deliveries are added on the loop and taken on any thread.
final class ReadThrottle: Sendable {
    /// What a delivery costs besides its octets.
    static let overhead = 512

    private let limit: Int
    private let held = Atomic<Int>(0)
    private let isPaused = Atomic<Bool>(false)

    // The multiples below have to fit.
    init(limit: Int) { self.limit = min(limit, .max / 16) }

    var octets: Int { held.load(ordering: .sequentiallyConsistent) }

    /// More waits than the limit.
    var isFull: Bool { octets > limit }
    /// Even for the sake of an answer nothing is to be read.
    var isOverflowing: Bool { octets > 16 * limit }
    /// So much waits that the answer to a publish might not be reached.
    var isHalfWayToOverflow: Bool { octets > 8 * limit }

    func add(_ octets: Int) {
        held.wrappingAdd(octets + Self.overhead, ordering: .sequentiallyConsistent)
    }

    /// True if reading has to pause now; whoever makes room then is told to see to it that it goes on.
    func mustPause() -> Bool {
        guard isFull else { return false }
        isPaused.store(true, ordering: .sequentiallyConsistent)
        // Somebody may have taken everything just before the flag was up.
        return !mayResume()
    }

    /// True if the caller has to see to it that reading goes on.
    func take(_ octets: Int, count: Int = 1) -> Bool {
        held.wrappingSubtract(octets + Self.overhead * count, ordering: .sequentiallyConsistent)
        return mayResume()
    }

    private func mayResume() -> Bool {
        guard held.load(ordering: .sequentiallyConsistent) <= limit / 2 else { return false }
        return isPaused.exchange(false, ordering: .sequentiallyConsistent)
    }
}
