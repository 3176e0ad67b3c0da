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
                    .orNull.described("each menu as often as it is wanted").tree,
                "items": Schema.list(
                    of: .object(["store_menu_id": .integer(), "quantity": .integer(from: 1, to: 999)]), from: 1,
                    to: 999
                ).orNull.described("at most 100 different menus").tree,
                "note": Schema.text(from: 0, to: 300).orNull.tree,
                "address": Schema.text(to: 200).orNull.described("where to; else the customer's own address").tree,
            ],
            "oneOf": [
                ["required": ["store_menu_id_list"], "properties": ["items": ["type": "null"]]],
                ["required": ["items"], "properties": ["store_menu_id_list": ["type": "null"]]],
            ],
            "description": "Either `store_menu_id_list` or `items`, not both. The server sets the price.",
        ]),
        "Acceptance": .object(
            [:], optional: ["prep_minutes": prepMinutes.orNull.described("else the store's estimate")]),
        "Rejection": .object(
            ["reason": rejectReason],
            optional: [
                "note": .text(from: 0, to: 200).orNull,
                "expected_status": status.orNull.described("an accepted order is rejected only with ACCEPT here"),
            ]),
        "OrderItem": .object([
            "store_menu_id": .id, "name": .string, "amount": .won.described("of one, when it was ordered"),
            "quantity": .integer(from: 1, to: 999),
        ]),
        "Order": .object(
            [
                "id": .id, "user_id": .id, "store_id": .id, "status": status,
                "amount": .won.described("of all items"), "ordered_at": .time,
                "address": .string.described("where to"),
                "version": .integer(from: 1).described("counts the order's changes"), "status_changed_at": .time,
                "items": .list(of: .named("OrderItem")),
            ],
            optional: [
                "note": .string, "paid_at": .time.described("without it the store does not see the order"),
                "acknowledged_at": .time.described("when somebody at the store had seen it"),
                "prep_minutes": .integer(from: 0), "ready_at": .time.described("when the store promised it"),
                "reason": rejectReason, "reason_note": .string, "rider_id": .id,
                "closed_at": .time.described("when its way had ended"),
                "payment": .named("Payment").described("in the reply to its placing"),
            ]),
        "OrderEvent": .object([
            "version": .integer(from: 1), "action": action, "status": status.described("after it"), "actor": actor,
            "at": .time,
        ]).described("What was done to an order."),
        "Entry": .object(
            [
                "user_order_response": .named("Order"), "store_response": .named("Store"),
                "store_menu_responses": .list(of: .named("Menu")).described("each menu once, as it is now"),
            ],
            optional: [
                "timeline": .list(of: .named("OrderEvent"))
                    .described("what was done to it, oldest first; left out in lists"),
                "payment": .named("Payment"),
            ]
        ).described("An order with its store and menus."),
        "OrderStatusEvent": .object(
            [
                "id": .id, "version": .integer(from: 1), "action": action, "status": status, "actor": actor,
                "changed_at": .time,
            ],
            optional: [
                "prep_minutes": .integer(from: 0), "ready_at": .time, "reason": rejectReason, "reason_note": .string,
                "rider_id": .id,
            ]),
        "OrderDetail": .object([
            "user_order_response": .named("Order"), "store_menu_responses": .list(of: .named("Menu")),
        ]).described("What a store is told of a new order."),
    ]

    package static let status = Schema.values(orderStatuses)
    package static let actor = Schema.values(["CUSTOMER", "STORE", "RIDER", "SYSTEM"])
    package static let action = Schema.values([
        "PLACE", "PAY", "PAY_LATER", "ACCEPT", "REJECT", "START_COOKING", "FINISH_COOKING", "TAKE", "RELEASE",
        "PICK_UP",
        "COMPLETE",
        "START_DELIVERY", "RECEIVE_DELIVERY", "CONFIRM", "CANCEL", "EXPIRE",
    ])
    package static let rejectReason = Schema.values([
        "OUT_OF_ITEMS", "KITCHEN_CLOSED", "TOO_BUSY", "CANNOT_COMPLETE_NOTE", "CUSTOMER_CALLED", "OTHER",
    ])

    /// How the envelope of `current` tells from where a stream misses nothing.
    package static let lastEventID = Schema.integer(from: 0)
        .described("the cursor from which the event stream misses nothing")
}
