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
    package var status: OrderStatus
    /// Won, of all items.
    package let amount: Int
    package let orderedAt: Timestamp
    package let note: String?
    /// Where to.
    package let address: String
    /// Counts its changes, from 1.
    package var version = 1
    package var statusChangedAt: Timestamp
    /// nil: nothing of it reaches the store.
    package var paidAt: Timestamp?
    package var acknowledgedAt: Timestamp?
    /// What the store said when it accepted, and when the order is ready by that.
    package var prepMinutes: Int?
    package var readyAt: Timestamp?
    /// Why it was rejected.
    package var reason: RejectReason?
    package var reasonNote: String?
    package var riderID: Int?
    /// nil while it is on its way.
    package var closedAt: Timestamp?
    package var items: [OrderItem]

    enum CodingKeys: String, CodingKey {
        case id, status, amount, note, address, version, reason, items
        case customerID = "user_id"
        case storeID = "store_id"
        case orderedAt = "ordered_at"
        case statusChangedAt = "status_changed_at"
        case paidAt = "paid_at"
        case acknowledgedAt = "acknowledged_at"
        case prepMinutes = "prep_minutes"
        case readyAt = "ready_at"
        case reasonNote = "reason_note"
        case riderID = "rider_id"
        case closedAt = "closed_at"
    }

    package var state: OrderTransitions.State { OrderTransitions.State(status, rider: riderID) }

    /// Nothing reaches the store before it is paid.
    package var isVisibleToStore: Bool { paidAt != nil }

    /// In one line, for example `김치찌개 2, 공기밥 1`.
    package var summary: String {
        var text = ""
        for (index, item) in items.enumerated() {
            if index > 0 { text += ", " }
            text += item.name
            text += " "
            text += String(item.quantity)
        }
        return text
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
    /// What was done to the order, oldest first; nil in lists.
    package var timeline: [OrderEvent]?
    /// For the customer; nil in lists, and for an order that was paid without a gateway.
    package var payment: OrderPayment.View?

    enum CodingKeys: String, CodingKey {
        case timeline, payment
        case order = "user_order_response"
        case store = "store_response"
        case menus = "store_menu_responses"
    }
}
