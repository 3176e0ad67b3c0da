/// The events of the services' streams.
extension Operation.Event {
    /// What every stream has.
    package static let common = [onOpen, reset, heartbeat]

    package static let newOrder = Self(
        "", "A new order. An order has one such event, ever.", .named("OrderDetail"),
        example: [
            "store_menu_responses": [
                [
                    "id": 1, "store_id": 1, "name": "김치찌개", "amount": 8000, "status": "REGISTERED",
                    "thumbnail_url": "", "like_count": 312, "sequence": 0,
                ]
            ],
            "user_order_response": [
                "id": 7, "user_id": 1, "store_id": 1, "status": "ORDER", "amount": 16000,
                "ordered_at": "2026-11-20T08:49:03.796Z", "address": "서울시 마포구 월드컵로 12, 301호", "version": 1,
                "status_changed_at": "2026-11-20T08:49:03.796Z", "paid_at": "2026-11-20T08:49:03.796Z",
                "items": [["store_menu_id": 1, "name": "김치찌개", "amount": 8000, "quantity": 2]],
            ],
        ])
    package static let orderStatus = Self(
        "order-status", "An order has changed.", .named("OrderStatusEvent"),
        example: [
            "id": 7, "version": 2, "action": "ACCEPT", "status": "ACCEPT", "actor": "STORE",
            "changed_at": "2026-11-20T08:49:20.101Z", "prep_minutes": 20, "ready_at": "2026-11-20T09:09:20.101Z",
        ])
    package static let orderAcknowledged = Self(
        "order-acknowledged", "Somebody has seen the order: the alarm ends.",
        .object(["id": .id, "acknowledged_at": .time]),
        example: ["id": 7, "acknowledged_at": "2026-11-20T08:49:10.120Z"])
    package static let push = Self(
        "push", "What POST /api/sse/push-event sent.", .object(["data": .anything]), example: ["data": "hello"])

    package static let deliveryChanged = Self(
        "delivery-changed", "For riders: something about this order has changed. Load the list again.",
        .named("DeliveryChangedEvent"), example: ["id": 7, "status": "COOKED", "rider_id": 5])

    package static let storeSettings = Self(
        "store-settings", "The store's settings, after a change.", .named("StoreSettings"),
        example: [
            "auto_accept": false, "default_prep_minutes": 20, "busy_minutes": 10, "paused_until": nil,
            "area_codes": [],
        ])
    package static let storeMenu = Self(
        "store-menu", "A menu that is sold out or on sale again.", .named("OfferedMenu"),
        example: [
            "id": 1, "store_id": 1, "name": "김치찌개", "amount": 8000, "status": "REGISTERED", "thumbnail_url": "",
            "like_count": 312, "sequence": 0, "sold_out": true,
        ])

    private static let onOpen = Self(
        "onopen", "The stream stands. The id is where.", .values(["connect"]), example: "connect")
    private static let reset = Self(
        "reset", "Something behind the cursor may be gone: load the lists again.", .object([:]), example: [:],
        isLogged: false)
    private static let heartbeat = Self(
        "heartbeat", "Every 15 s.", .object(["at": .time]), example: ["at": "2026-11-20T08:49:15.000Z"],
        isLogged: false)
}
