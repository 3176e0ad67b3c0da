import OpenAPI

extension Description {
    static let events: [Operation] = [
        Operation(
            .get, "/api/sse/connect", "connectEvents", .events, "The store's event stream", for: .stores,
            details: """
                With a cursor everything behind it is sent first, then what happens from now on, without a gap. The \
                stream ends after about half an hour and with its session; come back with the last id.
                """,
            parameters: [
                .lastEventID, .cursor,
            ],
            replies: [.events(storeEvents, "The stream. An event with an id has a place in a durable log.")]),
        Operation(
            .post, "/api/sse/push-event", "pushEvent", .events, "Send something to every tab of the store",
            for: .stores,
            body: .init(
                .object([:], optional: ["data": .anything]), isRequired: false,
                examples: ["hello": ["data": "hello"]]),
            replies: [.ok(.object(["id": .id]), "The event's id.")]),
    ]

    private static let storeEvents: [Operation.Event] = [
        Operation.Event(
            "onopen", "The stream stands. The id is where.", .values(["connect"]), example: "connect"),
        Operation.Event(
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
                    "ordered_at": "2026-11-20T08:49:03.796Z",
                    "items": [["store_menu_id": 1, "name": "김치찌개", "amount": 8000, "quantity": 2]],
                ],
            ]),
        Operation.Event(
            "order-acknowledged", "Somebody has seen the order: the alarm ends.",
            .object(["id": .id, "acknowledged_at": .time]),
            example: ["id": 7, "acknowledged_at": "2026-11-20T08:49:10.120Z"]),
        Operation.Event(
            "push", "What POST /api/sse/push-event sent.", .object(["data": .anything]),
            example: [
                "data": "hello"
            ]),
        Operation.Event(
            "reset", "Something behind the cursor may be gone: load the lists again.", .object([:]), example: [:],
            isLogged: false),
        Operation.Event(
            "heartbeat", "Every 15 s.", .object(["at": .time]), example: ["at": "2026-11-20T08:49:15.000Z"],
            isLogged: false),
    ]
}
