import Delivery
import HTTP
import HTTPWire
import SQLite
import Web

/// Where orders are, from the table that the events feed: for stores and riders.
struct OrderViewRoutes: Sendable {
    let database: Database

    func add(to router: inout Router) {
        router.on(.get, "/api/order-view", bodyLimit: 0) { request in
            let page = Result { try request.page(limit: Orders.longestPage, most: Orders.longestPage) }
            return try await read(request) { viewer, db in
                switch viewer {
                case .store(let id): try Envelope.reply(try OrderViews.list(store: id, try page.get(), in: db))
                case .rider(let rider): try Envelope.reply(try OrderViews.list(rider: rider, try page.get(), in: db))
                }
            }
        }
        router.on(.get, "/api/order-view/{id}", bodyLimit: 0) { request in
            let id = Result { try request.id(orThrow: .orderNotFound) }
            return try await read(request) { viewer, db in
                switch viewer {
                case .store(let store): try Envelope.reply(try OrderViews.find(try id.get(), store: store, in: db))
                case .rider(let rider): try Envelope.reply(try OrderViews.find(try id.get(), rider: rider, in: db))
                }
            }
        }
    }

    private enum Viewer {
        case store(Int)
        case rider(Rider)
    }

    /// Answers from one read transaction in which the session is checked too.
    private func read(
        _ request: Request, _ body: @escaping @Sendable (Viewer, SQLite.Connection) throws -> Response
    ) async throws -> Response {
        let session = request.storeSession
        return try await database.read { db in
            let account = try Accounts.storeAccount(session: session, in: db)
            if let member = account.member { return try body(.store(member.storeID), db) }
            guard let rider = try Accounts.rider(account, in: db) else { throw DeliveryError.forbidden }
            return try body(.rider(rider), db)
        }
    }
}
