import SQLite

/// How long the system waits before it changes an order itself.
package struct OrderTerms: Equatable, Sendable {
    /// Unpaid for so long: it expires.
    package var payWithin = Duration.seconds(30 * 60)
    /// Not accepted for so long: it expires and is refunded.
    package var acceptWithin = Duration.seconds(30 * 60)
    /// A rider has it for so long and has not picked it up: it is offered to all again.
    package var pickUpWithin = Duration.seconds(30 * 60)
    /// Delivered for so long: it counts as received.
    package var confirmAfter = Duration.seconds(24 * 60 * 60)

    package init() {}

    /// When the system acts on an order that stays as it is from `time` on.
    func deadline(_ state: OrderTransitions.State, from time: Timestamp) -> Timestamp? {
        switch state.status {
        case .registered, .paymentPending: time.adding(payWithin)
        case .order: time.adding(acceptWithin)
        case .cooked: state.rider == nil ? nil : time.adding(pickUpWithin)
        case .delivered: time.adding(confirmAfter)
        default: nil
        }
    }
}

/// What a service does with the changes that it commits: outbox rows for its relay, and events for its streams.
package struct OrderNews: Sendable {
    /// In the outbox rows that are stored here: see `OutboxLeases`.
    package let instance: Int
    package let terms: OrderTerms
    let outbox: @Sendable (OutboxEntry) -> Void
    let feed: @Sendable ([FeedEvent]) -> Void

    /// - Parameters:
    ///   - outbox: told on the writer's thread, after the commit, of each row that was stored: in the order of commits.
    ///   - feed: likewise of the events that a commit appended to the log.
    package init(
        instance: Int, terms: OrderTerms = OrderTerms(),
        outbox: @escaping @Sendable (OutboxEntry) -> Void = { _ in },
        feed: @escaping @Sendable ([FeedEvent]) -> Void = { _ in }
    ) {
        self.instance = instance
        self.terms = terms
        self.outbox = outbox
        self.feed = feed
    }

    func tell(_ entry: OutboxEntry?, _ events: [FeedEvent], after db: Connection) {
        db.afterCommit { [outbox, feed] in
            if let entry { outbox(entry) }
            if !events.isEmpty { feed(events) }
        }
    }
}
