import SQLite

/// The durable event log: everything that is pushed to a browser stands here first.
package enum Feed {
    /// A page of a topic's log behind `cursor`; nil asks only where the log stands.
    package static func page(
        _ topic: FeedTopic, after cursor: Int?, limit: Int, in db: Connection
    ) throws -> FeedPage {
        let head = try FeedRecords.head(in: db)
        guard let cursor else { return FeedPage(head: head, events: [], isComplete: true) }
        let events = try FeedRecords.events(topic, after: cursor, limit: limit, in: db)
        return FeedPage(head: head, events: events, isComplete: events.count < limit)
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
        guard let detail = try OrderRecords.detail(id, in: db), detail.order.status.isVisibleToStore else {
            return .unknownOrder
        }
        let event = try FeedRecords.append(
            .store(detail.order.storeID), name: "", data: try JSON.encode(detail), newOrder: id,
            traceParent: traceParent, at: .now, in: db)
        return .appended(event)
    }

    /// Appends what a store's user sends to all tabs of the store.
    package static func push(store id: Int, data: JSONValue, in db: Connection) throws -> FeedEvent {
        try FeedRecords.append(.store(id), name: "push", data: try JSON.encode(["data": data]), at: .now, in: db)
    }
}
