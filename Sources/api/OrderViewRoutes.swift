import Delivery
import HTTP
import HTTPWire
import SQLite
import Web

/// Where a customer's orders are, from the table that the events feed.
struct OrderViewRoutes: Sendable {
    let database: Database

    func add(to router: inout Router) {
        router.on(.get, "/api/order-view", bodyLimit: 0) { request in
            let page = Result { try request.page(limit: Orders.longestPage, most: Orders.longestPage) }
            return try await read(request) { customer, db in
                try Envelope.reply(try OrderViews.list(customer: customer.id, try page.get(), in: db))
            }
        }
        router.on(.get, "/api/order-view/{id}", bodyLimit: 0) { request in
            let id = Result { try request.id(orThrow: .orderNotFound) }
            return try await read(request) { customer, db in
                try Envelope.reply(try OrderViews.find(try id.get(), customer: customer.id, in: db))
            }
        }
    }

    /// Answers from one read transaction in which the customer is checked too.
    private func read(
        _ request: Request, _ body: @escaping @Sendable (Customer, SQLite.Connection) throws -> Response
    ) async throws -> Response {
        let credential = request.customerCredential
        return try await database.read { db in try body(try Accounts.customer(credential, in: db), db) }
    }
}
