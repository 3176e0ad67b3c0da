import OpenAPI

extension Description {
    static let events: [Operation] = [
        Operation(
            .get, "/api/sse/connect", "connectEvents", .events, "The event stream of a store, or of the riders",
            for: .storesAndRiders,
            details: """
                With a cursor everything behind it is sent first, then what happens from now on, without a gap. The \
                stream ends after about half an hour and with its session; come back with the last id.
                """,
            parameters: [
                .lastEventID, .cursor,
            ],
            replies: [
                .events(
                    [.newOrder, .orderStatus, .orderAcknowledged, .push, .storeSettings, .storeMenu, .deliveryChanged]
                        + Operation.Event.common,
                    "The stream. An event with an id has a place in a durable log.")
            ]),
        Operation(
            .post, "/api/sse/push-event", "pushEvent", .events, "Send something to every tab of the store",
            for: .stores,
            body: .init(
                .object([:], optional: ["data": .anything]), isRequired: false,
                examples: ["hello": ["data": "hello"]]),
            replies: [.ok(.object(["id": .id]), "The event's id.")]),
    ]
}
