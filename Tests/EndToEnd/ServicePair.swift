import Support

/// Both services as processes, on one new database file and one broker, with the demo data.
final class ServicePair: Sendable {
    let api: ServiceProcess
    let admin: ServiceProcess
    let folder: TemporaryFolder

    /// What either service of this pair is started with.
    let environment: [String: String]

    private init(
        _ api: ServiceProcess, _ admin: ServiceProcess, _ folder: TemporaryFolder, _ environment: [String: String]
    ) {
        (self.api, self.admin, self.folder, self.environment) = (api, admin, folder, environment)
    }

    /// Starts both and waits until they are connected to the broker.
    static func start(broker url: String, environment more: [String: String] = [:]) async throws -> ServicePair {
        let folder = try TemporaryFolder("services")
        let environment = [
            "RABBITMQ_URL": url, "DATABASE_PATH": folder.file("delivery.db"), "DEMO_DATA": "1",
        ].merging(more) { $1 }
        // At the same time: one of them migrates and fills the database, the other waits for it.
        async let api = ServiceProcess.start("api", environment: environment)
        async let admin = ServiceProcess.start("store-admin", environment: environment)
        let pair = try await ServicePair(api, admin, folder, environment)
        try await pair.waitUntilUp()
        return pair
    }

    /// Waits until both say `UP`, which they do once the broker has them.
    func waitUntilUp(within seconds: Double = 30) async throws {
        for service in [api, admin] {
            try await eventually("\(service.name) says UP", within: seconds) {
                try await service.http.get("/health/ready").json["status"].string == "UP"
            }
        }
    }

    func stop() async throws {
        for service in [api, admin] where service.isRunning { try await service.kill() }
        folder.remove()
    }

    /// A client of `api` with the customer's token.
    func customer(_ email: String = "customer@example.com") async throws -> HTTPTestClient {
        let reply = try await api.http.post(
            "/open-api/user/login", json: ["email": .string(email), "password": "password"])
        guard let token = reply.json["body"]["access_token"].string else {
            throw SupportError("\(email) cannot log in: \(reply.status) \(reply.text)")
        }
        return api.http.with(token: token)
    }

    /// The `Cookie` header of a store's owner.
    func session(_ email: String = "owner1@example.com") async throws -> String {
        let reply = try await admin.http.post("/login", json: ["email": .string(email), "password": "password"])
        guard let session = reply.cookie("store_session") else {
            throw SupportError("\(email) cannot log in: \(reply.status) \(reply.text)")
        }
        return "store_session=\(session)"
    }

    /// Places an order and hands back its id.
    @discardableResult
    func order(
        _ customer: HTTPTestClient, store: Int = 1, menus: [Int] = [1], note: String? = nil, key: String? = nil
    ) async throws -> Int {
        var body: [String: JSONValue] = [
            "store_id": .int(store), "store_menu_id_list": .array(menus.map { .int($0) }),
        ]
        if let note { body["note"] = .string(note) }
        let reply = try await customer.post(
            "/api/user-order", json: .object(body), headers: key.map { ["Idempotency-Key": $0] } ?? [:])
        guard reply.status == 201, let id = reply.json["body"]["id"].int else {
            throw SupportError("the order was not taken: \(reply.status) \(reply.text)")
        }
        return id
    }

    /// The event stream of a store's owner.
    func stream(_ session: String, after id: String? = nil, reconnects: Bool = false) -> EventStreamClient {
        EventStreamClient(
            port: admin.port, path: "/api/sse/connect", headers: ["Cookie": session], lastEventID: id,
            reconnects: reconnects)
    }
}

extension ServerEvent {
    /// The order that a new-order event tells of.
    var orderID: Int? { event == "message" ? json["user_order_response"]["id"].int : nil }
}

extension EventStreamClient {
    /// The orders of all new-order events so far, as they came.
    var orders: [Int] { events.compactMap(\.orderID) }

    /// Waits until every one of these orders has come.
    func waitForOrders(_ wanted: some Sequence<Int> & Sendable, within seconds: Double = 30) async throws {
        let wanted = Set(wanted)
        try await eventually("\(wanted.count) orders on the stream", within: seconds) {
            wanted.subtracting(orders).isEmpty
        }
    }
}
