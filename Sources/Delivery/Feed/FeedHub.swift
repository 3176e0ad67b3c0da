/// Passes the log's events to those who listen now: replay first, then live, without a gap and without a repeat.
///
/// A machine without I/O: its owner reads the log when told to and reports what was read. An event becomes a `Payload` once,
/// however many listen. What the log says is the truth; an offer of just committed events is taken only when it follows
/// directly on the last one. A `deliver` may cancel any subscription, its own too.
package final class FeedHub<Payload> {
    /// One listener. Kept by identity: two tabs of one store are two subscriptions.
    package final class Subscription {
        package let topic: FeedTopic
        /// The last event that was delivered or skipped; nil until the first page tells where the log stands.
        package fileprivate(set) var cursor: Int?
        fileprivate var isLive = false
        fileprivate var isCancelled = false
        /// What was dispatched while a page is being read.
        fileprivate var joining: [(id: Int, payload: Payload)] = []
        fileprivate var hasOverflowed = false
        /// What was skipped while this one was joining: only a page that reaches this far is without a gap.
        fileprivate var mustReach = 0
        /// Nil once it is cancelled, so that a listener that holds its subscription goes away with it.
        fileprivate var deliver: ((Payload) -> Void)?

        fileprivate init(topic: FeedTopic, cursor: Int?, deliver: @escaping (Payload) -> Void) {
            self.topic = topic
            self.cursor = cursor
            self.deliver = deliver
        }
    }

    /// What the owner does after a page was taken.
    package enum Next: Equatable {
        /// Read another page behind the subscription's cursor.
        case read
        case live
        case cancelled
    }

    /// The youngest event that was dispatched.
    package private(set) var position: Int
    private var topics: [FeedTopic: [Subscription]] = [:]
    private var liveCount = 0
    private let encode: (FeedEvent) -> Payload
    /// Told of each event that was dispatched, also of one for nobody, and to how many live listeners. It may cancel
    /// subscriptions.
    package var didDispatch: (FeedEvent, Int) -> Void = { _, _ in }
    private let mostJoining: Int
    private var isReading = false
    private var mustReadAgain = false

    package init(position: Int = 0, mostJoining: Int = 1024, encode: @escaping (FeedEvent) -> Payload) {
        self.position = position
        self.mostJoining = mostJoining
        self.encode = encode
    }

    package var subscriptionCount: Int { topics.values.reduce(0) { $0 + $1.count } }
    package var hasSubscriptions: Bool { !topics.isEmpty }

    // MARK: - Subscriptions

    /// Starts a replay behind `cursor`; nil starts at the log's end. The owner reads a page next.
    package func subscribe(
        _ topic: FeedTopic, after cursor: Int?, deliver: @escaping (Payload) -> Void
    ) -> Subscription {
        let subscription = Subscription(topic: topic, cursor: cursor, deliver: deliver)
        topics[topic, default: []].append(subscription)
        return subscription
    }

    package func cancel(_ subscription: Subscription) {
        guard !subscription.isCancelled else { return }
        subscription.isCancelled = true
        subscription.joining = []
        subscription.deliver = nil
        if subscription.isLive { liveCount -= 1 }
        topics[subscription.topic]?.removeAll { $0 === subscription }
        if topics[subscription.topic]?.isEmpty == true { topics[subscription.topic] = nil }
    }

    /// Something behind the cursor is gone, or the log never was where it says: everything that is kept is replayed.
    package func rewind(_ subscription: Subscription) { subscription.cursor = 0 }

    /// Call before a page is read: what is dispatched from here on is kept for the join.
    package func willReadPage(_ subscription: Subscription) {
        subscription.joining = []
        subscription.hasOverflowed = false
    }

    /// Delivers a page; at the log's end the subscription goes live in the same step.
    package func didReadPage(_ subscription: Subscription, _ page: FeedPage) -> Next {
        guard !subscription.isCancelled else { return .cancelled }
        let start = subscription.cursor ?? page.head
        subscription.cursor = start
        for event in page.events where event.id > subscription.cursor ?? 0 {
            subscription.cursor = event.id
            subscription.deliver?(encode(event))
            if subscription.isCancelled { return .cancelled }
        }
        guard page.isComplete else { return .read }
        subscription.cursor = max(subscription.cursor ?? 0, page.head)
        if subscription.hasOverflowed || page.head < subscription.mustReach { return .read }
        let joining = subscription.joining
        subscription.joining = []
        for (id, payload) in joining where id > subscription.cursor ?? 0 {
            subscription.cursor = id
            subscription.deliver?(payload)
            if subscription.isCancelled { return .cancelled }
        }
        if liveCount == 0 { skip(to: page.head) }
        subscription.isLive = true
        liveCount += 1
        return .live
    }

    /// Nobody who is live waits for what lies before `head`, so it is not read and dispatched: it may be the whole log.
    /// Those who are joining find it in their pages.
    private func skip(to head: Int) {
        guard head > position else { return }
        position = head
        for list in topics.values {
            for subscription in list { subscription.mustReach = head }
        }
    }

    // MARK: - The log grows

    /// Takes events that a commit of this process appended.
    /// - Returns: whether the owner must read the log behind `position` instead.
    package func offer(_ events: [FeedEvent]) -> Bool {
        guard let last = events.last, last.id > position else { return false }
        guard hasSubscriptions else {
            position = last.id
            return false
        }
        var expected = position + 1
        for event in events {
            guard event.id == expected else { return hint() }
            expected += 1
        }
        dispatch(events)
        return false
    }

    /// The log may have grown, as far as `head` if that is known. Hints while a read is under way make one further read.
    /// - Returns: whether the owner must read the log behind `position`.
    package func hint(upTo head: Int? = nil) -> Bool {
        guard hasSubscriptions, head.map({ $0 > position }) ?? true else { return false }
        if isReading {
            mustReadAgain = true
            return false
        }
        isReading = true
        return true
    }

    /// Takes what was read behind `position`, of all topics. `events` nil: the read failed and is tried again later.
    /// - Returns: whether the owner must read on.
    package func didReadLog(_ events: [FeedEvent]?, isComplete: Bool) -> Bool {
        if let events { dispatch(events) }
        let again = events != nil && (!isComplete || mustReadAgain) && hasSubscriptions
        mustReadAgain = false
        isReading = again
        return again
    }

    private func dispatch(_ events: [FeedEvent]) {
        for event in events where event.id > position {
            position = event.id
            didDispatch(event, deliver(event))
        }
    }

    /// - Returns: to how many who are live.
    private func deliver(_ event: FeedEvent) -> Int {
        var encoded: Payload?
        var count = 0
        for subscription in topics[event.topic] ?? [] where !subscription.isCancelled {
            if subscription.isLive, event.id <= subscription.cursor ?? 0 { continue }
            let payload = encoded ?? encode(event)
            encoded = payload
            if subscription.isLive {
                subscription.cursor = event.id
                subscription.deliver?(payload)
                count += 1
            } else if subscription.joining.count < mostJoining {
                subscription.joining.append((event.id, payload))
            } else {
                subscription.hasOverflowed = true
                subscription.joining = []
            }
        }
        return count
    }
}
