import Failpoints
import SQLite

/// The durable event log: everything that is pushed to a browser stands here first.
package enum Feed {
    /// A page ends with the event that reaches this: well below what may wait for one stream.
    package static let pageOctets = 256 * 1024

    /// A page of a topic's log behind `cursor`; nil asks only where the log stands.
    package static func page(
        _ topic: FeedTopic, after cursor: Int?, limit: Int, in db: Connection
    ) throws -> FeedPage {
        let head = try FeedRecords.head(in: db)
        guard let cursor else { return FeedPage(head: head, events: [], isComplete: true) }
        let pruned = try FeedRecords.pruned(in: db)
        let (events, isComplete) = try FeedRecords.events(
            topic, after: cursor, limit: limit, octets: pageOctets, in: db)
        return FeedPage(head: head, events: events, isComplete: isComplete, pruned: pruned)
    }

    /// Events of all topics behind `position`, oldest first.
    package static func events(after position: Int, limit: Int, in db: Connection) throws -> [FeedEvent] {
        try FeedRecords.events(after: position, limit: limit, in: db)
    }

    package static func head(in db: Connection) throws -> Int { try FeedRecords.head(in: db) }

    /// What became of the announcement of an order.
    package enum Announcement: Sendable, Equatable {
        case appended(FeedEvent)
        /// The log has it already: a repeated message.
        case known
        case unknownOrder
    }

    /// Appends the event of a new order to its store's log, unless it is there. Part of the caller's write transaction,
    /// which sees every order that was committed before it began.
    package static func announce(
        order id: Int, traceParent: String?, in db: Connection
    ) throws -> Announcement {
        if try FeedRecords.isAnnounced(order: id, in: db) { return .known }
        guard let detail = try OrderRecords.detail(id, in: db), detail.order.isVisibleToStore else {
            return .unknownOrder
        }
        try Failpoint.reach("feed.announce", ["order": "\(id)"])
        let event = try FeedRecords.append(
            .store(detail.order.storeID), name: "", data: try JSON.encode(detail),
            newOrder: .init(id: id, orderedAt: detail.order.orderedAt, traceParent: traceParent), at: .now, in: db)
        return .appended(event)
    }

    /// Appends what a store's user sends to all tabs of the store.
    package static func push(store id: Int, data: JSONValue, in db: Connection) throws -> FeedEvent {
        try FeedRecords.append(.store(id), name: "push", data: try JSON.encode(["data": data]), at: .now, in: db)
    }

    // MARK: - What is gone

    /// The youngest id of an event that may be gone; 0 for none.
    package static func pruned(in db: Connection) throws -> Int { try FeedRecords.pruned(in: db) }

    /// Notes that events up to `id` may be gone, and lets new ones get higher ids. Who comes with a cursor below it is told
    /// to begin anew: after events were deleted, and after an older state of the database was put in place (then `id` lies
    /// beyond every id that the lost state may have given out).
    package static func markPruned(upTo id: Int, in db: Connection) throws {
        try FeedRecords.setPruned(id, in: db)
        try FeedRecords.raiseHead(to: id, in: db)
    }

    // MARK: - What the broker lost

    /// Orders that became visible to their stores before `time`, behind the changes that were looked at before; those
    /// without an event are appended, as if their message had come. Part of the caller's write transaction.
    ///
    /// - Returns: what was appended, and whether more follow.
    package static func announceForgotten(
        storedBefore time: Timestamp, limit: Int, in db: Connection
    ) throws -> (events: [FeedEvent], isComplete: Bool) {
        let start = try FeedRecords.checkedChange(in: db)
        guard let page = try OrderEventRecords.page(after: start, before: time, limit: limit, in: db) else {
            return ([], true)
        }
        var events: [FeedEvent] = []
        for id in page.announced {
            if case .appended(let event) = try announce(order: id, traceParent: nil, in: db) { events.append(event) }
        }
        try FeedRecords.setCheckedChange(page.last, in: db)
        return (events, page.isComplete)
    }

    /// What `announceForgotten` looks at next.
    package struct ForgottenPage: Sendable {
        /// The orders of the page that have no event.
        package let orders: [Int]
        /// The page's last change.
        package let last: Int
        package let isComplete: Bool
    }

    /// - Returns: nil if there is nothing to look at: a read, so that an idle system writes nothing.
    package static func forgottenPage(
        storedBefore time: Timestamp, limit: Int, in db: Connection
    ) throws -> ForgottenPage? {
        let start = try FeedRecords.checkedChange(in: db)
        guard let page = try OrderEventRecords.page(after: start, before: time, limit: limit, in: db) else {
            return nil
        }
        return ForgottenPage(
            orders: try page.announced.filter { try !FeedRecords.isAnnounced(order: $0, in: db) }, last: page.last,
            isComplete: page.isComplete)
    }

    /// All changes up to this one were looked at.
    package static func didCheckChanges(upTo id: Int, in db: Connection) throws {
        try FeedRecords.setCheckedChange(id, in: db)
    }
}
