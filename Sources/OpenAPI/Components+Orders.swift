extension Components {
    package static let orderStatuses = [
        "REGISTERED", "PAYMENT_PENDING", "ORDER", "ACCEPT", "COOKING", "COOKED", "DELIVERY", "DELIVERED", "RECEIVE",
        "REJECT", "CANCEL", "EXPIRED",
    ]

    /// Orders, as they are asked for and shown.
    package static let orders: KeyValuePairs<String, Schema> = [
        "OrderRequest": Schema([
            "type": "object", "required": ["store_id"],
            "properties": [
                "store_id": Schema.integer().tree,
                "store_menu_id_list": Schema.list(of: .integer(), from: 1, to: 999)
                    .described("each menu as often as it is wanted").tree,
                "items": Schema.list(
                    of: .object(["store_menu_id": .integer(), "quantity": .integer(from: 1, to: 999)]), from: 1,
                    to: 999
                ).described("at most 100 different menus").tree,
                "note": Schema.text(from: 0, to: 300).orNull.tree,
            ],
            "oneOf": [["required": ["store_menu_id_list"]], ["required": ["items"]]],
            "description": "Either `store_menu_id_list` or `items`, not both. The server sets the price.",
        ]),
        "OrderItem": .object([
            "store_menu_id": .id, "name": .string, "amount": .won.described("of one, when it was ordered"),
            "quantity": .integer(from: 1, to: 999),
        ]),
        "Order": .object(
            [
                "id": .id, "user_id": .id, "store_id": .id, "status": .values(orderStatuses),
                "amount": .won.described("of all items"), "ordered_at": .time,
                "items": .list(of: .named("OrderItem")),
            ], optional: ["note": .string, "acknowledged_at": .time]),
        "Entry": .object([
            "user_order_response": .named("Order"), "store_response": .named("Store"),
            "store_menu_responses": .list(of: .named("Menu")).described("each menu once, as it is now"),
        ]).described("An order as the lists show it."),
        "OrderDetail": .object([
            "user_order_response": .named("Order"), "store_menu_responses": .list(of: .named("Menu")),
        ]).described("What a store is told of a new order."),
    ]

    /// How the envelope of `current` tells from where a stream misses nothing.
    package static let lastEventID = Schema.integer(from: 0)
        .described("the cursor from which the event stream misses nothing")
}
