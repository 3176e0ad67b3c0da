import Delivery
import SQLite
import Testing

@Suite("Settlement")
struct SettlementTests {
    private let fee = Fee(basisPoints: 985)

    @Test("is the same in whichever order messages come, how often, and whatever failed in between")
    func anyOrder() async throws {
        let fixture = try await Fixture()
        let histories = try await OrderHistories.make(fixture, orders: 60, seed: 3)
        let orders = try await Self.orders(fixture)
        let refunded = orders.filter { ["REJECT", "CANCEL", "EXPIRED"].contains($0.status) }
        #expect(refunded.count > 5 && refunded.count < orders.count - 5)
        for seed in 0..<60 {
            let deliveries = histories.deliveries(seed: seed)
            let booked = try await fixture.database.write { [fee] db in
                try db.run("DELETE FROM settlement_entry")
                for (message, isLost) in deliveries where !isLost || seed.isMultiple(of: 2) {
                    let order = try OrderMessage(type: message.type, body: message.body).orderID
                    guard Self.isForSettlement(message) else { continue }
                    try Settlement.settle(order: order, fee: fee, in: db)
                }
                return try Self.entries(in: db)
            }
            #expect(booked.count == orders.count + refunded.count, "seed \(seed)")
            for order in orders {
                let own = booked.filter { $0.orderID == order.id }
                #expect(own.first?.kind == .sale && own.first?.amount == order.amount)
                #expect(own.first?.fee == fee.of(order.amount))
                #expect((own.count == 2) == refunded.contains { $0.id == order.id }, "order \(order.id), seed \(seed)")
                if own.count == 2 {
                    #expect(own.map(\.amount).reduce(0, +) == 0 && own.map(\.fee).reduce(0, +) == 0)
                }
            }
        }
    }

    @Test("a message whose work was undone is worked on again, and nothing is booked twice")
    func undone() async throws {
        let fixture = try await Fixture()
        let histories = try await OrderHistories.make(fixture, orders: 10, seed: 5)
        for (message, isLost) in histories.deliveries(seed: 1) where Self.isForSettlement(message) {
            let order = try OrderMessage(type: message.type, body: message.body).orderID
            _ = try? await fixture.database.write { [fee] db in
                try Settlement.settle(order: order, fee: fee, in: db)
                if isLost { throw Lost() }
            }
        }
        let sums = try await fixture.database.read { db in
            try (1...3).map { store in try Settlement.day(.today, store: store, in: db).totals }
        }
        // What the ledger says: charges less refunds.
        let ledger = try await fixture.database.read { db in
            try db.one("SELECT ifnull(sum(amount), 0) FROM ledger_entry") { try $0.int(0) }
        }
        #expect(sums.map { $0.sales + $0.refunds }.reduce(0, +) == ledger)
        #expect(sums.map(\.orders).reduce(0, +) == 10)
    }

    @Test("a refund takes back the fee that was booked, whatever the fee is by then")
    func otherFee() async throws {
        let fixture = try await Fixture()
        let order = try await fixture.place(token: try await fixture.token()).order
        try await fixture.database.write { db in
            try Settlement.settle(order: order.id, fee: Fee(basisPoints: 1_000), in: db)
            _ = try Orders.change(
                order.id, OrderChange(.cancel, by: .customer(order.customerID)), telling: OrderNews(instance: 1), in: db
            )
            try Settlement.settle(order: order.id, fee: Fee(basisPoints: 300), in: db)
        }
        let day = try await fixture.database.read { db in try Settlement.day(.today, store: 1, in: db) }
        #expect(
            day.entries.map(\.fee) == [
                Fee(basisPoints: 1_000).of(order.amount), -Fee(basisPoints: 1_000).of(order.amount),
            ])
        #expect(day.totals.payout == 0 && day.totals.orders == 1 && day.totals.refunds == -order.amount)
    }

    @Test("an order that was never paid has none, and one that there is not is refused")
    func unpaid() async throws {
        let fixture = try await Fixture()
        let order = try await fixture.place(token: try await fixture.token()).order.id
        try await fixture.execute(
            "UPDATE user_order SET paid_at = NULL, status = 'CANCEL', closed_at = 1 WHERE id = \(order)")
        try await fixture.database.write { [fee] db in try Settlement.settle(order: order, fee: fee, in: db) }
        #expect(try await fixture.count("settlement_entry") == 0)
        let refused = await refusal {
            try await fixture.database.write { [fee] db in try Settlement.settle(order: 99_999, fee: fee, in: db) }
        }
        #expect(refused == .orderNotFound)
    }

    @Test("a day begins at midnight in Korea, and a sale and its refund may lie in two")
    func days() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        var orders: [Int] = []
        for _ in 0..<3 { orders.append(try await fixture.place(token: token).order.id) }
        let midnight = try #require(KoreanDay("2026-11-21")).start.milliseconds
        try await fixture.execute(
            """
            UPDATE user_order SET paid_at = \(midnight - 1), status = 'CANCEL', closed_at = \(midnight) WHERE id = \(orders[0]);
            UPDATE user_order SET paid_at = \(midnight) WHERE id = \(orders[1]);
            UPDATE user_order SET paid_at = \(midnight + 86_400_000) WHERE id = \(orders[2]);
            """)
        try await fixture.database.write { [fee, orders] db in
            for order in orders { try Settlement.settle(order: order, fee: fee, in: db) }
        }
        let days = try await fixture.database.read { db in
            try ["2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"].map { text in
                try Settlement.day(try #require(KoreanDay(text)), store: 1, in: db)
            }
        }
        #expect(days.map { $0.entries.map(\.orderID) } == [[orders[0]], [orders[0], orders[1]], [orders[2]], []])
        #expect(days[1].entries.map(\.kind) == [.refund, .sale])
        let month = try await fixture.database.read { db in
            try Settlement.month(try #require(KoreanMonth("2026-11")), store: 1, in: db)
        }
        #expect(month.days.map(\.day) == ["2026-11-20", "2026-11-21", "2026-11-22"])
        #expect(month.totals == days.reduce(SettlementTotals()) { $0.plus($1.totals) })
        let other = try await fixture.database.read { db in try Settlement.day(days[1].day, store: 2, in: db) }
        #expect(other.entries.isEmpty && other.totals == SettlementTotals())
    }

    @Test("pages go on behind the last entry, also when many have the same time")
    func pages() async throws {
        let fixture = try await Fixture()
        try await fixture.execute(
            """
            INSERT INTO settlement_entry(order_id, kind, store_id, day, amount, fee, at)
              WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 50)
              SELECT i, k, 1, '2026-11-20', 1000, 100, i / 10 FROM n, (SELECT 'SALE' AS k UNION ALL SELECT 'REFUND');
            """)
        let day = try #require(KoreanDay("2026-11-20"))
        for limit in [1, 7, 100] {
            var all: [SettlementEntry] = []
            while true {
                let page = try await fixture.database.read { [all] db in
                    try Settlement.entries(store: 1, day: day, after: all.last, limit: limit, in: db)
                }
                if page.isEmpty { break }
                all += page
            }
            #expect(all.count == 100)
            #expect(Set(all.map { "\($0.orderID) \($0.kind)" }).count == 100)
        }
    }

    @Test("an operator sees the stores that have earned something, page by page")
    func stores() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        for store in [1, 3] {
            let order = try await fixture.place(store: store, token: token).order.id
            try await fixture.database.write { [fee] db in try Settlement.settle(order: order, fee: fee, in: db) }
        }
        let stores = try await fixture.database.read { db in
            try [(0, 100), (0, 1), (1, 1), (3, 1)].map { after, limit in
                try Settlement.stores(day: .today, after: after, limit: limit, in: db).map(\.id)
            }
        }
        #expect(stores == [[1, 3], [1], [3], []])
    }

    @Test("what lost messages should have booked is booked when all orders are looked at again")
    func again() async throws {
        let fixture = try await Fixture()
        let histories = try await OrderHistories.make(fixture, orders: 25, seed: 8)
        #expect(!histories.messages.isEmpty)
        var (last, booked) = (0, 0)
        for round in 0..<2 {
            (last, booked) = (0, 0)
            while let page = try await fixture.database.write({ [fee, last] db in
                try Settlement.settlePage(after: last, limit: 10, fee: fee, in: db)
            }) {
                last = page.last
                booked += page.booked
            }
            #expect(round == 0 ? booked >= 25 : booked == 0)
        }
        let (entries, ledger) = (try await fixture.count("settlement_entry"), try await fixture.count("ledger_entry"))
        #expect(entries == ledger)
    }

    // MARK: - Helpers

    private static func isForSettlement(_ message: OrderHistories.Message) -> Bool {
        switch try? OrderMessage(type: message.type, body: message.body) {
        case .completed: true
        case .status(let message): ["REJECT", "CANCEL", "EXPIRED"].contains(message.status.rawValue)
        case nil: false
        }
    }

    private static func orders(_ fixture: Fixture) async throws -> [(id: Int, status: String, amount: Int)] {
        try await fixture.database.read { db in
            try db.all("SELECT id, status, amount FROM user_order") { (try $0.int(0), try $0.text(1), try $0.int(2)) }
        }
    }

    private static func entries(in db: Connection) throws -> [SettlementEntry] {
        try db.all("SELECT order_id, kind, amount, fee, at FROM settlement_entry ORDER BY order_id, kind DESC") { row in
            let kind = SettlementEntry.Kind(rawValue: try row.text(1))
            return SettlementEntry(
                order: try row.int(0), kind: try #require(kind),
                amount: try row.int(2), fee: try row.int(3), at: Timestamp(milliseconds: try row.int(4)))
        }
    }
}

extension SettlementTotals {
    fileprivate func plus(_ other: SettlementTotals) -> SettlementTotals {
        var sum = self
        sum.orders += other.orders
        sum.sales += other.sales
        sum.refunds += other.refunds
        sum.fees += other.fees
        sum.entries += other.entries
        return sum
    }
}
