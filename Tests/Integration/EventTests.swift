import AMQP
import Delivery
import SQLite
import Support
import Testing

/// What both services make of the events of orders, with processes and a virtual host of their own.
@Suite("The events of orders", .timeLimit(.minutes(3)))
struct EventTests {
    @Test("whoever binds a queue hears everything; groups that were away catch up, and the settlement is the ledger's")
    func story() async throws {
        try await EventFixture.with { fixture in
            let foreign = try await fixture.bind("spring.listener", to: "order.#")
            let customer = try await fixture.pair.customer()
            let owner = try await fixture.owner()

            let delivered = try await fixture.pair.order(customer, menus: [1, 2, 2])
            for step in ["accept", "start-cooking", "finish-cooking", "start-delivery", "receive-delivery"] {
                try await fixture.post(owner, "/api/user-order/\(delivered)/\(step)", ["prep_minutes": 20])
            }
            try await fixture.post(customer, "/api/user-order/\(delivered)/confirm", [:])
            let rejected = try await fixture.pair.order(customer)
            try await fixture.post(owner, "/api/user-order/\(rejected)/reject", ["reason": "OUT_OF_ITEMS"])
            let heard = try await foreign.take(11)
            #expect(
                heard.filter { $0.json["order_id"].int == delivered }.map(\.key).sorted() == [
                    "order.accept", "order.completed", "order.cooked", "order.cooking", "order.delivered",
                    "order.delivery", "order.order", "order.receive",
                ])
            #expect(
                heard.filter { $0.json["order_id"].int == rejected }.map(\.key).sorted() == [
                    "order.completed", "order.order", "order.reject",
                ])
            try fixture.check(heard)

            // Orders go on without store-admin.
            #expect(try await fixture.pair.admin.terminate() == .code(0))
            let kept = try await fixture.pair.order(customer)
            let cancelled = try await fixture.pair.order(customer)
            try await fixture.post(customer, "/api/user-order/\(cancelled)/cancel", [:])
            #expect(try await fixture.view(customer, kept) == .null)
            try await fixture.pair.admin.startAgain()
            try await eventually("the groups have caught up", within: 20) {
                let entries = try await fixture.settlement(owner)["entry_count"].int
                let ended = try await fixture.view(customer, cancelled)["status"].string
                let open = try await fixture.view(customer, kept)["status"].string
                return entries == 6 && ended == "CANCEL" && open == "ORDER"
            }
            let views = try await customer.get("/api/order-view").json["body"]
            #expect(views.array.map { $0["order_id"].int } == [cancelled, kept, rejected, delivered])
            #expect(views[3]["status"].string == "RECEIVE" && views[3]["prep_minutes"].int == 20)
            #expect(try await owner.get("/api/order-view").json["body"].array.map { $0["order_id"].int } == [kept])

            let day = try await fixture.settlement(owner)
            let (charges, refunds) = try await fixture.ledger()
            #expect(day["orders"].int == 4)
            #expect(day["sales"].int == charges && day["refunds"].int == refunds && refunds < 0)
            let entries = day["entries"].array
            #expect(entries.compactMap { $0["amount"].int }.reduce(0, +) == charges + refunds)
            let fees = entries.compactMap { $0["fee"].int }.reduce(0, +)
            #expect(day["fees"].int == fees && day["payout"].int == charges + refunds - fees)
            try await fixture.checkTables(owner, day)
        }
    }

    @Test("the table of where orders are is built again while orders come, as if it had never been broken")
    func rebuild() async throws {
        try await EventFixture.with { fixture in
            let customer = try await fixture.pair.customer()
            var orders: [Int] = []
            for _ in 0..<30 { orders.append(try await fixture.pair.order(customer)) }
            try await fixture.waitForViews(orders)
            try await fixture.execute(
                """
                UPDATE order_view SET status = 'COOKED', version = 99 WHERE order_id % 3 = 0;
                DELETE FROM order_view WHERE order_id % 3 = 1;
                DELETE FROM settlement_entry WHERE order_id % 2 = 0;
                """)
            async let more = {
                var more: [Int] = []
                for number in 0..<30 {
                    let order = try await fixture.pair.order(customer)
                    if number.isMultiple(of: 2) {
                        try await fixture.post(customer, "/api/user-order/\(order)/cancel", [:])
                    }
                    more.append(order)
                }
                return more
            }()
            let built = try await fixture.run("--rebuild-view")
            let booked = try await fixture.run("--rebuild-settlement")
            orders += try await more
            #expect(built.contains("rows written") && booked.contains("entries booked"), "\(built) \(booked)")
            try await fixture.waitForViews(orders)
            #expect(try await fixture.wrongViews() == 0)
            // Nothing is left to mend.
            #expect(try await fixture.run("--rebuild-view").contains("60 orders: 0 rows written, 0 removed, 0 left"))
            #expect(try await fixture.run("--rebuild-settlement").contains("60 orders: 0 entries booked"))
            let metrics = try await fixture.pair.admin.http.get("/metrics").text
            #expect(metrics.contains("order_view_lag_seconds_count"))
            #expect(metrics.contains("consumed_total{group=\"settlement\"}"))
        }
    }
}
