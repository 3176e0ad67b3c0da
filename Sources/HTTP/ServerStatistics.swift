import Synchronization

/// Counters of one server, readable from anywhere.
package final class ServerStatistics: Sendable {
    private let open = Atomic<Int>(0)
    private let acceptedCount = Atomic<Int>(0)
    private let streams = Atomic<Int>(0)
    private let cutOff = Atomic<Int>(0)
    private let evicted = Atomic<Int>(0)
    private let onClose: @Sendable (_ open: Int) -> Void

    init(onClose: @escaping @Sendable (Int) -> Void) { self.onClose = onClose }

    /// Connections that are open now.
    package var openConnections: Int { open.load(ordering: .relaxed) }
    /// Connections accepted since the start.
    package var acceptedConnections: Int { acceptedCount.load(ordering: .relaxed) }
    /// Event streams that are open now.
    package var openStreams: Int { streams.load(ordering: .relaxed) }
    /// Subscribers that were cut off because their queue was full, since the start.
    package var streamsCutOff: Int { cutOff.load(ordering: .relaxed) }

    /// Connections that were ended to make room for others, since the start.
    package var evictedConnections: Int { evicted.load(ordering: .relaxed) }

    /// Returns how many connections are open with this one.
    func accepted() -> Int {
        acceptedCount.wrappingAdd(1, ordering: .relaxed)
        return open.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
    }

    func closed() { onClose(open.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue) }
    func streamOpened() { streams.wrappingAdd(1, ordering: .relaxed) }
    func streamClosed() { streams.wrappingSubtract(1, ordering: .relaxed) }
    func connectionWasEvicted() { evicted.wrappingAdd(1, ordering: .relaxed) }
    func streamWasCutOff() { cutOff.wrappingAdd(1, ordering: .relaxed) }
}
