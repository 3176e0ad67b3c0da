extension Components {
    /// What stores earn, and where orders are by the events.
    package static let settlement: KeyValuePairs<String, Schema> = [
        "SettlementEntry": .object([
            "order_id": .id, "kind": .values(["SALE", "REFUND"]), "amount": .integer().described("won"),
            "fee": .integer().described("won"), "at": .time,
        ]),
        "SettlementDay": .object(
            [("day", .day), ("store_id", .id), ("entries", .list(of: .named("SettlementEntry")))] + totals),
        "SettlementMonth": .object(
            [
                ("month", .string.matching("^[0-9]{4}-[0-9]{2}$")), ("store_id", .id),
                ("days", .list(of: .object([("day", .day)] + totals))),
            ] + totals),
        "SettlementStore": .object([("store_id", .id), ("store_name", .string)] + totals),
        "OrderView": .object(
            [
                "order_id": .id, "version": .integer(from: 1), "status": status, "customer_id": .id, "store_id": .id,
                "store_name": .string, "amount": .won, "items": .string.example("김치찌개 2, 공기밥 1"),
                "address": .string, "ordered_at": .time, "changed_at": .time,
            ],
            optional: [
                "prep_minutes": .integer(from: 0), "ready_at": .time, "rider_id": .id, "rider_name": .string,
                "paid_at": .time,
            ]
        ).described("Where an order is, by the events alone."),
    ]

    private static let totals: [(String, Schema)] = [
        ("orders", .integer(from: 0)), ("sales", .integer()), ("refunds", .integer().described("not above zero")),
        ("fees", .integer()), ("payout", .integer().described("sales, refunds and fees together")),
        ("entry_count", .integer(from: 0)),
    ]
}
