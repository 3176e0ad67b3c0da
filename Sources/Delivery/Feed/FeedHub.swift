/// Passes the log's events to those who listen on one loop: replay first, then live, without a gap and without a repeat.
///
/// A machine without I/O: its owner reads pages of the log when told to and reports what was read, and hands on what the
/// sequence, which all hubs of the process share, passes to this one. An event becomes a `Payload` once, however many
/// listen. A delivery may cancel any subscription, its own too.
package final class FeedHub<Listener, Payload: Sendable> {
    /// One listener. Kept by identity: two tabs of one store are two subscriptions.
    package final class Subscription {
        package let topic: FeedTopic
        /// The place of the last event that was delivered or skipped; -1 until the first page tells where the log stands.
        private var place: Int
        fileprivate var isLive = false
        package fileprivate(set) var isCancelled = false
        /// While it is not live.
        fileprivate var joining: Joining?
        /// Nil once it is cancelled, so that a listener that holds its subscription goes away with it.
        package fileprivate(set) var listener: Listener?

        fileprivate init(topic: FeedTopic, cursor: Int?, listener: Listener) {
            self.topic = topic
            self.listener = listener
            place = cursor ?? -1
        }

        package fileprivate(set) var cursor: Int? {
            get { place < 0 ? nil : place }
            set { place = newValue ?? -1 }
        }

        fileprivate func isNew(_ id: Int) -> Bool { id > max(0, place) }
    }

    /// What was dispatched while a page is being read.
    fileprivate final class Joining {
        var events: [(id: Int, payload: Payload)] = []
        var hasOverflowed = false
    }

    /// What the owner does after a page was taken.
    package enum Next: Equatable {
        /// Read another page behind the subscription's cursor.
        case read
        case live
        case cancelled
    }

    private let sequence: FeedSequence
    private let number: Int
    private var topics: [FeedTopic: [Subscription]] = [:]
    private let encode: (FeedEvent) -> Payload
    private let deliver: (Listener, Payload) -> Void
    /// Told of each event that was dispatched, also of one for nobody, and to how many live listeners. It may cancel
    /// subscriptions.
    package var didDispatch: (FeedEvent, Int) -> Void = { _, _ in }
    private let mostJoining: Int

    /// - Parameter number: which one of the sequence's hubs this is.
    package init(
        _ sequence: FeedSequence, number: Int = 0, mostJoining: Int = 1024,
        encode: @escaping (FeedEvent) -> Payload, deliver: @escaping (Listener, Payload) -> Void
    ) {
        self.sequence = sequence
        self.number = number
        self.mostJoining = mostJoining
        self.encode = encode
        self.deliver = deliver
    }

    package var subscriptionCount: Int { topics.values.reduce(0) { $0 + $1.count } }
    package var hasSubscriptions: Bool { !topics.isEmpty }

    // MARK: - Subscriptions

    /// Starts a replay behind `cursor`; nil starts at the log's end. The owner reads a page next.
    /// - Returns: also whether nobody else listens in the whole process.
    package func subscribe(
        _ topic: FeedTopic, after cursor: Int?, _ listener: Listener
    ) -> (subscription: Subscription, isFirst: Bool) {
        let subscription = Subscription(topic: topic, cursor: cursor, listener: listener)
        topics[topic, default: []].append(subscription)
        return (subscription, sequence.add(to: number))
    }

    package func cancel(_ subscription: Subscription) {
        guard !subscription.isCancelled else { return }
        subscription.isCancelled = true
        subscription.joining = nil
        subscription.listener = nil
        sequence.remove(from: number, isLive: subscription.isLive)
        topics[subscription.topic]?.removeAll { $0 === subscription }
        if topics[subscription.topic]?.isEmpty == true { topics[subscription.topic] = nil }
    }

    /// Something behind the cursor is gone, or the log never was where it says: everything that is kept is replayed.
    package func rewind(_ subscription: Subscription) { subscription.cursor = 0 }

    /// Call before a page is read: what is dispatched from here on is kept for the join.
    package func willReadPage(_ subscription: Subscription) {
        if !subscription.isCancelled { subscription.joining = Joining() }
    }

    /// Delivers a page; at the log's end the subscription goes live in the same step.
    package func didReadPage(_ subscription: Subscription, _ page: FeedPage) -> Next {
        guard !subscription.isCancelled else { return .cancelled }
        let joining = subscription.joining
        subscription.joining = nil
        if subscription.cursor == nil { subscription.cursor = page.head }
        for event in page.events where subscription.isNew(event.id) {
            tell(subscription, event.id, encode(event))
            if subscription.isCancelled { return .cancelled }
        }
        guard page.isComplete else { return .read }
        subscription.cursor = max(subscription.cursor ?? 0, page.head)
        if joining?.hasOverflowed == true || !sequence.goLive(at: page.head) { return .read }
        // A cancelled one tells the sequence whether it was live.
        subscription.isLive = true
        for (id, payload) in joining?.events ?? [] where subscription.isNew(id) {
            tell(subscription, id, payload)
            if subscription.isCancelled { return .cancelled }
        }
        return .live
    }

    private func tell(_ subscription: Subscription, _ id: Int, _ payload: Payload) {
        subscription.cursor = id
        if let listener = subscription.listener { deliver(listener, payload) }
    }

    /// Events that were not passed are gone from the log. Who is live has a gap in front of it and is cancelled; who is
    /// joining finds out by its pages.
    /// - Returns: those who were live.
    package func lose() -> [Listener] {
        let live = topics.values.flatMap { $0.filter(\.isLive) }
        let listeners = live.compactMap(\.listener)
        for subscription in live { cancel(subscription) }
        return listeners
    }

    // MARK: - The log grows

    /// Takes what the sequence passed to this hub, in that order.
    package func dispatch(_ events: [LoggedEvent<Payload>]) {
        for logged in events { didDispatch(logged.event, dispatch(logged)) }
    }

    /// - Returns: to how many who are live.
    private func dispatch(_ logged: LoggedEvent<Payload>) -> Int {
        guard let list = topics[logged.event.topic] else { return 0 }
        let id = logged.event.id
        var payload: Payload?
        var count = 0
        for subscription in list where !subscription.isCancelled {
            if subscription.isLive, !subscription.isNew(id) { continue }
            let shared = payload ?? logged.payload(encode)
            payload = shared
            if subscription.isLive {
                tell(subscription, id, shared)
                count += 1
            } else if let joining = subscription.joining, !joining.hasOverflowed {
                if joining.events.count < mostJoining {
                    joining.events.append((id, shared))
                } else {
                    joining.hasOverflowed = true
                    joining.events = []
                }
            }
        }
        return count
    }
}
