extension SecurityTable {
    static let settlementRows: [SecurityRow] =
        [
            SecurityRow("GET", "/settlement", .settlementPage(file)),
            SecurityRow("GET", "/api/settlement", .owners(ok)),
            SecurityRow("GET", "/api/settlement", path: "/api/settlement?month=2026-11", .owners(ok)),
            // A table, which has no envelope.
            SecurityRow("GET", "/api/settlement", path: "/api/settlement?format=csv", .owners(file)),
            // Who asks comes before what is asked.
            SecurityRow("GET", "/api/settlement", path: "/api/settlement?day=x", .owners(Answer(400, 400))),
            SecurityRow("GET", "/api/settlement/stores", .operators(ok)),
            SecurityRow(
                "GET", "/api/settlement/stores", path: "/api/settlement/stores?day=x", .operators(Answer(400, 400))),
        ] + viewRows

    /// What the table of where orders are says of both customers' orders, and of one that waits for a rider.
    static let orderViews = """
        INSERT INTO order_view(order_id, version, status, is_open, customer_id, store_id, store_name, amount, items,
          address, ordered_at, paid_at, changed_at)
          SELECT id, version, status, 1, customer_id, store_id, '', amount, '', address, ordered_at, paid_at, ordered_at
          FROM user_order WHERE id IN (1, 2, 11);
        """

    static let customerViewRows =
        [SecurityRow("GET", "/api/order-view", .customers(ok))]
        + [
            view(own, .customers(ok, other: .noOrder)), view(other, .customers(.noOrder, other: ok)),
            view(9_999, .customers(.noOrder)),
        ]

    private static let viewRows =
        [SecurityRow("GET", "/api/order-view", .storesAndRiders(ok))]
        + [
            view(own, .each(store: ok, other: .noOrder, rider: .noOrder)),
            view(other, .each(store: .noOrder, other: ok, rider: .noOrder)),
            view(11, .each(store: ok, other: .noOrder, rider: ok)),
            view(9_999, .each(store: .noOrder, other: .noOrder, rider: .noOrder)),
        ]

    private static func view(_ id: Int, _ rule: SecurityRow.Rule) -> SecurityRow {
        SecurityRow("GET", "/api/order-view/{id}", path: "/api/order-view/\(id)", rule)
    }
}
