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
        let rider: Rider?

        init(_ user: StoreUser, _ member: StoreMember?, _ rider: Rider? = nil) {
            self.user = user
            store = member.map { Store(id: $0.storeID, name: $0.storeName) }
            self.rider = rider
        }

        enum CodingKeys: String, CodingKey { case user, store, rider }

        /// The store of who works for none is null, and not missing.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(user, forKey: .user)
            try container.encode(store, forKey: .store)
            try container.encodeIfPresent(rider, forKey: .rider)
        }
    }

    /// Which registration the body of a new store user is.
    private struct NewUser: Decodable {
        let role: StoreUser.Role
    }

    private func addStoreUsers(to router: inout Router) {
        router.on(.post, "/open-api/store-user") { [accounts, proxies, basePath] request in
            let (session, client) = (request.storeSession, request.client(behind: proxies))
            let me: Me
            if try request.json(NewUser.self).role == .rider {
                let rider = try await accounts.registerRider(request.json(), session: session, from: client)
                me = Me(rider.user, nil, rider)
            } else {
                let member = try await accounts.registerStoreUser(request.json(), session: session, from: client)
                me = Me(member.user, member)
            }
            return try Envelope.reply(me, status: .created).with("Location", "\(basePath)/api/store-user/me")
        }
        router.on(.get, "/api/store-user/me") { request in
            let session = request.storeSession
            let me = try await database.read { db in
                let account = try Accounts.storeAccount(session: session, in: db)
                return Me(account.user, account.member, try Accounts.rider(account, in: db))
            }
            return try Envelope.reply(me)
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
            let token = request.storeSession
            return try await database.read { db in
                let account = try Accounts.storeAccount(session: token, in: db)
                guard let topic = account.isRider ? .riders : account.member.map({ FeedTopic.store($0.storeID) })
                else { throw DeliveryError.forbidden }
                return streams.response(topic, after: try cursor.get(), session: session)
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
