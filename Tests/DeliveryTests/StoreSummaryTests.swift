import Delivery
import SQLite
import Testing

@Suite("A store's day in figures")
struct StoreSummaryTests {
    private func summary(_ fixture: Fixture, store: Int = 1, _ day: String? = nil) async throws -> StoreSummary {
        let day = try day.map { try #require(KoreanDay($0)) } ?? .today
        return try await fixture.database.read { db in try Stores.summary(store: store, of: day, in: db) }
    }

    @Test("a day without orders is a row of zeros and nulls")
    func empty() async throws {
        let text = String(
            decoding: try JSON.encode(try await summary(try await Fixture(), "2026-11-20")), as: UTF8.self)
        #expect(
            text
                == #"{"average_accept_seconds":null,"average_cooking_seconds":null,"cancelled":0,"day":"2026-11-20","expired":0,"menus":[],"open":0,"orders":0,"rejected":0,"sales":0}"#
        )
    }

    @Test("orders, money, times and menus of one store and one day")
    func day() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        func order(_ lines: [(Int, Int)], store: Int = 1) async throws -> Int {
            try await fixture.orders.place(
                OrderRequest(storeID: store, lines: lines.map { .init(menuID: $0.0, quantity: $0.1) }),
                by: .token(token)
            ).order.id
        }
        let noon = try #require(Timestamp("2026-11-20T12:00:00+09:00"))
        // Order, and when after noon in seconds: accepted, cooking, cooked.
        var ids: [Int] = []
        for lines in [[(1, 2), (2, 1)], [(1, 1)], [(1, 5)], [(3, 1)], [(3, 1)]] { ids.append(try await order(lines)) }
        _ = try await order([(6, 1)], store: 2)
        let yesterday = try await order([(1, 1)])
        try await fixture.database.write { [ids] db in
            try db.run(
                "UPDATE user_order SET ordered_at = ?1, paid_at = ?1", noon.milliseconds)
            try db.run(
                "UPDATE user_order SET ordered_at = ? WHERE id = ?",
                noon.milliseconds - 12 * 3_600_000 - 1, yesterday)
            func change(_ order: Int, _ action: OrderAction, _ seconds: Int) throws {
                var change = OrderChange(action, by: action == .cancel ? .customer(1) : .store(1))
                change.reason = action == .reject ? .tooBusy : nil
                _ = try Orders.change(
                    order, change, at: noon.adding(.seconds(seconds)), telling: fixture.told.news(), in: db)
            }
            try change(ids[0], .accept, 10)
            try change(ids[1], .accept, 30)
            try change(ids[0], .startCooking, 60)
            try change(ids[1], .startCooking, 100)
            try change(ids[0], .finishCooking, 661)
            try change(ids[1], .finishCooking, 1_000)
            try change(ids[2], .reject, 1)
            try change(ids[3], .cancel, 1)
        }
        let found = try await summary(fixture, "2026-11-20")
        #expect(found.orders == 5 && found.rejected == 1 && found.cancelled == 1 && found.expired == 0)
        #expect(found.open == 3)
        #expect(found.sales == 2 * 8_000 + 9_500 + 8_000 + 9_000)
        #expect(found.averageAcceptSeconds == 20)
        #expect(found.averageCookingSeconds == 751)
        #expect(found.menus.map(\.menuID) == [1, 2, 3])
        #expect(found.menus.map(\.quantity) == [3, 1, 1])
        #expect(found.menus.map(\.amount) == [24_000, 9_500, 9_000])
        #expect(found.menus.first?.name == "김치찌개")
        #expect(found.menus.reduce(0) { $0 + $1.amount } == found.sales)
        #expect(try await summary(fixture, "2026-11-19").orders == 1)
        #expect(try await summary(fixture, store: 2, "2026-11-20").orders == 1)
        #expect(try await summary(fixture, store: 3, "2026-11-20").orders == 0)
    }

    @Test("an order that is not paid is in no figure")
    func unpaid() async throws {
        let fixture = try await Fixture()
        _ = try await fixture.place(token: try await fixture.token())
        #expect(try await summary(fixture).orders == 1)
        try await fixture.execute("UPDATE user_order SET status = 'EXPIRED', paid_at = NULL, closed_at = 1")
        let found = try await summary(fixture)
        #expect(found.orders == 0 && found.expired == 0)
    }

    @Test("damaged amounts make no trap")
    func damaged() async throws {
        let fixture = try await Fixture()
        for _ in 0..<2 { _ = try await fixture.place(token: try await fixture.token()) }
        try await fixture.execute(
            """
            UPDATE user_order SET amount = 9223372036854775807;
            UPDATE user_order_item SET amount = 9223372036854775807, quantity = 3;
            """)
        let found = try await summary(fixture)
        #expect(found.sales == .max && found.menus.first?.amount == .max)
    }
}
