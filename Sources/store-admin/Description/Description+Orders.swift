import OpenAPI

extension Description {
    static let orders: [Operation] = [
        Operation(
            .get, "/api/user-order/current", "listCurrentOrders", .orders, "Orders that are not over", for: .stores,
            parameters: [.limit, .before],
            replies: [.ok(.list(of: .named("Entry")), beside: ["last_event_id": Components.lastEventID])]),
        Operation(
            .get, "/api/user-order/history", "listPastOrders", .orders, "Orders that are over", for: .stores,
            details: """
                With one of `status`, `query`, `from` and `to` what fits is looked for, page by page: `next_before` is \
                `before` of the page that follows.
                """,
            parameters: [
                .query("status", "How it ended.", .values(["", "RECEIVE", "REJECT", "CANCEL", "EXPIRED"])),
                .query(
                    "query", "Words in the order's number, its menus, its note or its address.", .text(from: 0, to: 100)
                ),
                .query("from", "A time, or a day in Korea.", dayOrTime),
                .query("to", "The same; a day to its end.", dayOrTime),
                .limit, .before,
            ],
            replies: [.ok(.list(of: .named("Entry")), sometimes: ["next_before": .id])]),
        Operation(
            .get, "/api/user-order/id/{id}", "getOrder", .orders, "One order", for: .stores,
            parameters: [.order], replies: [.ok(.named("Entry"))], refusals: [.noOrder]),
        Operation(
            .post, "/api/user-order/{id}/acknowledge", "acknowledgeOrder", .orders, "Silence the alarm in every tab",
            for: .stores, parameters: [.order], replies: [.ok(.named("Entry"))], refusals: [.noOrder]),
        Operation(
            .post, "/api/user-order/{id}/accept", "acceptOrder", .orders, "Accept, and say when it is ready",
            for: .stores, parameters: [.order],
            body: .init(.named("Acceptance"), isRequired: false, examples: ["demo": ["prep_minutes": 20]]),
            replies: [.ok(.named("Entry"))], refusals: [.noOrder, .wrongStatus]),
        Operation(
            .post, "/api/user-order/{id}/reject", "rejectOrder", .orders, "Reject: the customer gets the money back",
            for: .stores, parameters: [.order],
            body: .init(
                .named("Rejection"),
                examples: [
                    "new": ["reason": "OUT_OF_ITEMS", "note": "김치가 떨어졌어요"],
                    "accepted": ["reason": "TOO_BUSY", "expected_status": "ACCEPT"],
                ]),
            replies: [.ok(.named("Entry"))], refusals: [.noOrder, .wrongStatus]),
        step("start-cooking", "startCooking", "Begin to cook"),
        step("finish-cooking", "finishCooking", "It is cooked: riders see it"),
        step("start-delivery", "startDelivery", "The store brings it itself"),
        step("receive-delivery", "receiveDelivery", "The store has brought it"),
    ]

    private static let dayOrTime = Schema.any(of: [.day, .time, .values([""])])

    private static func step(_ path: String, _ id: String, _ summary: String) -> Operation {
        Operation(
            .post, "/api/user-order/{id}/\(path)", id, .orders, summary, for: .stores, parameters: [.order],
            replies: [.ok(.named("Entry"))], refusals: [.noOrder, .wrongStatus])
    }
}
