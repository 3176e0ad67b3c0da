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
}

/// The names on the broker, as the contract has them.
package enum Topology {
    package static let exchange = "delivery.exchange"
    package static let queue = "delivery.queue"
    package static let key = "delivery.key"
    package static let deadExchange = "delivery.dead.exchange"
    package static let deadQueue = "delivery.dead.queue"
}

/// The outbox: rows are stored with the change that they announce and go away when the broker has confirmed them.
package enum Outbox {
    /// The oldest messages that wait, without those in `except`.
    package static func waiting(
        after id: Int, limit: Int, in db: Connection
    ) throws -> [OutboxMessage] {
        try OutboxRecords.page(after: id, limit: limit, in: db)
    }

    package static func remove(_ ids: [Int], in db: Connection) throws {
        for id in ids { try OutboxRecords.delete(id, in: db) }
    }

    package static func recordFailure(_ id: Int, _ error: String, in db: Connection) throws {
        try OutboxRecords.recordFailure(id, String(error.prefix(500)), in: db)
    }

    /// How many messages wait, and when the oldest was stored.
    package static func state(in db: Connection) throws -> (count: Int, oldest: Timestamp?) {
        try OutboxRecords.state(in: db)
    }
}
