import SQLite

/// A message that was stored with what it announces, and waits to be published.
package struct OutboxMessage: Equatable, Sendable {
    /// The row, or 0 before it is stored.
    package let id: Int
    package let messageID: String
    package let exchange: String
    package let routingKey: String
    package let type: String
    package let body: [UInt8]
    package let traceParent: String?
    package let createdAt: Timestamp

    static func userOrder(
        _ message: UserOrderMessage, messageID: String, traceParent: String?
    ) -> OutboxMessage {
        OutboxMessage(
            id: 0, messageID: messageID, exchange: Topology.exchange, routingKey: Topology.key,
            type: "UserOrderMessage", body: message.octets, traceParent: traceParent,
            createdAt: Timestamp(milliseconds: 0))
    }

    /// A message on the exchange for other parts of the system.
    static func event(
        _ type: String, key: String, messageID: String, body: [UInt8], traceParent: String?
    ) -> OutboxMessage {
        OutboxMessage(
            id: 0, messageID: messageID, exchange: Topology.eventsExchange, routingKey: key, type: type, body: body,
            traceParent: traceParent, createdAt: Timestamp(milliseconds: 0))
    }

    /// Whether the broker must have a queue for it. Nobody needs to listen to the events.
    package var isMandatory: Bool { exchange != Topology.eventsExchange }
}

/// The names on the broker, as the contract has them.
package enum Topology {
    package static let exchange = "delivery.exchange"
    package static let queue = "delivery.queue"
    package static let key = "delivery.key"
    package static let deadExchange = "delivery.dead.exchange"
    package static let deadQueue = "delivery.dead.queue"
    /// A topic exchange: what became of orders, for whoever wants to know.
    package static let eventsExchange = "order.events"
    /// A fanout of hints between the instances of the services that the event log has grown.
    package static let feedExchange = "delivery.feed"
}

/// The outbox: rows are stored with the change that they announce and go away when the broker has confirmed them.
package enum Outbox {
    /// The oldest messages of an instance that wait, behind row `id`.
    package static func waiting(
        instance: Int, after id: Int = 0, limit: Int, in db: Connection
    ) throws -> [OutboxMessage] {
        try OutboxRecords.page(instance: instance, after: id, limit: limit, in: db)
    }

    package static func remove(_ ids: [Int], in db: Connection) throws {
        for id in ids { try OutboxRecords.delete(id, in: db) }
    }

    package static func recordFailure(_ id: Int, _ error: String, in db: Connection) throws {
        try OutboxRecords.recordFailure(id, String(String.UnicodeScalarView(error.unicodeScalars.prefix(500))), in: db)
    }

    /// Counting stops here: it must stay cheap just when the broker is away and the table grows.
    package static let mostCounted = 100_000

    /// How many messages wait (at most `mostCounted`), and when the oldest was stored.
    package static func state(in db: Connection) throws -> (count: Int, oldest: Timestamp?) {
        try OutboxRecords.state(in: db)
    }
}

extension Outbox {
    /// Whether the database answers at all.
    package static func isReadable(in db: Connection) throws -> Bool {
        _ = try OutboxRecords.state(in: db)
        return true
    }

    /// About as many octets as the pages have that an order changes: a disk that has room for one page takes no orders.
    private static let probeText = String(repeating: "x", count: 64 * 1024)

    /// Changes a row that means nothing, to see whether the file takes changes.
    package static func probe(in db: Connection) throws {
        try db.run("DELETE FROM progress WHERE name >= 'write_probe' AND name < 'write_probf'")
        try db.run("INSERT INTO progress(name, value) VALUES ('write_probe' || ?, 1)", probeText)
    }
}
