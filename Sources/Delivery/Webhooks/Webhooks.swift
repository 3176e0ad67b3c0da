import SQLite

/// A customer's webhook, at most one.
package enum Webhooks {
    /// Deliveries that a customer is shown, and that are kept when they are settled.
    package static let shown = 50
    /// Notifications that may wait for one customer.
    package static let mostWaiting = 1000

    package static func find(customer: Int, in db: Connection) throws -> WebhookReport {
        let known = try WebhookRecords.find(customer: customer, in: db)
        return WebhookReport(
            webhook: known.map { Webhook(url: $0.url, createdAt: $0.createdAt) },
            deliveries: try NotificationRecords.last(customer: customer, limit: shown, in: db))
    }

    /// Makes it, or changes its address; the secret stays unless a new one is asked for.
    /// - Parameter request: its URL has been checked.
    /// - Returns: with the secret if that is new.
    package static func set(
        _ request: WebhookRequest, customer: Int, at time: Timestamp = .now, in db: Connection
    ) throws -> (webhook: Webhook, isNew: Bool) {
        guard let known = try WebhookRecords.find(customer: customer, in: db) else {
            let secret = try WebhookSecret.random()
            let webhook = Webhook(url: request.url, createdAt: time, secret: secret)
            try WebhookRecords.insert(customer: customer, webhook, secret, in: db)
            return (webhook, true)
        }
        let new = request.rotatesSecret ? try WebhookSecret.random() : nil
        try WebhookRecords.update(customer: customer, url: request.url, new ?? known.secret, in: db)
        return (Webhook(url: request.url, createdAt: known.createdAt, secret: new), false)
    }

    /// Ends it, with all that waits for it. Nothing happens if there is none.
    package static func remove(customer: Int, in db: Connection) throws {
        try WebhookRecords.delete(customer: customer, in: db)
    }
}
