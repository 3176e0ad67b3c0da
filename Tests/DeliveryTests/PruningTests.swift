import Delivery
import SQLite
import Synchronized
import Testing

@Suite("Pruning")
struct PruningTests {
    private let later = Timestamp.now.adding(.seconds(40 * 86_400))

    /// Removes whatever is old at `time`.
    private func prune(
        _ fixture: Fixture, _ subject: Pruning.Subject, at time: Timestamp, rows: Int = 500
    ) async throws -> Int {
        var sum = 0
        while true {
            let step = try await fixture.database.write { db in
                try Pruning.step(subject, at: time, Pruning.Budget(rows: rows) { false }, in: db)
            }
            sum += step.removed
            if step.isComplete { return sum }
        }
    }

    private func isDue(_ fixture: Fixture, at time: Timestamp) async throws -> Bool {
        try await fixture.database.read { db in try Pruning.isDue(.feed, at: time, in: db) }
    }

    private func close(_ order: Order, _ fixture: Fixture) async throws {
        _ = try await fixture.database.write { db in
            try Orders.change(
                order.id, OrderChange(.cancel, by: .customer(order.customerID)), telling: OrderNews(instance: 1), in: db
            )
        }
    }

    @Test("an order whose event is pruned is not announced again, by its message or by the sweep")
    func announcedOnce() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        let orders = [try await fixture.place(token: token).order, try await fixture.place(token: token).order]
        try await close(orders[1], fixture)
        for order in orders {
            guard case .appended = try await fixture.announce(order.id) else {
                Issue.record("not announced")
                return
            }
        }
        let pruned = try await prune(fixture, .feed, at: later)
        #expect(pruned > 2)
        for order in orders {
            let again = try await fixture.announce(order.id)
            #expect(again == .known)
        }
        let swept = try await fixture.database.write { [later] db in
            try Feed.announceForgotten(storedBefore: later, limit: 100, in: db)
        }
        #expect(swept.events.isEmpty && swept.isComplete)
        #expect(try await fixture.count("feed_event") == 0)
    }

    @Test("an order that never had an event is announced also when everything around it is pruned")
    func forgottenStays() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        let (lost, other) = (try await fixture.place(token: token).order, try await fixture.place(token: token).order)
        _ = try await fixture.announce(other.id)
        _ = try await prune(fixture, .feed, at: later)
        guard case .appended(let event) = try await fixture.announce(lost.id) else {
            Issue.record("not announced")
            return
        }
        #expect(event.newOrder?.id == lost.id)
    }

    @Test("events go oldest first and only when they are old; ids go on, and the mark says what is gone")
    func feed() async throws {
        let fixture = try await Fixture()
        func push() async throws -> Int {
            try await fixture.database.write { db in try Feed.push(store: 1, data: .null, in: db).id }
        }
        for _ in 0..<5 { _ = try await push() }
        let now = Timestamp.now
        try await fixture.execute("UPDATE feed_event SET created_at = created_at - 4 * 86400000 WHERE id <= 3")
        #expect(try await isDue(fixture, at: now))
        #expect(try await prune(fixture, .feed, at: now) == 3)
        #expect(try await !isDue(fixture, at: now))
        let mark = try await fixture.database.read { db in try Feed.pruned(in: db) }
        #expect(mark == 3)
        #expect(try await prune(fixture, .feed, at: later) == 2)
        let head = try await fixture.database.read { db in try Feed.head(in: db) }
        #expect(head == 5)
        #expect(try await push() == 6)
    }

    @Test("a clock that was ahead for a while holds nothing up for long")
    func clocks() async throws {
        let fixture = try await Fixture()
        for _ in 0..<6 {
            _ = try await fixture.database.write { db in try Feed.push(store: 1, data: .null, in: db) }
        }
        // The second and third were written while the clock was a year or some hours ahead.
        try await fixture.execute(
            """
            UPDATE feed_event SET created_at = created_at - 4 * 86400000 WHERE id <= 4;
            UPDATE feed_event SET created_at = created_at + 365 * 86400000 WHERE id = 2;
            UPDATE feed_event SET created_at = created_at + 5 * 86400000 WHERE id = 3;
            """)
        #expect(try await prune(fixture, .feed, at: .now) == 4)
    }

    @Test("a step ends when its time is over, and takes no more rows than it may")
    func budget() async throws {
        let fixture = try await Fixture()
        try await fixture.execute(
            """
            WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
            INSERT INTO feed_event(topic, name, data, created_at) SELECT 'store/1', 'push', X'7B7D', 1000 + i FROM n
            """)
        let asked = Lock(0)
        let byTime = try await fixture.database.write { [later] db in
            try Pruning.step(
                .feed, at: later,
                Pruning.Budget {
                    asked.withLock { asked in
                        asked += 1
                        return asked == 3
                    }
                }, in: db)
        }
        #expect(byTime.removed == 60 && !byTime.isComplete)
        let byRows = try await fixture.database.write { [later] db in
            try Pruning.step(.feed, at: later, Pruning.Budget(rows: 50) { false }, in: db)
        }
        #expect(byRows.removed == 50 && !byRows.isComplete)
        #expect(try await fixture.count("feed_event") == 890)
    }

    @Test("a change that is dated far ahead keeps its body until its messages are published")
    func datedAhead() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        let order = try await fixture.place(token: token).order
        try await close(order, fixture)
        // The clock was a month ahead when it happened.
        try await fixture.execute(
            """
            UPDATE order_event SET at = at + 30 * 86400000;
            UPDATE outbox SET created_at = created_at + 30 * 86400000;
            """)
        #expect(try await prune(fixture, .changes, at: .now) == 0)
        let readable = try await fixture.database.read { db in
            let instances = try db.all("SELECT DISTINCT instance_id FROM outbox") { try $0.int(0) }
            return try instances.reduce(0) { try $0 + Outbox.waiting(instance: $1, limit: 10, in: db).entries.count }
        }
        #expect(readable == 2)
        try await fixture.execute("DELETE FROM outbox")
        #expect(try await prune(fixture, .changes, at: .now) == 2)
    }

    @Test(
        "messages of changes go once their order has ended, the changes stay, and the view is built again without them")
    func changes() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        let (open, closed) = (try await fixture.place(token: token).order, try await fixture.place(token: token).order)
        try await close(closed, fixture)
        func views() async throws -> [OrderView] {
            _ = try await fixture.database.write { db in try OrderViews.rebuildPage(after: 0, limit: 10, in: db) }
            return try await fixture.database.read { db in
                try OrderViews.list(customer: closed.customerID, Orders.Page(limit: 10), in: db)
            }
        }
        let before = try await views()
        #expect(before.map(\.status) == [.cancel, .order])
        #expect(try await prune(fixture, .changes, at: later) == 0, "their messages wait for the broker")
        try await fixture.execute("DELETE FROM outbox")
        #expect(try await prune(fixture, .changes, at: .now) == 0, "they are young")
        #expect(try await prune(fixture, .changes, at: later) == 3)
        let kept = try await fixture.database.read { db in
            try db.all("SELECT DISTINCT order_id FROM order_event WHERE length(body) > 0") { try $0.int(0) }
        }
        #expect(kept == [open.id])
        try await fixture.execute("DELETE FROM order_view")
        let rebuilt = try await views()
        #expect(rebuilt == before)
        try await fixture.execute("DELETE FROM order_view WHERE order_id = \(closed.id)")
        let isRefreshed = try await fixture.database.write { db in
            (try OrderViews.refresh(order: closed.id, in: db), try OrderViews.refresh(order: closed.id, in: db))
        }
        #expect(isRefreshed.0 && !isRefreshed.1, "a message that comes so late finds the order itself")
        let refreshed = try await fixture.database.read { db in
            try OrderViews.find(closed.id, customer: closed.customerID, in: db)
        }
        #expect(before.contains(refreshed))
        let timeline = try await fixture.database.read { db in
            try Orders.find(closed.id, customer: closed.customerID, in: db).timeline?.map(\.action)
        }
        #expect(timeline == [.place, .cancel])
    }

    @Test("keys, tokens and settled notifications go when their time is over, what waits stays")
    func others() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        _ = try await fixture.place(token: token, key: Orders.Key("k", body: octets("body")))
        try await fixture.execute(
            """
            INSERT INTO notification(message_id, customer_id, order_id, order_version, status, body, state,
              next_attempt_at, created_at)
            VALUES ('a', 1, 1, 1, 'ORDER', X'', 'DELIVERED', NULL, 5), ('b', 1, 1, 2, 'ORDER', X'', 'PENDING', 9, 5),
              ('c', 1, 1, 3, 'ORDER', X'', 'GIVEN_UP', NULL, 5)
            """)
        let cases: [(Pruning.Subject, now: Int, then: Int)] = [(.keys, 0, 1), (.tokens, 0, 1), (.notifications, 2, 0)]
        for (subject, now, then) in cases {
            let (first, second) = (
                try await prune(fixture, subject, at: .now), try await prune(fixture, subject, at: later)
            )
            #expect(first == now && second == then, "\(subject)")
            let isDue = try await fixture.database.read { [later] db in try Pruning.isDue(subject, at: later, in: db) }
            #expect(!isDue)
        }
        #expect(try await fixture.count("notification") == 1)
    }
}
