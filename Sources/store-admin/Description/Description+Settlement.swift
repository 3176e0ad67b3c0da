import OpenAPI

extension Description {
    static let settlement: [Operation] = [
        Operation(
            .get, "/api/settlement", "getSettlement", .settlement, "What the store has earned", for: .owners,
            details: "Of a day in Korea, or of a month. As CSV with `format=csv` or `Accept: text/csv`.",
            parameters: [
                day,
                .query(
                    "month", "In the place of a day.",
                    Schema(["type": "string", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])$"])),
                .query("format", "", .values(["json", "csv"])),
            ],
            replies: [
                Operation.Reply(
                    200, "A day or a month.",
                    contents: [
                        "application/json": .envelope(
                            of: .any(of: [.named("SettlementDay"), .named("SettlementMonth")])),
                        "text/csv": .string,
                    ])
            ]),
        Operation(
            .get, "/api/settlement/stores", "listSettlements", .settlement, "What all stores have earned on a day",
            for: .operators,
            parameters: [
                day, .query("after", "Only stores with a greater id.", .integer(from: 0)),
                .query("limit", "How many at most.", .integer(from: 1, to: 200), example: 20),
            ],
            replies: [.ok(.list(of: .named("SettlementStore")))]),
    ]

    private static let day = Operation.Parameter.query("day", "A day in Korea; today without it.", .day)

    static let orderViews: [Operation] = [
        Operation(
            .get, "/api/order-view", "listOrderViews", .orderViews, "Where the orders are", for: .storesAndRiders,
            parameters: [.limit, .before], replies: [.ok(.list(of: .named("OrderView")))]),
        Operation(
            .get, "/api/order-view/{id}", "getOrderView", .orderViews, "Where an order is", for: .storesAndRiders,
            parameters: [.order], replies: [.ok(.named("OrderView"))], refusals: [.noOrder]),
    ]
}

extension Operation.Tag {
    static let settlement = Self("Settlement", "What stores have earned.")
    static let orderViews = Self("Order view", "Where orders are, from a table that the events feed.")
}
