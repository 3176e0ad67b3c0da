/// Where an order is: a row of the table that is fed by the events of orders alone.
package struct OrderView: Codable, Equatable, Sendable {
    package let orderID: Int
    /// Of the order, as of the last event that was seen.
    package let version: Int
    package let status: OrderStatus
    package let customerID: Int
    package let storeID: Int
    package let storeName: String
    /// Won.
    package let amount: Int
    /// For example `김치찌개 2, 공기밥 1`.
    package let items: String
    package let address: String
    package let prepMinutes: Int?
    package let readyAt: Timestamp?
    package let riderID: Int?
    package let riderName: String?
    package let orderedAt: Timestamp
    /// nil: nothing of it reaches the store.
    package let paidAt: Timestamp?
    package let changedAt: Timestamp

    enum CodingKeys: String, CodingKey {
        case version, status, amount, items, address
        case orderID = "order_id"
        case customerID = "customer_id"
        case storeID = "store_id"
        case storeName = "store_name"
        case prepMinutes = "prep_minutes"
        case readyAt = "ready_at"
        case riderID = "rider_id"
        case riderName = "rider_name"
        case orderedAt = "ordered_at"
        case paidAt = "paid_at"
        case changedAt = "changed_at"
    }

    /// What a message says of its order.
    package init(_ message: OrderStatusMessage) {
        self.init(
            orderID: message.orderID, version: message.orderVersion, status: message.status,
            customerID: message.customerID, storeID: message.storeID, storeName: message.storeName,
            amount: message.amount, items: message.items, address: message.address, prepMinutes: message.prepMinutes,
            readyAt: message.readyAt, riderID: message.riderID, riderName: message.riderName,
            orderedAt: message.orderedAt, paidAt: message.paidAt, changedAt: message.changedAt)
    }

    /// What an order that has come to its end says of itself.
    init(_ order: Order, at store: Store, riderName: String?) {
        self.init(
            orderID: order.id, version: order.version, status: order.status, customerID: order.customerID,
            storeID: order.storeID, storeName: store.name, amount: order.amount, items: order.summary,
            address: order.address, prepMinutes: order.prepMinutes, readyAt: order.readyAt, riderID: order.riderID,
            riderName: riderName, orderedAt: order.orderedAt, paidAt: order.paidAt, changedAt: order.statusChangedAt)
    }

    init(
        orderID: Int, version: Int, status: OrderStatus, customerID: Int, storeID: Int, storeName: String, amount: Int,
        items: String, address: String, prepMinutes: Int?, readyAt: Timestamp?, riderID: Int?, riderName: String?,
        orderedAt: Timestamp, paidAt: Timestamp?, changedAt: Timestamp
    ) {
        self.orderID = orderID
        self.version = version
        self.status = status
        self.customerID = customerID
        self.storeID = storeID
        self.storeName = storeName
        self.amount = amount
        self.items = items
        self.address = address
        self.prepMinutes = prepMinutes
        self.readyAt = readyAt
        self.riderID = riderID
        self.riderName = riderName
        self.orderedAt = orderedAt
        self.paidAt = paidAt
        self.changedAt = changedAt
    }

    /// As a rider may see it who does not carry it: without the house.
    var withoutHouse: OrderView {
        OrderView(
            orderID: orderID, version: version, status: status, customerID: customerID, storeID: storeID,
            storeName: storeName, amount: amount, items: items,
            address: RiderDelivery.neighbourhood(of: address), prepMinutes: prepMinutes, readyAt: readyAt,
            riderID: riderID, riderName: riderName, orderedAt: orderedAt, paidAt: paidAt, changedAt: changedAt)
    }
}
