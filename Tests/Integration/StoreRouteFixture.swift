import Support
import Testing

/// The owner of store 3 and a customer, at the services that the tests share: what is changed there is in nobody's way.
struct StoreThree: Sendable {
    static let menus = [10, 11, 12, 13]

    let pair: ServicePair
    let customer: HTTPTestClient
    let session: String
    let owner: HTTPTestClient

    private static let shared = Task {
        let pair = try await ServiceFixture.get().pair
        let session = try await pair.session("owner3@example.com")
        return StoreThree(
            pair: pair, customer: try await People.get().customer, session: session,
            owner: pair.admin.http.with(cookie: session))
    }

    static func get() async throws -> StoreThree { try await shared.value }

    func order(menus: [Int] = [10], note: String? = nil) async throws -> Int {
        try await pair.order(customer, store: 3, menus: menus, note: note)
    }

    /// An order that the store has been told of.
    func announcedOrder(menus: [Int] = [10], note: String? = nil) async throws -> Int {
        let id = try await order(menus: menus, note: note)
        let stream = pair.stream(session, after: "0")
        try await stream.connect()
        try await stream.waitForOrders([id])
        stream.close()
        return id
    }

    func step(_ name: String, _ order: Int, _ body: JSONValue? = nil) async throws -> HTTPResponse {
        let path = "/api/user-order/\(order)/\(name)"
        guard let body else { return try await owner.send("POST", path) }
        return try await owner.post(path, json: body)
    }

    func set(_ settings: JSONValue) async throws -> HTTPResponse {
        try await owner.send(
            "PUT", "/api/store/settings", headers: ["Content-Type": "application/json"], body: settings.bytes)
    }

    func find(_ order: Int) async throws -> JSONValue {
        try await owner.get("/api/user-order/id/\(order)").json["body"]
    }

    /// A stream of the store's events from here on.
    func openStream() async throws -> EventStreamClient {
        let stream = pair.stream(session)
        try await stream.connect()
        try await stream.event("onopen") { $0.event == "onopen" }
        return stream
    }
}

extension HTTPResponse {
    var code: Int? { json["result"]["result_code"].int }
}
