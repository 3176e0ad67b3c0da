/// Where a customer wants to be told of their orders.
package struct Webhook: Encodable, Equatable, Sendable {
    package let url: String
    package let createdAt: Timestamp
    /// Only in the answer to the request that made it.
    package var secret: WebhookSecret?

    package init(url: String, createdAt: Timestamp, secret: WebhookSecret? = nil) {
        self.url = url
        self.createdAt = createdAt
        self.secret = secret
    }

    private enum CodingKeys: String, CodingKey {
        case url, secret
        case createdAt = "created_at"
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(url, forKey: .url)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encodeIfPresent(secret?.text, forKey: .secret)
    }
}

/// A message for a webhook, and what became of it.
package struct WebhookDelivery: Encodable, Equatable, Sendable {
    package enum State: String, Codable, CaseIterable, Sendable {
        case pending = "PENDING"
        case delivered = "DELIVERED"
        case givenUp = "GIVEN_UP"
    }

    /// The field `webhook-id` of its requests.
    package let id: String
    package let orderID: Int
    package let orderVersion: Int
    package let status: OrderStatus
    package let state: State
    package let attempts: Int
    package let createdAt: Timestamp
    package let lastAttemptAt: Timestamp?
    package let nextAttemptAt: Timestamp?
    package let lastError: String?

    enum CodingKeys: String, CodingKey {
        case id, status, state, attempts
        case orderID = "order_id"
        case orderVersion = "order_version"
        case createdAt = "created_at"
        case lastAttemptAt = "last_attempt_at"
        case nextAttemptAt = "next_attempt_at"
        case lastError = "last_error"
    }
}

/// A customer's webhook, if there is one, and its last deliveries, the newest first.
package struct WebhookReport: Encodable, Equatable, Sendable {
    package let webhook: Webhook?
    package let deliveries: [WebhookDelivery]

    private enum CodingKeys: String, CodingKey {
        case url, deliveries
        case createdAt = "created_at"
    }

    /// The URL of none is null, and not missing.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(webhook?.url, forKey: .url)
        try container.encodeIfPresent(webhook?.createdAt, forKey: .createdAt)
        try container.encode(deliveries, forKey: .deliveries)
    }
}

/// A customer's request for a webhook.
package struct WebhookRequest: Decodable, Sendable {
    package let url: String
    /// A new secret; the old one is not used any more.
    package let rotatesSecret: Bool

    private enum CodingKeys: String, CodingKey {
        case url
        case rotatesSecret = "rotate_secret"
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        url = try container.decode(String.self, forKey: .url)
        rotatesSecret = try container.decodeIfPresent(Bool.self, forKey: .rotatesSecret) ?? false
    }
}
