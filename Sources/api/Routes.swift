import Delivery
import HTTP
import HTTPWire
import SQLite
import Service
import Web

/// The paths of `api`.
struct Routes: Sendable {
    let database: Database
    let accounts: Accounts
    let orders: Orders
    let payments: PaymentRoutes
    let streams: EventStreams
    let proxies: TrustedProxies
    let basePath: String
    let log: Logger

    func add(to router: inout Router) {
        addAccounts(to: &router)
        addMenus(to: &router)
        addOrders(to: &router)
        addEvents(to: &router)
        payments.add(to: &router)
    }

    // MARK: - Events

    private func addEvents(to router: inout Router) {
        router.on(.get, "/api/sse/connect", bodyLimit: 0) { [streams] request in
            let cursor = Result { try EventStreams.cursor(of: request) }
            let session = request.customerCredential.secret.map { SessionID(token: $0) }
            return try await read(request) { customer, _ in
                streams.response(.customer(customer.id), after: try cursor.get(), session: session)
            }
        }
    }

    // MARK: - Accounts

    private struct RefreshRequest: Decodable {
        let token: String
        enum CodingKeys: String, CodingKey { case token = "refresh_token" }
    }

    private func addAccounts(to router: inout Router) {
        router.on(.post, "/open-api/user/register") { [accounts, proxies, basePath] request in
            let customer = try await accounts.register(request.json(), from: request.client(behind: proxies))
            return try Envelope.reply(customer, status: .created).with("Location", "\(basePath)/api/user/me")
        }
        router.on(.post, "/open-api/user/login") { [accounts, proxies] request in
            try Envelope.reply(try await accounts.login(request.json(), from: request.client(behind: proxies)))
        }
        router.on(.post, "/open-api/user/refresh") { [accounts] request in
            try Envelope.reply(try await accounts.refresh(request.json(RefreshRequest.self).token))
        }
        router.on(.get, "/api/user/me") { request in
            try await read(request) { customer, _ in try Envelope.reply(customer) }
        }
    }

    // MARK: - Stores and menus

    private func addMenus(to router: inout Router) {
        router.on(.get, "/api/store/search") { request in
            let category = Result { try self.category(of: request) }
            return try await read(request) { _, db in
                try Envelope.reply(try Stores.search(try category.get(), in: db))
            }
        }
        router.on(.get, "/api/store-menu/search") { request in
            let id = Result { try storeID(of: request) }
            return try await read(request) { _, db in
                try Envelope.reply(try Stores.menus(store: try id.get(), in: db))
            }
        }
    }

    private func storeID(of request: Request) throws -> Int {
        let known = try request.number("storeId", in: 1...Int.max)
        guard let id = try known ?? request.number("store_id", in: 1...Int.max) else {
            throw DeliveryError.invalid("storeId", "missing")
        }
        return id
    }

    private func category(of request: Request) throws -> Store.Category? {
        guard let text = try request.query("category"), !text.isEmpty else { return nil }
        guard let category = Store.Category(rawValue: text) else {
            let allowed = Store.Category.allCases.map(\.rawValue).joined(separator: ", ")
            throw DeliveryError.invalid("category", "must be one of \(allowed)")
        }
        return category
    }

    // MARK: - Orders

    private func addOrders(to router: inout Router) {
        router.on(.post, "/api/user-order") { request in try await place(request) }
        router.on(.get, "/api/user-order/current") { request in
            let page = Result { try request.page(limit: Orders.longestPage, most: Orders.longestPage) }
            return try await read(request) { customer, db in
                let snapshot = try Orders.current(customer: customer.id, try page.get(), in: db)
                return try Envelope.reply(snapshot.orders, lastEventID: snapshot.lastEventID)
            }
        }
        router.on(.get, "/api/user-order/history") { request in
            let page = Result { try request.page(limit: Orders.longestPage, most: Orders.longestPage) }
            return try await read(request) { customer, db in
                try Envelope.reply(try Orders.history(customer: customer.id, try page.get(), in: db))
            }
        }
        router.on(.get, "/api/user-order/id/{id}") { request in
            let id = Result { try request.id(orThrow: .orderNotFound) }
            return try await read(request) { customer, db in
                try Envelope.reply(try Orders.find(try id.get(), customer: customer.id, in: db))
            }
        }
    }

    private func place(_ request: Request) async throws -> Response {
        let credential = request.customerCredential
        let wanted: OrderRequest
        let key: Orders.Key?
        do {
            wanted = try request.json()
            key = try request.header("idempotency-key").map { try Orders.Key($0, body: request.body) }
        } catch {
            // Who asks comes before what is asked: a stranger learns nothing of the body's rules.
            return try await read(request) { _, _ in throw error }
        }
        let traceParent = request.traceParent
        let placed = try await orders.place(wanted, by: credential, key: key, traceParent: traceParent)
        if log.isEnabled(.debug), placed.isNew {
            log.debug(
                "order placed",
                [
                    "order_id": .number(placed.order.id),
                    "trace_id": LogValue(TraceParent.traceID(of: traceParent)),
                ])
        }
        return try await payments.reply(to: placed)
            .with("Location", "\(basePath)/api/user-order/id/\(placed.order.id)")
    }

    /// Answers from one read transaction in which the customer's token is checked too.
    private func read(
        _ request: Request, _ body: @escaping @Sendable (Customer, SQLite.Connection) throws -> Response
    ) async throws -> Response {
        let credential = request.customerCredential
        return try await database.read { db in try body(try Accounts.customer(credential, in: db), db) }
    }
}
