import Delivery
import HTTP
import HTTPWire
import SQLite
import Web

/// What customers do with an order that is placed.
struct CustomerSteps: Sendable {
    let database: Database
    let news: OrderNews

    func add(to router: inout Router) {
        router.on(.post, "/api/user-order/{id}/cancel", bodyLimit: 1024) { request in try await change(request, .cancel)
        }
        router.on(.post, "/api/user-order/{id}/confirm", bodyLimit: 1024) { request in
            try await change(request, .confirm)
        }
    }

    private func change(_ request: Request, _ action: OrderAction) async throws -> Response {
        let credential = request.customerCredential
        let id = Result { try request.id(orThrow: .orderNotFound) }
        return try await database.write { [news] db in
            let customer = try Accounts.customer(credential, in: db)
            let id = try id.get()
            try Orders.require(id, customer: customer.id, in: db)
            _ = try Orders.change(id, OrderChange(action, by: .customer(customer.id)), telling: news, in: db)
            return try Envelope.reply(try Orders.find(id, customer: customer.id, in: db))
        }
    }
}
