import OpenAPI

extension Description {
    static let events: [Operation] = [
        Operation(
            .get, "/api/sse/connect", "connectEvents", .events, "The customer's event stream", for: .customers,
            details: """
                Tells of each change of one's orders. With a cursor everything behind it is sent first, then what \
                happens from now on, without a gap. The stream ends after about half an hour; come back with the last id.
                """,
            parameters: [.lastEventID, .cursor],
            replies: [
                .events(
                    [.orderStatus] + Operation.Event.common,
                    "The stream. An event with an id has a place in a durable log.")
            ])
    ]
}
