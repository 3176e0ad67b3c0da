import OpenAPI

extension Description {
    static let orderViews: [Operation] = [
        Operation(
            .get, "/api/order-view", "listOrderViews", .orderViews, "Where one's orders are", for: .customers,
            parameters: [.limit, .before], replies: [.ok(.list(of: .named("OrderView")))]),
        Operation(
            .get, "/api/order-view/{id}", "getOrderView", .orderViews, "Where an order is", for: .customers,
            parameters: [.order], replies: [.ok(.named("OrderView"))], refusals: [.noOrder]),
    ]
}

extension Operation.Tag {
    static let orderViews = Self("Order view", "Where orders are, from a table that the events feed.")
}
