import Delivery
import SQLite
import Testing

@Suite("The table of where orders are")
struct OrderViewTests {
    @Test("says of each order what its latest message says, in whichever order they come, and how often")
    func anyOrder() async throws {
        let fixture = try await Fixture()
        let histories = try await OrderHistories.make(fixture, orders: 40, seed: 1)
        let wanted = try await Self.latest(fixture)
        #expect(wanted.values.contains { $0.version >= 4 })
        for seed in 0..<60 {
            let deliveries = histories.deliveries(seed: seed)
            let views = try await fixture.database.write { db in
                try db.run("DELETE FROM order_view")
                for (message, _) in deliveries { try Self.apply(message, in: db) }
                return try Self.all(in: db)
            }
            #expect(views == wanted, "seed \(seed)")
        }
    }

    @Test("is right when attempts at messages were undone")
    func undone() async throws {
        let fixture = try await Fixture()
        let histories = try await OrderHistories.make(fixture, orders: 10, seed: 2)
        for (message, isLost) in histories.deliveries(seed: 4) {
            _ = try? await fixture.database.write { db in
                try Self.apply(message, in: db)
                if isLost { throw Lost() }
            }
        }
        let wanted = try await Self.latest(fixture)
        let views = try await Self.views(fixture)
        #expect(views == wanted)
    }

    @Test("is built again as if it had never been broken, while messages come")
    func rebuild() async throws {
        let fixture = try await Fixture()
        let histories = try await OrderHistories.make(fixture, orders: 60, seed: 6)
        let wanted = try await Self.latest(fixture)
        var random = SeededRandom(11)
        for round in 0..<12 {
            let half = histories.messages.shuffled(using: &random).prefix(histories.messages.count / 2)
            try await fixture.database.write { db in
                for message in half { try Self.apply(message, in: db) }
            }
            try await fixture.execute(
                """
                UPDATE order_view SET version = 9999 WHERE order_id % 7 = \(round % 7);
                UPDATE order_view SET status = 'GONE', items = '' WHERE order_id % 7 = \((round + 1) % 7);
                UPDATE order_view SET is_open = 1 - is_open WHERE order_id % 7 = \((round + 2) % 7);
                DELETE FROM order_view WHERE order_id % 7 = \((round + 3) % 7);
                INSERT OR REPLACE INTO order_view SELECT order_id + 100000, version, status, is_open, customer_id, store_id,
                  store_name, amount, items, address, prep_minutes, ready_at, rider_id, rider_name, ordered_at, paid_at,
                  changed_at FROM order_view WHERE order_id % 7 = \((round + 4) % 7);
                """)
            // Late messages come between the pages, and change nothing that is newer.
            let sum = try await Self.rebuild(fixture, page: 7, late: histories.messages.shuffled(using: &random))
            #expect(sum.mended > 10 && sum.removed > 0 && sum.unreadable == 0)
            let views = try await Self.views(fixture)
            #expect(views == wanted, "round \(round)")
        }
        let again = try await Self.rebuild(fixture, page: 1_000)
        #expect(again.orders == 60 && again.mended == 0 && again.removed == 0)
    }

    @Test("leaves the row of an order whose last event cannot be read, and says so")
    func unreadable() async throws {
        let fixture = try await Fixture()
        _ = try await OrderHistories.make(fixture, orders: 3, seed: 9)
        _ = try await Self.rebuild(fixture, page: 10)
        let before = try await fixture.database.read { db in try Self.all(in: db) }
        try await fixture.execute("UPDATE order_event SET body = CAST('{' AS BLOB) WHERE order_id = 2")
        let sum = try await Self.rebuild(fixture, page: 10)
        #expect(sum.unreadable == 1 && sum.mended == 0)
        let views = try await Self.views(fixture)
        #expect(views == before)
    }

    @Test("shows customers their own, stores what is paid and open, and nobody anything else")
    func lists() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        let customer = try await fixture.customerID()
        var orders: [Order] = []
        for store in [1, 1, 2, 1] { orders.append(try await fixture.place(store: store, token: token).order) }
        let ids = orders.map(\.id)
        try await fixture.database.write { db in
            try Orders.change(
                ids[1], OrderChange(.cancel, by: .customer(customer)), telling: OrderNews(instance: 1), in: db)
        }
        _ = try await Self.rebuild(fixture, page: 10)
        // As one that waits for its payment.
        try await fixture.execute(
            "UPDATE order_view SET paid_at = NULL, status = 'REGISTERED' WHERE order_id = \(ids[3])")
        let lists = try await fixture.database.read { [ids] db in
            let page = Orders.Page(limit: 100)
            let lists = [
                try OrderViews.list(customer: customer, page, in: db),
                try OrderViews.list(customer: customer, Orders.Page(before: ids[2], limit: 1), in: db),
                try OrderViews.list(customer: customer + 1, page, in: db),
                try OrderViews.list(store: 1, page, in: db), try OrderViews.list(store: 2, page, in: db),
                [
                    try OrderViews.find(ids[1], store: 1, in: db),
                    try OrderViews.find(ids[3], customer: customer, in: db),
                ],
            ]
            return lists
        }
        #expect(
            lists.map { $0.map(\.orderID) } == [
                ids.reversed(), [ids[1]], [], [ids[0]], [ids[2]], [ids[1], ids[3]],
            ])
        #expect(lists[5].map(\.status) == [.cancel, .registered])
        for (id, store) in [(ids[3], 1), (ids[2], 1), (99_999, 1)] {
            let refused = await refusal {
                try await fixture.database.read { db in try OrderViews.find(id, store: store, in: db) }
            }
            #expect(refused == .orderNotFound)
        }
        let refused = await refusal {
            try await fixture.database.read { db in try OrderViews.find(ids[0], customer: customer + 1, in: db) }
        }
        #expect(refused == .orderNotFound)
    }

    // MARK: - Helpers

    private static func apply(_ message: OrderHistories.Message, in db: Connection) throws {
        switch try OrderMessage(type: message.type, body: message.body) {
        case .completed(let completed): _ = try OrderViews.refresh(order: completed.orderID, in: db)
        // The group gets no message of this status but the one above.
        case .status(let status) where status.status == .order: break
        case .status(let status): _ = try OrderViews.apply(status, in: db)
        }
    }

    /// As the command does it.
    /// - Parameter late: messages that come between the pages.
    private static func rebuild(
        _ fixture: Fixture, page: Int, late: [OrderHistories.Message] = []
    ) async throws -> OrderViews.Rebuilt {
        var sum = OrderViews.Rebuilt()
        var late = late[...]
        for isFirst in [true, false] {
            sum.last = 0
            while let done = try await fixture.database.write({ [last = sum.last] db in
                isFirst
                    ? try OrderViews.rebuildPage(after: last, limit: page, in: db)
                    : try OrderViews.removeStrangers(after: last, limit: page, in: db)
            }) {
                sum += done
                try await fixture.database.write { [batch = late.prefix(10)] db in
                    for message in batch { try apply(message, in: db) }
                }
                late = late.dropFirst(10)
            }
        }
        return sum
    }

    private static func latest(_ fixture: Fixture) async throws -> [Int: OrderView] {
        try await fixture.database.read { db in
            var latest: [Int: OrderView] = [:]
            try db.each("SELECT body FROM order_event ORDER BY version") { row in
                let view = OrderView(try JSON.decode(OrderStatusMessage.self, try row.bytes(0)))
                latest[view.orderID] = view
            }
            return latest
        }
    }

    private static func views(_ fixture: Fixture) async throws -> [Int: OrderView] {
        try await fixture.database.read { db in try all(in: db) }
    }

    private static func all(in db: Connection) throws -> [Int: OrderView] {
        var views: [Int: OrderView] = [:]
        for customer in 1...3 {
            for view in try OrderViews.list(customer: customer, Orders.Page(limit: 500), in: db) {
                views[view.orderID] = view
            }
        }
        let count = try db.one("SELECT count(*) FROM order_view") { try $0.int(0) }
        #expect(views.count == count)
        let wrong = try db.one(
            """
            SELECT count(*) FROM order_view
            WHERE is_open <> (status NOT IN ('RECEIVE', 'REJECT', 'CANCEL', 'EXPIRED'))
            """
        ) { try $0.int(0) }
        #expect(wrong == 0)
        return views
    }
}
