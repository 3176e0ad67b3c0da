import Delivery
import HTTP
import HTTPWire
import Pages
import SQLite
import Service
import Web

/// The paths of `store-admin` that speak JSON and events.
struct Routes: Sendable {
    let database: Database
    let accounts: Accounts
    let streams: EventStreams
    /// Of the changes that are made here.
    let news: OrderNews
    let proxies: TrustedProxies
    let basePath: String

    func add(to router: inout Router) {
        addStoreUsers(to: &router)
        addEvents(to: &router)
        addOrders(to: &router)
    }

    // MARK: - Store users

    private struct Me: Encodable {
        struct Store: Encodable {
            let id: Int
            let name: String
        }
        let user: StoreUser
        let store: Store?

        init(_ user: StoreUser, _ member: StoreMember?) {
            self.user = user
            store = member.map { Store(id: $0.storeID, name: $0.storeName) }
        }

        enum CodingKeys: String, CodingKey { case user, store }

        /// An operator's store is null, and not missing.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(user, forKey: .user)
            try container.encode(store, forKey: .store)
        }
    }

    private func addStoreUsers(to router: inout Router) {
        router.on(.post, "/open-api/store-user") { [accounts, proxies, basePath] request in
            let member = try await accounts.registerStoreUser(
                request.json(), session: request.storeSession, from: request.client(behind: proxies))
            return try Envelope.reply(Me(member.user, member), status: .created).with(
                "Location", "\(basePath)/api/store-user/me")
        }
        router.on(.get, "/api/store-user/me") { request in
            let session = request.storeSession
            let account = try await database.read { db in try Accounts.storeAccount(session: session, in: db) }
            return try Envelope.reply(Me(account.user, account.member))
        }
    }

    // MARK: - Events

    private struct Push: Decodable {
        let data: JSONValue?
    }

    private func addEvents(to router: inout Router) {
        router.on(.get, "/api/sse/connect", bodyLimit: 0) { [streams] request in
            let cursor = Result { try EventStreams.cursor(of: request) }
            let session = request.storeSession.map { SessionID(token: $0) }
            return try await read(request) { member, _ in
                streams.response(.store(member.storeID), after: try cursor.get(), session: session)
            }
        }
        router.on(.post, "/api/sse/push-event", bodyLimit: 16 * 1024) { [streams] request in
            let session = request.storeSession
            let push = Result { request.bodyCount == 0 ? nil : try request.json(Push.self) }
            let id = try await database.write { db in
                let member = try Accounts.storeMember(session: session, in: db)
                let event = try Feed.push(store: member.storeID, data: try push.get()?.data ?? .string("hello"), in: db)
                db.afterCommit { streams.offer([event]) }
                return event.id
            }
            return try Envelope.reply(["id": id])
        }
    }

    // MARK: - Orders

    private func addOrders(to router: inout Router) {
        router.on(.get, "/api/user-order/current") { request in
            let page = Result { try request.page(limit: Orders.longestPage, most: Orders.longestPage) }
            return try await read(request) { member, db in
                let snapshot = try Orders.current(store: member.storeID, try page.get(), in: db)
                return try Envelope.reply(snapshot.orders, lastEventID: snapshot.lastEventID)
            }
        }
        router.on(.get, "/api/user-order/history") { request in
            let page = Result { try request.page(limit: Orders.longestPage, most: Orders.longestPage) }
            return try await read(request) { member, db in
                try Envelope.reply(try Orders.history(store: member.storeID, try page.get(), in: db))
            }
        }
        router.on(.get, "/api/user-order/id/{id}") { request in
            let id = Result { try request.id(orThrow: .orderNotFound) }
            return try await read(request) { member, db in
                try Envelope.reply(try Orders.find(try id.get(), store: member.storeID, in: db))
            }
        }
        router.on(.post, "/api/user-order/{id}/acknowledge", bodyLimit: 1024) { [streams] request in
            let session = request.storeSession
            let id = Result { try request.id(orThrow: .orderNotFound) }
            return try await database.write { db in
                let member = try Accounts.storeMember(session: session, in: db)
                let (entry, event) = try Orders.acknowledge(try id.get(), store: member.storeID, in: db)
                if let event { db.afterCommit { streams.offer([event]) } }
                return try Envelope.reply(entry)
            }
        }
    }

    /// Answers from one read transaction in which the session is checked too.
    private func read(
        _ request: Request, _ body: @escaping @Sendable (StoreMember, SQLite.Connection) throws -> Response
    ) async throws -> Response {
        let session = request.storeSession
        return try await database.read { db in try body(try Accounts.storeMember(session: session, in: db), db) }
    }
}
