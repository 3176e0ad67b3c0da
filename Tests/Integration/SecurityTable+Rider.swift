import Support

extension SecurityTable {
    /// Orders at store 1, each where a step is possible for the rider who asks.
    static let riderOrders = """
        INSERT INTO user_order(id, customer_id, store_id, status, amount, ordered_at, paid_at, address, rider_id)
          SELECT o.id, 1, 1, o.status, 8000, (unixepoch() + 86400) * 1000, 1, '서울 마포구',
            CASE o.taken WHEN 1 THEN (SELECT user_id FROM rider) END
          FROM (
            SELECT 11 AS id, 'COOKED' AS status, 0 AS taken UNION ALL SELECT 12, 'COOKED', 1
            UNION ALL SELECT 13, 'DELIVERY', 1) o;
        INSERT INTO user_order_item(order_id, position, store_menu_id, name, amount, quantity)
          SELECT id, 0, 1, '김치찌개', 8000, 1 FROM user_order WHERE id BETWEEN 11 AND 13;
        """

    private static let rider: JSONValue = [
        "name": "박바람", "email": "owner2@example.com", "password": "a long password", "role": "RIDER",
    ]

    static let riderRows =
        [
            SecurityRow("GET", "/rider", .riderPage(file)),
            SecurityRow("GET", "/api/rider/delivery", .riders(ok)),
            SecurityRow("POST", "/open-api/store-user", body: rider, .only(.operator, Answer(409, 1405))),
            step("take", "11", ok), step("release", "12", ok), step("complete", "13", ok),
            step("pick-up", "13", Answer(409, 3001)),
        ]
        + ["take", "release", "pick-up", "complete"].flatMap { action in
            // Not cooked, another store's, none, no number.
            ["\(own)", "\(other)", "9999", "0", "x", "9223372036854775808"].map { step(action, $0, .noOrder) }
        }

    private static func step(_ action: String, _ id: String, _ answer: Answer) -> SecurityRow {
        SecurityRow(
            "POST", "/api/rider/delivery/{id}/\(action)", path: "/api/rider/delivery/\(id)/\(action)", .riders(answer))
    }
}
