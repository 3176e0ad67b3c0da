/// A place in the durable event log with what was said there.
package struct FeedEvent: Equatable, Sendable {
    /// Grows by one from event to event over all topics (AUTOINCREMENT), and is never used twice.
    package let id: Int
    package let topic: FeedTopic
    /// The event's name for the browser; empty for the unnamed event of a new order.
    package let name: String
    /// JSON.
    package let data: [UInt8]

    package init(id: Int, topic: FeedTopic, name: String, data: [UInt8]) {
        self.id = id
        self.topic = topic
        self.name = name
        self.data = data
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
}

/// One page of a topic's log, read in one transaction.
package struct FeedPage: Equatable, Sendable {
    /// The id of the youngest event of all topics in that transaction; 0 for an empty log.
    package let head: Int
    /// Events of the topic behind the cursor, oldest first.
    package let events: [FeedEvent]
    /// Whether nothing of the topic follows up to `head`.
    package let isComplete: Bool

    package init(head: Int, events: [FeedEvent], isComplete: Bool) {
        self.head = head
        self.events = events
        self.isComplete = isComplete
    }
}
