import Delivery
import SQLite
import Synchronized
import Testing

@Suite("Placing an order")
struct PlacingTests {
    private func request(store: Int, _ lines: [(Int, Int)], note: String? = nil) -> OrderRequest {
        OrderRequest(storeID: store, lines: lines.map { .init(menuID: $0.0, quantity: $0.1) }, note: note)
    }

    @Test("the server prices the order, and stores it with its items and its announcement")
    func stored() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        let placed = try await fixture.orders.place(
            request(store: 1, [(2, 3), (1, 1)], note: "문 앞에"), by: .token(token), traceParent: "00-1-2-01")
        let order = placed.order
        #expect(order.status == .order)
        #expect(order.amount == 9_500 * 3 + 8_000)
        #expect(order.items.map(\.menuID) == [2, 1])
        #expect(order.items.map(\.name) == ["제육볶음 정식", "김치찌개"])
        let customer = try await fixture.customerID()
        let found = try await fixture.database.read { db in try Orders.find(order.id, customer: customer, in: db) }
        #expect(found.order == order)
        let waiting = try await fixture.database.read { db in
            try Outbox.waiting(instance: 1, limit: 10, in: db).entries.flatMap(\.messages)
        }
        #expect(waiting == fixture.told.messages)
        #expect(waiting.map(\.type) == ["UserOrderMessage", "OrderCompletedMessage", "OrderStatusMessage"])
        #expect(waiting.allSatisfy { $0.key.order == order.id })
        #expect(waiting[0].body == octets("{\"user_order_id\":\(order.id)}"))
        #expect(waiting[0].exchange == "delivery.exchange" && waiting[0].routingKey == "delivery.key")
        #expect(waiting[0].type == "UserOrderMessage" && waiting[0].traceParent == "00-1-2-01")
    }

    @Test("what cannot be ordered is refused and nothing is stored")
    func refused() async throws {
        let fixture = try await Fixture()
        try await fixture.execute(
            """
            UPDATE store_menu SET status = 'UNREGISTERED' WHERE id = 2;
            UPDATE store_menu SET amount = 6999 WHERE id = 3;
            UPDATE store_menu SET amount = -1 WHERE id = 4;
            UPDATE store_menu SET amount = 9223372036854775807 WHERE id = 5;
            UPDATE store SET status = 'UNREGISTERED' WHERE id = 3;
            """)
        let token = try await fixture.token()
        let menuOfStore3 = try await fixture.database.read { db in
            try db.one("SELECT min(id) FROM store_menu WHERE store_id = 3") { try $0.int(0) }
        }
        let cases: [(OrderRequest, status: Int, code: Int)] = [
            (request(store: 99, [(1, 1)]), 404, 3404), (request(store: -1, [(1, 1)]), 404, 3404),
            (request(store: Int.max, [(1, 1)]), 404, 3404), (request(store: 3, [(menuOfStore3, 1)]), 404, 3404),
            (request(store: 1, [(1, 1), (999, 1)]), 404, 3405), (request(store: 1, [(Int.min, 1)]), 404, 3405),
            (request(store: 2, [(1, 1)]), 422, 3004), (request(store: 1, [(2, 1)]), 422, 3004),
            (request(store: 1, [(3, 1)]), 422, 3003), (request(store: 1, [(4, 1)]), 422, 3004),
            (request(store: 1, [(5, 2)]), 422, 3004), (request(store: 1, [(5, 1), (1, 1)]), 422, 3004),
            (request(store: 1, [(1, 0)]), 400, 400), (request(store: 1, [(1, 10_000)]), 400, 400),
            (request(store: 1, [(1, 1), (1, -1)]), 400, 400),
        ]
        for (request, status, code) in cases {
            let error = await refusal { try await fixture.orders.place(request, by: .token(token)) }
            #expect(error?.status == status)
            #expect(error?.resultCode == code)
        }
        for table in ["user_order", "user_order_item", "outbox", "idempotency_key", "order_event", "ledger_entry"] {
            #expect(try await fixture.count(table) == 0)
        }
    }

    @Test("an order that exactly meets the minimum is taken")
    func minimum() async throws {
        let fixture = try await Fixture()
        try await fixture.execute("UPDATE store SET minimum_amount = 8000 WHERE id = 1")
        #expect(try await fixture.place(token: try await fixture.token()).order.amount == 8_000)
    }

    @Test(
        "order, items, key and announcement are stored together or not at all",
        arguments: [
            "user_order_item", "outbox", "idempotency_key", "order_event", "ledger_entry",
        ])
    func atomic(failing table: String) async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        let key = try Orders.Key("k", body: [1])
        try await fixture.execute(
            "CREATE TRIGGER failure BEFORE INSERT ON \(table) BEGIN SELECT RAISE(ABORT, 'on purpose'); END")
        await #expect(throws: SQLiteError.self) { try await fixture.place(token: token, key: key) }
        for table in ["user_order", "user_order_item", "outbox", "idempotency_key", "order_event", "ledger_entry"] {
            #expect(try await fixture.count(table) == 0)
        }
        try await fixture.execute("DROP TRIGGER failure")
        #expect(try await fixture.place(token: token, key: key).isNew)
    }

    @Test("the announcement is told once it is committed, in the order of the ids, and only of what was stored")
    func announced() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        let key = try Orders.Key("k", body: octets("body"))
        let requests = [request(store: 1, [(999, 1)]), request(store: 1, [(1, 1)]), request(store: 1, [(1, 1)])]
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<60 {
                group.addTask {
                    _ = try? await fixture.orders.place(
                        requests[index % 3], by: .token(token), key: index % 3 == 1 ? key : nil)
                }
            }
        }
        let waiting = try await fixture.database.read { db in
            try Outbox.waiting(instance: 1, limit: 100, in: db).entries
        }
        #expect(waiting.count == 21)
        #expect(fixture.told.entries == waiting)
    }

    @Test("the same key and body give the same order, stored once")
    func idempotent() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        let key = try Orders.Key("the-key", body: octets("body"))
        let first = try await fixture.place(token: token, key: key)
        let second = try await fixture.place(token: token, key: key)
        #expect(first.isNew && !second.isNew)
        #expect(second.order == first.order)
        #expect(try await fixture.count("user_order") == 1)
        #expect(try await fixture.count("outbox") == 1)
    }

    @Test("many repetitions at once make one order")
    func idempotentRace() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        let key = try Orders.Key("the-key", body: octets("body"))
        let placed = try await withThrowingTaskGroup(of: Orders.Placed.self) { group in
            for _ in 0..<40 { group.addTask { try await fixture.place(token: token, key: key) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(placed.map(\.order.id)).count == 1)
        #expect(placed.count(where: \.isNew) == 1)
    }

    @Test("a key that was used with another body is refused")
    func reusedKey() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        _ = try await fixture.place(token: token, key: try Orders.Key("k", body: octets("one")))
        let other = try Orders.Key("k", body: octets("two"))
        let error = await refusal { try await fixture.place(token: token, key: other) }
        #expect(error?.status == 422)
        #expect(error?.resultCode == 422)
        #expect(try await fixture.count("user_order") == 1)
    }

    @Test("keys belong to their customer, and tell nothing of other customers' orders")
    func keysOfTwo() async throws {
        let fixture = try await Fixture()
        let key = try Orders.Key("k", body: octets("body"))
        let first = try await fixture.place(token: try await fixture.token(), key: key)
        let second = try await fixture.place(token: try await fixture.token("customer2@example.com"), key: key)
        #expect(first.order.id != second.order.id)
        #expect(second.isNew)
    }

    @Test("a key needs a valid token, like everything else")
    func keyWithoutToken() async throws {
        let fixture = try await Fixture()
        let key = try Orders.Key("k", body: octets("body"))
        _ = try await fixture.place(token: try await fixture.token(), key: key)
        #expect(await refusal { try await fixture.place(token: "stolen", key: key) } == .tokenInvalid)
    }

    @Test("an order that was refused does not use its key up")
    func refusedKey() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        let key = try Orders.Key("k", body: octets("body"))
        let bad = request(store: 1, [(999, 1)])
        #expect(await refusal { try await fixture.orders.place(bad, by: .token(token), key: key) }?.status == 404)
        #expect(try await fixture.place(token: token, key: key).isNew)
    }

    @Test("a key counts for a day")
    func keyLifetime() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        let old = try Orders.Key("old", body: octets("body"))
        let first = try await fixture.place(token: token, key: old)
        try await fixture.execute("UPDATE idempotency_key SET created_at = created_at - 25 * 60 * 60 * 1000")
        let second = try await fixture.place(token: token, key: old)
        #expect(first.order.id != second.order.id)
    }

    @Test(
        "a key is printable ASCII of 1 to 255 octets",
        arguments: ["", " ", "a b", "é", "a\n", "\u{7F}", String(repeating: "k", count: 256)])
    func badKey(text: String) {
        #expect(throws: DeliveryError.self) { try Orders.Key(text, body: []) }
        #expect(throws: Never.self) { try Orders.Key(String(repeating: "k", count: 255), body: []) }
    }
}
