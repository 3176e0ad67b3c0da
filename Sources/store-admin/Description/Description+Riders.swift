import OpenAPI

extension Description {
    static let riders: [Operation] = [
        Operation(
            .get, "/api/rider/delivery", "listDeliveries", .riders, "What is to be brought", for: .riders,
            replies: [.ok(.named("RiderBoard"), beside: ["last_event_id": Components.lastEventID])]),
        step("take", "takeDelivery", "Take an order. Exactly one rider gets it"),
        step("release", "releaseDelivery", "Give an order back before the pick-up"),
        step("pick-up", "pickUpDelivery", "It is picked up at the store"),
        step("complete", "completeDelivery", "It is delivered"),
    ]

    private static func step(_ path: String, _ id: String, _ summary: String) -> Operation {
        Operation(
            .post, "/api/rider/delivery/{id}/\(path)", id, .riders, summary, for: .riders, parameters: [.order],
            replies: [.ok(.named("RiderDelivery"))], refusals: [.noOrder, .wrongStatus])
    }
}

extension Operation.Tag {
    static let riders = Self("Riders", "What riders do. The id is that of the order.")
}
