import OpenAPI

extension Description {
    static let orders: [Operation] = [
        Operation(
            .get, "/api/user-order/current", "listCurrentOrders", .orders, "Orders that are not over", for: .stores,
            parameters: [.limit, .before],
            replies: [.ok(.list(of: .named("Entry")), beside: ["last_event_id": Components.lastEventID])]),
        Operation(
            .get, "/api/user-order/history", "listPastOrders", .orders, "Orders that are over", for: .stores,
            parameters: [.limit, .before], replies: [.ok(.list(of: .named("Entry")))]),
        Operation(
            .get, "/api/user-order/id/{id}", "getOrder", .orders, "One order", for: .stores,
            parameters: [.order], replies: [.ok(.named("Entry"))], refusals: [.noOrder]),
        Operation(
            .post, "/api/user-order/{id}/acknowledge", "acknowledgeOrder", .orders, "Silence the alarm in every tab",
            for: .stores, parameters: [.order], replies: [.ok(.named("Entry"))], refusals: [.noOrder]),
    ]
}
