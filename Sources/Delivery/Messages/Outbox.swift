import SQLite

/// Names a row of the outbox: a change of an order, which may be announced by several messages.
package struct OutboxKey: Hashable, Comparable, Sendable {
    /// Whose row it is: see `OutboxLeases`.
    package let instance: Int
    package let order: Int
    /// Of the order, after the change.
    package let version: Int

    package init(instance: Int, order: Int, version: Int) {
        (self.instance, self.order, self.version) = (instance, order, version)
    }

    package static func < (one: OutboxKey, other: OutboxKey) -> Bool {
        (one.order, one.version, one.instance) < (other.order, other.version, other.instance)
    }
}

/// A message that announces a change, and waits to be published.
package struct OutboxMessage: Equatable, Sendable {
    /// Of its row.
    package let key: OutboxKey
    /// Its place among the messages of the row.
    package let part: Int
    package let messageID: String
    package let exchange: String
    package let routingKey: String
    package let type: String
    package let body: [UInt8]
    package let traceParent: String?
    package let createdAt: Timestamp

    package init(
        key: OutboxKey, part: Int, messageID: String, exchange: String, routingKey: String, type: String,
        body: [UInt8], traceParent: String?, createdAt: Timestamp
    ) {
        self.key = key
        self.part = part
        self.messageID = messageID
        self.exchange = exchange
        self.routingKey = routingKey
        self.type = type
        self.body = body
        self.traceParent = traceParent
        self.createdAt = createdAt
    }

    /// Whether the broker must have a queue for it. Nobody needs to listen to the events.
    package var isMandatory: Bool { exchange != Topology.eventsExchange }
    /// Whether somebody waits for it now: a store that has a new order. What is for other parts of the system may wait for
    /// others that come behind it.
    package var isUrgent: Bool { exchange == Topology.exchange }
    /// Empty without one.
    package var traceID: String { TraceParent.traceID(of: traceParent) }
}

/// A row of the outbox: it is stored with the change that it announces, and goes away when the broker has confirmed all of
/// its messages.
package struct OutboxEntry: Equatable, Sendable {
    package let key: OutboxKey
    package let createdAt: Timestamp
    package let messages: [OutboxMessage]

    package init(key: OutboxKey, createdAt: Timestamp, messages: [OutboxMessage]) {
        (self.key, self.createdAt, self.messages) = (key, createdAt, messages)
    }

    /// What announces a change: its status, and of an order that is now paid that it is, to its store and to the others.
    ///
    /// - Parameters:
    ///   - body: the `OrderStatusMessage` of the change.
    ///   - txID: its message's id; those of the others follow from it, so that each has the same one whenever it is sent.
    init(
        _ key: OutboxKey, status: OrderStatus, customer: Int, body: [UInt8], txID: String, at time: Timestamp,
        traceParent: String?
    ) {
        var messages: [OutboxMessage] = []
        func add(_ id: String, _ exchange: String, _ routingKey: String, _ type: String, _ body: [UInt8]) {
            messages.append(
                OutboxMessage(
                    key: key, part: messages.count, messageID: id, exchange: exchange, routingKey: routingKey,
                    type: type, body: body, traceParent: traceParent, createdAt: time))
        }
        if status == .order {
            add(
                Secrets.uuid(besides: txID, 1), Topology.exchange, Topology.key, UserOrderMessage.type,
                UserOrderMessage(orderID: key.order).octets)
            let completed = OrderCompletedMessage(
                order: key.order, customer: customer, txID: Secrets.uuid(besides: txID, 2), at: time)
            add(
                completed.txID, Topology.eventsExchange, "order.completed", OrderCompletedMessage.type,
                completed.octets)
        }
        add(txID, Topology.eventsExchange, status.routingKey, OrderStatusMessage.type, body)
        self.init(key: key, createdAt: time, messages: messages)
    }
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
    /// A page of an instance's rows.
    package struct Page: Sendable {
        package let entries: [OutboxEntry]
        /// The page's last row; nil when it has none.
        package let last: OutboxKey?
        /// Rows whose event cannot be read: they stay where they are.
        package let unreadable: Int
        package let isComplete: Bool
    }

    /// The rows of an instance that wait, behind `key`, in the order of their keys.
    package static func waiting(
        instance: Int, after key: OutboxKey? = nil, limit: Int, in db: Connection
    ) throws -> Page {
        let start = key ?? OutboxKey(instance: instance, order: -1, version: 0)
        return try OutboxRecords.page(instance: instance, after: start, limit: limit, in: db)
    }

    package static func remove(_ keys: [OutboxKey], in db: Connection) throws {
        for key in keys { try OutboxRecords.delete(key, in: db) }
    }

    package static func recordFailure(_ key: OutboxKey, _ error: String, in db: Connection) throws {
        try OutboxRecords.recordFailure(
            key, String(String.UnicodeScalarView(error.unicodeScalars.prefix(500))), in: db)
    }

    /// Counting stops here: it must stay cheap just when the broker is away and the table grows.
    package static let mostCounted = 100_000

    /// How many rows wait (at most `mostCounted`), and when the oldest of them was stored.
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
