extension Components {
    /// A customer's webhook.
    package static let webhooks: KeyValuePairs<String, Schema> = [
        "WebhookRequest": .object(
            ["url": url],
            optional: ["rotate_secret": .boolean.orNull.described("a new secret in the place of the old one")]),
        "Webhook": .object(
            ["url": url, "created_at": .time],
            optional: [
                "secret": .string.matching("^whsec_[A-Za-z0-9+/=]+$")
                    .described("what requests are signed with; only here, when it is new")
            ]),
        "WebhookReport": .object(
            ["url": url.orNull, "deliveries": .list(of: .named("WebhookDelivery"), to: 50)],
            optional: ["created_at": .time]
        ).described("`url` is null when there is none; the newest delivery comes first."),
        "WebhookDelivery": .object(
            [
                "id": .string.described("the `webhook-id` of its requests"), "order_id": .id,
                "order_version": .integer(from: 1), "status": .values(orderStatuses),
                "state": .values(["PENDING", "DELIVERED", "GIVEN_UP"]), "attempts": .integer(from: 0),
                "created_at": .time,
            ],
            optional: [
                "last_attempt_at": .time, "next_attempt_at": .time,
                "last_error": .string.described("why the last attempt failed"),
            ]),
    ]

    private static let url = Schema([
        "type": "string", "maxLength": 2048, "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://",
        "description": "http or https, of the public Internet, without a user and a fragment",
        "examples": ["https://hooks.example.com/delivery"],
    ])
}
