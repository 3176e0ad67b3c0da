import OpenAPI

extension Description {
    /// The gateway to try against, which is there with `SANDBOX=1` only. It has no envelope, except for errors.
    static let sandbox: [Operation] = [
        Operation(
            .post, "/sandbox/payments", "approvePayment", .sandbox, "Pay an order", parameters: [key],
            body: .init(
                .named("SandboxRequest"),
                examples: ["demo": ["order_id": 1, "amount": 16000, "currency": "KRW"]]),
            replies: [
                reply(201, "Approved."), reply(402, "Declined."), reply(409, "It was cancelled before."),
            ],
            refusals: [.init(422, "Another amount with the same key.")]),
        Operation(
            .post, "/sandbox/payments/{id}/cancel", "cancelPayment", .sandbox, "Give the money back",
            parameters: [.order, key], replies: [reply(200, "Cancelled.")], refusals: [.noOrder]),
        Operation(
            .get, "/sandbox/payments/{id}", "getPayment", .sandbox, "What became of a payment",
            parameters: [.order], replies: [reply(200, "The payment.")], refusals: [.noOrder]),
        Operation(
            .get, "/sandbox/settings", "getSandbox", .sandbox, "How badly the gateway behaves",
            replies: [.plain("application/json", .named("SandboxSettings"))]),
        Operation(
            .put, "/sandbox/settings", "changeSandbox", .sandbox, "Let it be slow, fail or decline",
            body: .init(
                .named("SandboxSettingsChange"),
                examples: [
                    "slow": ["latency_ms": 1200], "failing": ["failure_percent": 60],
                    "well": ["latency_ms": 0, "failure_percent": 0, "decline_percent": 0],
                ]),
            replies: [.plain("application/json", .named("SandboxSettings"))]),
    ]

    private static let key = Operation.Parameter.header(
        "Idempotency-Key", "The order's number.", .id, isRequired: true, example: 1)

    private static func reply(_ status: Int, _ text: String) -> Operation.Reply {
        Operation.Reply(status, text, contents: ["application/json": .named("SandboxPayment")])
    }
}

extension Operation.Tag {
    static let sandbox = Self("Sandbox", "A payment gateway to try against. No money moves.")
}
