extension Components {
    /// How orders are paid.
    package static let payments: KeyValuePairs<String, Schema> = [
        "Payment": .object([
            "state": paymentState, "message": .string.described("for the customer"),
        ]).described("Left out where every order is paid when it is placed."),
        "SandboxRequest": .object([
            "order_id": .id, "amount": .won, "currency": .values(["KRW"]),
        ]),
        "SandboxPayment": .object(
            [
                "order_id": .id, "amount": .won, "status": .values(["APPROVED", "DECLINED", "CANCELLED"]),
                "approvals": .integer(from: 0), "cancels": .integer(from: 0),
            ], optional: ["payment_id": .string, "reason": .string]),
        "SandboxSettings": .object([
            "latency_ms": latency, "failure_percent": percent, "decline_percent": percent,
        ]),
        "SandboxSettingsChange": .object(
            [:],
            optional: [
                "latency_ms": latency.orNull, "failure_percent": percent.orNull, "decline_percent": percent.orNull,
            ]),
    ]

    package static let paymentState = Schema.values([
        "WAITING", "APPROVING", "APPROVED", "DECLINED", "CANCEL_WANTED", "CANCELLED",
    ])
    private static let latency = Schema.integer(from: 0, to: 60_000)
    private static let percent = Schema.integer(from: 0, to: 100)
}
