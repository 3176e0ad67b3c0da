import Delivery
import SQLite
import Testing

@Suite("Looking for past orders")
struct OrderSearchTests {
    /// Day N of November 2026 in Korea, at noon.
    private static func noon(_ day: Int) -> Int {
        (Timestamp("2026-11-01T12:00:00+09:00")?.milliseconds ?? 0) + (day - 1) * 86_400_000
    }

    /// Orders of store 1 and one of store 2; what is not said of one is the same for all.
    private func fixture() async throws -> Fixture {
        let fixture = try await Fixture()
        let orders: [(id: Int, store: Int, status: String, day: Int, note: String, address: String, menu: String)] = [
            (1, 1, "RECEIVE", 1, "", "서울시 마포구 월드컵로 12", "김치찌개"),
            (2, 1, "REJECT", 2, "Ring the BELL", "서울시 마포구 동교로 45", "제육볶음 정식"),
            (3, 1, "CANCEL", 3, "", "경기 고양시 1", "김치찌개"),
            (4, 1, "ORDER", 3, "", "서울시 마포구 월드컵로 12", "김치찌개"),
            (5, 2, "RECEIVE", 3, "", "서울시 마포구 월드컵로 12", "김치찌개"),
            (6, 1, "EXPIRED", 4, "100% '맛'", "서울시 마포구 월드컵로 12", "돌솥비빔밥"),
            (7, 1, "RECEIVE", 4, "", "서울시 마포구 월드컵로 12", "김치찌개"),
        ]
        try await fixture.database.write { db in
            for order in orders {
                let time = Self.noon(order.day) + order.id
                try db.run(
                    """
                    INSERT INTO user_order(id, customer_id, store_id, status, amount, ordered_at, note, address, paid_at,
                      status_changed_at, closed_at)
                    VALUES (?1, 1, ?2, ?3, 8000, ?4, ?5, ?6, ?4, ?4, CASE ?3 WHEN 'ORDER' THEN NULL ELSE ?4 END)
                    """, order.id, order.store, order.status, time, order.note, order.address)
                try db.run(
                    "INSERT INTO user_order_item VALUES (?, 0, 1, ?, 8000, 1)", order.id, order.menu)
            }
            // Expired before it was paid: the store has never seen it.
            try db.run("UPDATE user_order SET paid_at = NULL WHERE id = 6")
        }
        return fixture
    }

    private func search(
        _ fixture: Fixture, status: String? = nil, _ query: String? = nil, from: String? = nil, to: String? = nil,
        before: Int? = nil, limit: Int = 100
    ) async throws -> Orders.Found {
        let search = try #require(try OrderSearch(status: status, query: query, from: from, to: to))
        return try await fixture.database.read { db in
            try Orders.search(search, store: 1, Orders.Page(before: before, limit: limit), in: db)
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var status: String?
        var query: String?
        var from: String?
        var to: String?
        let found: [Int]
        var testDescription: String { "\([status, query, from, to].compactMap { $0 })" }
    }

    @Test(
        "by status, words and days",
        arguments: [
            Case(status: "REJECT", found: [2]), Case(status: "EXPIRED", found: []),
            Case(status: "RECEIVE", found: [7, 1]), Case(query: "김치", found: [7, 3, 1]),
            Case(query: "마포구  김치찌개", found: [7, 1]), Case(query: "bell 정식", found: [2]),
            Case(query: "BELL 김치", found: []), Case(query: "%", found: []), Case(query: "'", found: []),
            Case(query: "2", found: [2]), Case(query: "#3", found: [3]), Case(query: "4", found: [2]),
            Case(query: "#4", found: []), Case(query: "12", found: [7, 1]), Case(query: "#5", found: []),
            Case(query: "6", found: []), Case(status: "CANCEL", query: "2", found: []),
            Case(from: "2026-11-02", found: [7, 3, 2]), Case(to: "2026-11-02", found: [2, 1]),
            Case(from: "2026-11-02", to: "2026-11-03", found: [3, 2]), Case(from: "2026-11-05", found: []),
            Case(from: "2026-11-04T12:00:00.007+09:00", found: [7]), Case(to: "2026-11-01T03:00:00.001Z", found: []),
            Case(status: "RECEIVE", query: "김치", from: "2026-11-01", to: "2026-11-03", found: [1]),
        ])
    func matches(_ wanted: Case) async throws {
        let found = try await search(
            try await fixture(), status: wanted.status, wanted.query, from: wanted.from, to: wanted.to)
        #expect(found.orders.map(\.order.id) == wanted.found)
        #expect(found.next == nil)
    }

    @Test("nothing to look for is no search, and what makes no sense is refused by its name")
    func parameters() async throws {
        #expect(try OrderSearch(status: nil, query: nil, from: nil, to: nil) == nil)
        #expect(try OrderSearch(status: "", query: " ", from: "", to: "") == nil)
        let wrong: [(String, String?, String?, String?, String?)] = [
            ("status", "ORDER", nil, nil, nil), ("status", "receive", nil, nil, nil),
            ("query", nil, String(repeating: "x", count: 101), nil, nil), ("query", nil, "a\u{0}", nil, nil),
            ("from", nil, nil, "yesterday", nil), ("to", nil, nil, nil, "2026-02-30"),
            ("to", nil, nil, "2026-11-02", "2026-11-01"),
        ]
        for (field, status, query, from, to) in wrong {
            let error = await refusal { try OrderSearch(status: status, query: query, from: from, to: to) }
            #expect(error?.status == 400 && error?.description.hasPrefix("\(field):") == true, "\(field)")
        }
    }

    @Test(
        "pages follow one another without a gap or a repeat, also when a page finds nothing", arguments: [1, 2, 3, 50])
    func pages(limit: Int) async throws {
        let fixture = try await Fixture()
        try await fill(fixture, orders: 4_500)
        var found: [Int] = []
        var (before, pages) = (Int?.none, 0)
        repeat {
            let page = try await search(fixture, "rare", before: before, limit: limit)
            #expect(page.orders.count <= limit)
            found += page.orders.map(\.order.id)
            before = page.next
            pages += 1
        } while before != nil && pages < 20
        #expect(found == [4_500, 3_000, 1_500])
        // 4,500 orders are looked at, 2,000 a page.
        #expect(pages >= 3)
    }

    @Test("a clock that was set back loses no order of a search")
    func clock() async throws {
        let fixture = try await Fixture()
        try await fill(fixture, orders: 3_000)
        try await fixture.execute("UPDATE user_order SET ordered_at = ordered_at - 86400000 WHERE id > 1500")
        var found: [Int] = []
        var before: Int?
        repeat {
            let page = try await search(fixture, "rare", before: before)
            found += page.orders.map(\.order.id)
            before = page.next
        } while before != nil
        #expect(found.sorted() == [1_500, 3_000])
    }

    @Test("a page goes on behind an id that is no order's, and behind every order")
    func gaps() async throws {
        let fixture = try await fixture()
        try await fixture.execute(
            "DELETE FROM user_order_item WHERE order_id = 3; DELETE FROM user_order WHERE id = 3")
        for (before, ids) in [(7, [1]), (3, [1]), (1, []), (Int.max, [7, 1])] {
            #expect(try await search(fixture, "김치찌개", before: before).orders.map(\.order.id) == ids)
        }
    }

    /// Past orders of store 1, of which every 1,500th is rare.
    private func fill(_ fixture: Fixture, orders: Int) async throws {
        try await fixture.database.write { db in
            try db.run(
                """
                WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?)
                INSERT INTO user_order(customer_id, store_id, status, amount, ordered_at, note, paid_at, closed_at)
                SELECT 1, 1, 'RECEIVE', 8000, 1.7e12 + i, iif(i % 1500 = 0, 'rare', ''), 1, 1 FROM n
                """, orders)
            try db.run("INSERT INTO user_order_item SELECT id, 0, 1, '김치찌개', 8000, 1 FROM user_order")
        }
    }
}
