import Delivery
import SQLite
import Support

/// Both services, and everybody who may ask them something.
final class SecurityFixture: Sendable {
    /// Who asks.
    enum Caller: String, CaseIterable, Sendable {
        case nobody
        /// A token that never was one.
        case stranger
        case expired
        case loggedOut
        /// Whose account has ended while the token has not.
        case left
        /// A customer's token at `store-admin`, a store user's session at `api`.
        case otherService
        /// A refresh token in the place of an access token.
        case refreshToken

        case customer, otherCustomer
        /// Customers with the cookie of the page.
        case cookie, otherCookie, expiredCookie, loggedOutCookie
        /// An access token in the cookie's place, and the other way round.
        case tokenAsCookie, cookieAsToken
        /// A token that never was one beside a good cookie: the header wins.
        case strangerWithCookie
        /// Of store 1.
        case master, admin, user
        /// Of store 2.
        case otherMaster
        case `operator`
        /// Everywhere.
        case rider
    }

    static let apiCallers: [Caller] = [
        .nobody, .stranger, .expired, .left, .otherService, .refreshToken, .customer, .otherCustomer, .cookie,
        .otherCookie, .expiredCookie, .loggedOutCookie, .tokenAsCookie, .cookieAsToken, .strangerWithCookie,
    ]
    static let adminCallers: [Caller] = [
        .nobody, .stranger, .expired, .loggedOut, .left, .otherService, .master, .admin, .user, .otherMaster, .operator,
        .rider,
    ]

    let api: ServiceProcess
    let admin: ServiceProcess
    private let database: Database
    private let folder: TemporaryFolder

    private static let shared = Task { try await SecurityFixture() }
    static func get() async throws -> SecurityFixture { try await shared.value }

    /// The first customer's order at store 1, and the second one's at store 2.
    static let order = 1
    static let otherOrder = 2
    /// The first customer's at store 1, which is over.
    static let endedOrder = 3

    private init() async throws {
        let broker = try await RabbitMQBroker.shared()
        folder = try TemporaryFolder("security")
        let path = folder.file("delivery.db")
        database = try await DeliveryDatabase.open(path: path, demoData: true)
        try await database.write { db in
            try db.execute(
                script: """
                    INSERT INTO user_order(id, customer_id, store_id, status, amount, ordered_at, paid_at)
                      SELECT id, id, id, 'ORDER', 8000, (unixepoch() + 86400) * 1000, 1 FROM customer;
                    INSERT INTO user_order(id, customer_id, store_id, status, amount, ordered_at, paid_at, closed_at)
                      VALUES (3, 1, 1, 'RECEIVE', 8000, 1, 1, 1);
                    INSERT INTO user_order_item(order_id, position, store_menu_id, name, amount, quantity)
                      SELECT id, 0, 1, '김치찌개', 8000, 1 FROM user_order;
                    INSERT INTO customer(name, email, address, password, status, registered_at)
                      VALUES ('x', 'left@example.com', 'x', 'x', 'UNREGISTERED', 0);
                    INSERT INTO store_user(store_id, email, password, status, role, registered_at) VALUES
                      (1, 'left@example.com', 'x', 'UNREGISTERED', 'MASTER', 0),
                      (1, 'admin@example.com', 'x', 'REGISTERED', 'ADMIN', 0),
                      (1, 'user@example.com', 'x', 'REGISTERED', 'USER', 0);
                    """)
            try db.execute(script: SecurityTable.riderOrders)
            try db.execute(script: SecurityTable.orderViews)
        }
        let environment = [
            "RABBITMQ_URL": broker.url(virtualHost: try await broker.makeVirtualHost()), "DATABASE_PATH": path,
            "DEMO_DATA": "1", "LOG_LEVEL": "debug",
        ]
        api = try await ServiceProcess.start("api", environment: environment)
        admin = try await ServiceProcess.start("store-admin", environment: environment)
        try await eventually("store-admin says UP") { [admin] in
            try await admin.http.get("/health/ready").json["status"].string == "UP"
        }
    }

    /// `METHOD PATTERN` of every route that the running service has.
    func routes(of service: ServiceProcess) -> Set<String> {
        Set(
            service.output.split(separator: "\n").compactMap { line in
                guard let record = try? Support.JSONValue(parsing: Array(line.utf8)),
                    record["message"].string == "route",
                    let method = record["method"].string, let pattern = record["route"].string
                else { return nil }
                return "\(method) \(pattern)"
            })
    }

    /// A new token of this kind. It lives for a minute, or ended a minute ago.
    private func token(_ kind: String, _ email: String, isExpired: Bool = false) async throws -> String {
        let token = try Secrets.token()
        let expires = Timestamp.now.adding(.seconds(isExpired ? -60 : 60)).milliseconds
        try await database.write { db in
            let owner =
                if kind == "SESSION" {
                    try db.one("SELECT id FROM store_user WHERE email = ?", email) { try $0.int(0) }
                } else {
                    try db.one("SELECT id FROM customer WHERE email = ?", email) { try $0.int(0) }
                }
            try db.run(
                "INSERT INTO token(hash, kind, owner_id, expires_at) VALUES (?, ?, ?, ?)", Secrets.sha256(token), kind,
                owner, expires)
        }
        return token
    }

    /// A client of `api`, or of `store-admin`, with credentials of its own.
    func client(of service: ServiceProcess, as caller: Caller) async throws -> HTTPTestClient {
        let isAPI = service.name == "api"
        let kind = isAPI == (caller != .otherService) ? "ACCESS" : "SESSION"
        func email(_ customer: String, _ user: String) -> String { kind == "ACCESS" ? customer : user }
        let token: String
        switch caller {
        case .nobody: return service.http
        case .stranger: token = try Secrets.token()
        case .expired:
            token = try await self.token(kind, email("customer@example.com", "owner1@example.com"), isExpired: true)
        case .left: token = try await self.token(kind, "left@example.com")
        case .otherService, .customer, .master, .loggedOut:
            token = try await self.token(kind, email("customer@example.com", "owner1@example.com"))
        case .refreshToken: token = try await self.token("REFRESH", "customer@example.com")
        case .otherCustomer, .otherMaster:
            token = try await self.token(kind, email("customer2@example.com", "owner2@example.com"))
        case .cookie, .otherCookie, .expiredCookie, .loggedOutCookie, .tokenAsCookie, .cookieAsToken,
            .strangerWithCookie:
            return try await customer(service.http, as: caller)
        case .admin, .user, .operator, .rider: token = try await self.token(kind, "\(caller.rawValue)@example.com")
        }
        let client =
            isAPI ? service.http.with(token: token) : service.http.with(cookie: "store_session=\(token)")
        if caller == .loggedOut { _ = try await client.send("POST", "/logout") }
        return client
    }

    /// A customer at `api` who has a cookie, or should have one.
    private func customer(_ http: HTTPTestClient, as caller: Caller) async throws -> HTTPTestClient {
        let email = caller == .otherCookie ? "customer2@example.com" : "customer@example.com"
        let kind = caller == .tokenAsCookie ? "ACCESS" : "USER_SESSION"
        let token = try await self.token(kind, email, isExpired: caller == .expiredCookie)
        if caller == .cookieAsToken { return http.with(token: token) }
        let client = http.with(cookie: "user_session=\(token)")
        if caller == .loggedOutCookie { _ = try await client.send("POST", "/logout") }
        return caller == .strangerWithCookie ? client.with(token: try Secrets.token()) : client
    }
}
