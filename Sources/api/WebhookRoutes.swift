import Delivery
import HTTP
import HTTPWire
import Notifications
import SQLite
import Web

/// Where a customer wants to be told of their orders.
struct WebhookRoutes: Sendable {
    private static let path = "/api/user/webhook"

    let database: Database
    let address: WebhookAddress
    let basePath: String

    func add(to router: inout Router) {
        router.on(.get, Self.path, bodyLimit: 0) { request in
            let credential = request.customerCredential
            return try await database.read { db in
                let customer = try Accounts.customer(credential, in: db)
                return try Envelope.reply(try Webhooks.find(customer: customer.id, in: db))
            }
        }
        router.on(.put, Self.path, bodyLimit: 8 * 1024) { request in
            let credential = request.customerCredential
            let wanted = Result {
                let wanted: WebhookRequest = try request.json()
                try address.check(wanted.url)
                return wanted
            }
            let (webhook, isNew) = try await database.write { db in
                // Who asks comes before what is asked.
                let customer = try Accounts.customer(credential, in: db)
                return try Webhooks.set(try wanted.get(), customer: customer.id, in: db)
            }
            let response = try Envelope.reply(webhook, status: isNew ? .created : .ok)
            return isNew ? response.with("Location", basePath + Self.path) : response
        }
        router.on(.delete, Self.path, bodyLimit: 0) { request in
            let credential = request.customerCredential
            try await database.write { db in
                let customer = try Accounts.customer(credential, in: db)
                try Webhooks.remove(customer: customer.id, in: db)
            }
            return Envelope.done()
        }
    }
}
