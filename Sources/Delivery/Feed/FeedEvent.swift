/// A place in the durable event log with what was said there.
package struct FeedEvent: Equatable, Sendable {
    /// Grows by one from event to event over all topics (AUTOINCREMENT), and is never used twice.
    package let id: Int
    package let topic: FeedTopic
    /// The event's name for the browser; empty for the unnamed event of a new order.
    package let name: String
    /// JSON.
    package let data: [UInt8]
    /// The order that this event announces, if it is one that does.
    package let newOrder: NewOrder?

    /// What measurements and logs say of a new order.
    package struct NewOrder: Equatable, Sendable {
        package let id: Int
        /// Nil when the order itself is gone.
        package let orderedAt: Timestamp?
        package let traceParent: String?

        package init(id: Int, orderedAt: Timestamp?, traceParent: String?) {
            self.id = id
            self.orderedAt = orderedAt
            self.traceParent = traceParent
        }

        /// Empty without one.
        package var traceID: String { TraceParent.traceID(of: traceParent) }
    }

    package init(id: Int, topic: FeedTopic, name: String, data: [UInt8], newOrder: NewOrder? = nil) {
        self.id = id
        self.topic = topic
        self.name = name
        self.data = data
        self.newOrder = newOrder
    }
}

/// Who an event is for.
package struct FeedTopic: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    /// The tabs of a store.
    package static func store(_ id: Int) -> FeedTopic { FeedTopic("store/\(id)") }
    /// The pages of a customer.
    package static func customer(_ id: Int) -> FeedTopic { FeedTopic("user/\(id)") }
    /// The pages of all riders.
    package static let riders = FeedTopic("riders")
    /// Sessions that ended: for the services alone, who close the session's streams. No browser listens to it.
    package static let sessions = FeedTopic("session")
}

/// One page of a topic's log, read in one transaction.
package struct FeedPage: Equatable, Sendable {
    /// The id of the youngest event of all topics in that transaction; 0 for an empty log.
    package let head: Int
    /// Events of the topic behind the cursor, oldest first.
    package let events: [FeedEvent]
    /// Whether nothing of the topic follows up to `head`.
    package let isComplete: Bool
    /// Events up to this id may be gone; 0 if all are kept.
    package let pruned: Int

    package init(head: Int, events: [FeedEvent], isComplete: Bool, pruned: Int = 0) {
        self.head = head
        self.events = events
        self.isComplete = isComplete
        self.pruned = pruned
    }

    /// Whether who stands at `cursor` may have missed what is gone, or knows what this log has never said.
    package func isLost(_ cursor: Int) -> Bool { cursor > head || cursor < pruned }
}
