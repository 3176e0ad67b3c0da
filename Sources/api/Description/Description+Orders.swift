import OpenAPI

extension Description {
    static let orders: [Operation] = [
        Operation(
            .post, "/api/user-order", "placeOrder", .orders, "Order something", for: .customers,
            details: """
                The server sets the price. A request that is sent again with the same `Idempotency-Key` gets the order \
                that it made the first time; keys are kept for a day.
                """,
            parameters: [
                .header(
                    "Idempotency-Key", "1 to 255 printable ASCII characters. With it a lost reply does no harm.",
                    Schema(["type": "string", "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"]))
            ],
            body: .init(
                .named("OrderRequest"),
                examples: [
                    "list": ["store_id": 1, "store_menu_id_list": [1, 1, 2], "note": "문 앞에 놓아 주세요"],
                    "items": ["store_id": 1, "items": [["store_menu_id": 1, "quantity": 2]]],
                ]),
            replies: [
                .created(.named("Order"), "The order was stored, and is paid."),
                .accepted(.named("Order"), "The order was stored, and is not paid yet.", headers: ["Location"]),
            ],
            refusals: [
                .init(404, codes: [3404, 3405], "There is no such store, or no such menu."),
                .init(409, codes: [3002, 3006], "A menu is sold out; the store takes no orders now."),
                .init(
                    422, codes: [422, 3003, 3004, 3005],
                    "Below the store's minimum amount; a menu of another store or not on sale; outside of the delivery "
                        + "area; an `Idempotency-Key` that came with another body."),
            ]),
        Operation(
            .get, "/api/user-order/current", "listCurrentOrders", .orders, "Orders that are not over", for: .customers,
            parameters: [.limit, .before],
            replies: [.ok(.list(of: .named("Entry")), beside: ["last_event_id": Components.lastEventID])]),
        Operation(
            .get, "/api/user-order/history", "listPastOrders", .orders, "Orders that are over", for: .customers,
            parameters: [.limit, .before], replies: [.ok(.list(of: .named("Entry")))]),
        Operation(
            .get, "/api/user-order/id/{id}", "getOrder", .orders, "One order", for: .customers,
            parameters: [.order], replies: [.ok(.named("Entry"))], refusals: [.noOrder]),
        Operation(
            .post, "/api/user-order/{id}/pay", "payOrder", .orders, "Try the payment again", for: .customers,
            parameters: [.order],
            replies: [
                .ok(.named("Entry"), "It is paid, or over."), .accepted(.named("Entry"), "It is not paid yet."),
            ],
            refusals: [.noOrder, .wrongStatus]),
        Operation(
            .post, "/api/user-order/{id}/cancel", "cancelOrder", .orders, "Cancel, as long as nobody cooks",
            for: .customers, parameters: [.order], replies: [.ok(.named("Entry"))], refusals: [.noOrder, .wrongStatus]),
        Operation(
            .post, "/api/user-order/{id}/confirm", "confirmOrder", .orders, "It has arrived", for: .customers,
            parameters: [.order], replies: [.ok(.named("Entry"))], refusals: [.noOrder, .wrongStatus]),
    ]
}
