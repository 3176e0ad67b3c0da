import OpenAPI

extension Description {
    static let webhooks: [Operation] = [
        Operation(
            .get, "/api/user/webhook", "getWebhook", .events, "The webhook and its last deliveries", for: .customers,
            replies: [.ok(.named("WebhookReport"))]),
        Operation(
            .put, "/api/user/webhook", "setWebhook", .events, "Have each change of one's orders sent to a URL",
            for: .customers,
            details: """
                At most one for each customer. Requests are signed as Standard Webhooks says; the secret is shown when \
                it is new, and then no more.
                """,
            body: .init(
                .named("WebhookRequest"), examples: ["demo": ["url": "https://hooks.example.com/delivery"]]),
            replies: [
                .ok(.named("Webhook"), "It was changed."), .created(.named("Webhook"), "It was made; with its secret."),
            ]),
        Operation(
            .delete, "/api/user/webhook", "removeWebhook", .events, "End it, with all that waits", for: .customers,
            details: "Nothing happens if there is none.", replies: [.ok(.null, "There is none any more.")]),
    ]
}
