/// The statuses of an order, as the contract names them.
package enum OrderStatus: String, Codable, CaseIterable, Sendable {
    case registered = "REGISTERED"
    case paymentPending = "PAYMENT_PENDING"
    case order = "ORDER"
    case accept = "ACCEPT"
    case cooking = "COOKING"
    case cooked = "COOKED"
    case delivery = "DELIVERY"
    case delivered = "DELIVERED"
    case receive = "RECEIVE"
    case reject = "REJECT"
    case cancel = "CANCEL"
    case expired = "EXPIRED"

    /// Nothing reaches the store before it is paid.
    package var isVisibleToStore: Bool {
        switch self {
        case .registered, .paymentPending: false
        default: true
        }
    }
}

/// One line of an order: the menu's name and price as they were when it was ordered.
package struct OrderItem: Codable, Equatable, Sendable {
    package let menuID: Int
    package let name: String
    /// Won, for one.
    package let amount: Int
    package let quantity: Int

    enum CodingKeys: String, CodingKey {
        case name, amount, quantity
        case menuID = "store_menu_id"
    }
}

/// An order with its items.
package struct Order: Codable, Equatable, Sendable {
    package let id: Int
    package let customerID: Int
    package let storeID: Int
    package let status: OrderStatus
    /// Won, of all items.
    package let amount: Int
    package let orderedAt: Timestamp
    package let note: String?
    package let acknowledgedAt: Timestamp?
    package let items: [OrderItem]

    enum CodingKeys: String, CodingKey {
        case id, status, amount, note, items
        case customerID = "user_id"
        case storeID = "store_id"
        case orderedAt = "ordered_at"
        case acknowledgedAt = "acknowledged_at"
    }

    func with(_ items: [OrderItem]) -> Order {
        Order(
            id: id, customerID: customerID, storeID: storeID, status: status, amount: amount, orderedAt: orderedAt,
            note: note, acknowledgedAt: acknowledgedAt, items: items)
    }
}

/// What is pushed to the store for a new order (the contract's `UserOrderDetailResponse`), each menu once.
package struct OrderDetail: Codable, Equatable, Sendable {
    package let order: Order
    package let menus: [Menu]

    enum CodingKeys: String, CodingKey {
        case order = "user_order_response"
        case menus = "store_menu_responses"
    }
}

/// An order as the lists show it: with its store.
package struct OrderListEntry: Codable, Equatable, Sendable {
    package let order: Order
    package let store: Store
    package let menus: [Menu]

    enum CodingKeys: String, CodingKey {
        case order = "user_order_response"
        case store = "store_response"
        case menus = "store_menu_responses"
    }
}
