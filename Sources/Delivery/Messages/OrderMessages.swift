/// Announces on `order.events`, with the key `order.completed`, that ordering is complete: the order is paid.
package struct OrderCompletedMessage: Codable, Equatable, Sendable {
    package static let type = "OrderCompletedMessage"

    /// Of this message: the same one when it is sent again.
    package let txID: String
    package let version: String
    package let completedAt: Timestamp
    package let orderID: Int
    package let customerID: Int

    enum CodingKeys: String, CodingKey {
        case version
        case txID = "tx_id"
        case completedAt = "completed_at"
        case orderID = "order_id"
        case customerID = "customer_id"
    }

    init(order: Int, customer: Int, txID: String, at time: Timestamp) {
        self.txID = txID
        version = "1.0"
        completedAt = time
        orderID = order
        customerID = customer
    }

    /// What goes to the broker.
    var octets: [UInt8] { JSONWriter.octets(of: self, capacity: 160) }

    /// - Throws: `DecodingError`
    static func read(_ octets: [UInt8]) throws -> OrderCompletedMessage {
        try plain(octets) ?? JSON.decode(OrderCompletedMessage.self, octets)
    }

    /// Nil unless `octets` are of the form of `octets`.
    static func plain(_ octets: [UInt8]) -> OrderCompletedMessage? {
        var plain = PlainOctets(octets)
        guard plain.skip(#"{"completed_at":""#), let time = plain.text().flatMap({ Timestamp($0) }),
            plain.skip(#","customer_id":"#), let customer = plain.number(), plain.skip(#","order_id":"#),
            let order = plain.number(), plain.skip(#","tx_id":""#), let txID = plain.text(),
            plain.skip(#","version":"1.0"}"#), plain.isAtEnd
        else { return nil }
        return OrderCompletedMessage(order: order, customer: customer, txID: txID, at: time)
    }
}

/// Announces on `order.events` that an order has changed, with the key `order.` and the status in lower case. It says
/// everything about the order, so that none before it must be known: of two, the one with the higher `order_version` counts.
package struct OrderStatusMessage: Codable, Equatable, Sendable {
    package static let type = "OrderStatusMessage"

    package let txID: String
    package let version: String
    package let orderID: Int
    package let orderVersion: Int
    package let action: OrderAction
    package let status: OrderStatus
    package let changedAt: Timestamp
    package let actor: OrderActor.Kind
    package let customerID: Int
    package let storeID: Int
    package let storeName: String
    package let amount: Int
    package let orderedAt: Timestamp
    /// nil as long as the order is not paid.
    package let paidAt: Timestamp?
    package let address: String
    package let items: String
    package let prepMinutes: Int?
    package let readyAt: Timestamp?
    package let riderID: Int?
    package let riderName: String?
    package let reason: RejectReason?

    enum CodingKeys: String, CodingKey {
        case version, action, status, actor, amount, address, items, reason
        case txID = "tx_id"
        case orderID = "order_id"
        case orderVersion = "order_version"
        case changedAt = "changed_at"
        case customerID = "customer_id"
        case storeID = "store_id"
        case storeName = "store_name"
        case orderedAt = "ordered_at"
        case paidAt = "paid_at"
        case prepMinutes = "prep_minutes"
        case readyAt = "ready_at"
        case riderID = "rider_id"
        case riderName = "rider_name"
    }

    init(_ order: Order, _ event: OrderEvent, store: Store, riderName: String?, txID: String) {
        self.txID = txID
        version = "1.0"
        orderID = order.id
        orderVersion = event.version
        action = event.action
        status = event.status
        changedAt = event.at
        actor = event.actor
        customerID = order.customerID
        storeID = order.storeID
        storeName = store.name
        amount = order.amount
        orderedAt = order.orderedAt
        paidAt = order.paidAt
        address = order.address
        items = order.summary
        prepMinutes = order.prepMinutes
        readyAt = order.readyAt
        riderID = order.riderID
        self.riderName = riderName
        reason = order.reason
    }
}

extension OrderStatus {
    /// The routing key of its messages on `order.events`.
    package var routingKey: String { "order.\(rawValue.lowercased())" }
}
