/// Both services as processes, on one new database file and one broker, with the demo data.
package final class ServicePair: Sendable {
    package let api: ServiceProcess
    package let admin: ServiceProcess
    package let folder: TemporaryFolder

    /// What either service of this pair is started with.
    package let environment: [String: String]
    /// The pair whose database file this one shares: it removes the folder.
    private let first: ServicePair?

    private init(
        _ api: ServiceProcess, _ admin: ServiceProcess, _ folder: TemporaryFolder, _ environment: [String: String],
        first: ServicePair? = nil
    ) {
        (self.api, self.admin, self.folder, self.environment) = (api, admin, folder, environment)
        self.first = first
    }

    /// Starts both and waits until they are connected to the broker.
    ///
    /// - Parameters:
    ///   - adminEnvironment: what `store-admin` has besides.
    ///   - isUp: whether to wait until both say `UP`; without, until they listen.
    ///   - prepare: is given the path of the database file before anybody has opened it.
    package static func start(
        broker url: String, environment more: [String: String] = [:], adminEnvironment: [String: String] = [:],
        isUp: Bool = true, prepare: (String) async throws -> Void = { _ in }
    ) async throws -> ServicePair {
        let folder = try TemporaryFolder("services")
        let path = folder.file("delivery.db")
        try await prepare(path)
        let environment = ["RABBITMQ_URL": url, "DATABASE_PATH": path, "DEMO_DATA": "1"].merging(more) { $1 }
        let pair = try await start(in: folder, environment, adminEnvironment, first: nil)
        if isUp { try await pair.waitUntilUp() }
        return pair
    }

    /// Starts a further instance of each service on the same database file. Tokens and sessions hold at both; `stop` the
    /// further ones before the first.
    ///
    /// - Parameter environment: what differs, another way to the broker for example.
    package func startAnother(
        environment more: [String: String] = [:], isUp: Bool = true
    ) async throws -> ServicePair {
        let another = try await Self.start(in: folder, environment.merging(more) { $1 }, first: first ?? self)
        if isUp { try await another.waitUntilUp() }
        return another
    }

    /// At the same time: one of them migrates and fills the database, the other waits for it.
    private static func start(
        in folder: TemporaryFolder, _ environment: [String: String], _ adminEnvironment: [String: String] = [:],
        first: ServicePair?
    ) async throws -> ServicePair {
        async let api = ServiceProcess.start("api", environment: environment)
        async let admin = ServiceProcess.start(
            "store-admin", environment: environment.merging(adminEnvironment) { $1 })
        return try await ServicePair(api, admin, folder, environment, first: first)
    }

    /// Waits until both say `UP`, which they do once the broker has them.
    package func waitUntilUp(within seconds: Double = 30) async throws {
        for service in [api, admin] {
            try await eventually("\(service.name) says UP", within: seconds) {
                try await service.http.get("/health/ready").json["status"].string == "UP"
            }
        }
    }

    package func stop() async throws {
        for service in [api, admin] where service.isRunning { try await service.kill() }
        if first == nil { folder.remove() }
    }

    /// A client of `api` with the customer's token.
    package func customer(_ email: String = "customer@example.com") async throws -> HTTPTestClient {
        let reply = try await api.http.post(
            "/open-api/user/login", json: ["email": .string(email), "password": "password"])
        guard let token = reply.json["body"]["access_token"].string else {
            throw SupportError("\(email) cannot log in: \(reply.status) \(reply.text)")
        }
        return api.http.with(token: token)
    }

    /// A customer who is logged in at another instance, at this pair's `api`.
    package func customer(_ other: HTTPTestClient) -> HTTPTestClient { api.http.with(headers: other.headers) }

    /// The `Cookie` header of a store's owner.
    package func session(_ email: String = "owner1@example.com") async throws -> String {
        let reply = try await admin.http.post("/login", json: ["email": .string(email), "password": "password"])
        guard let session = reply.cookie("store_session") else {
            throw SupportError("\(email) cannot log in: \(reply.status) \(reply.text)")
        }
        return "store_session=\(session)"
    }

    /// Places an order and hands back its id.
    @discardableResult
    package func order(
        _ customer: HTTPTestClient, store: Int = 1, menus: [Int] = [1], note: String? = nil
    ) async throws -> Int {
        var body: [String: JSONValue] = [
            "store_id": .int(store), "store_menu_id_list": .array(menus.map { .int($0) }),
        ]
        if let note { body["note"] = .string(note) }
        let reply = try await customer.post("/api/user-order", json: .object(body))
        guard reply.status == 201, let id = reply.json["body"]["id"].int else {
            throw SupportError("the order was not taken: \(reply.status) \(reply.text)")
        }
        return id
    }

    /// The event stream of a store's owner.
    package func stream(_ session: String, after id: String? = nil, reconnects: Bool = false) -> EventStreamClient {
        EventStreamClient(
            port: admin.port, path: "/api/sse/connect", headers: ["Cookie": session], lastEventID: id,
            reconnects: reconnects)
    }
}

extension ServerEvent {
    /// The order that a new-order event tells of.
    package var orderID: Int? { event == "message" ? json["user_order_response"]["id"].int : nil }
}

extension EventStreamClient {
    /// The orders of all new-order events so far, as they came.
    package var orders: [Int] { events.compactMap(\.orderID) }

    /// Waits until every one of these orders has come.
    package func waitForOrders(_ wanted: some Sequence<Int> & Sendable, within seconds: Double = 30) async throws {
        var missing = Set(wanted)
        var seen = 0
        try await eventually("\(missing.count) orders on the stream", within: seconds) {
            let events = events
            for event in events[seen...] {
                if let order = event.orderID { missing.remove(order) }
            }
            seen = events.count
            return missing.isEmpty
        }
    }
}
