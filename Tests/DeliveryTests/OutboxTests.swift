import Delivery
import SQLite
import Testing

@Suite("The outbox")
struct OutboxTests {
    private func fill(_ fixture: Fixture, _ count: Int) async throws -> [OutboxEntry] {
        let token = try await fixture.token()
        for _ in 0..<count { _ = try await fixture.place(token: token) }
        return fixture.told.entries.suffix(count)
    }

    private func waiting(
        _ fixture: Fixture, after key: OutboxKey? = nil, limit: Int = 100
    ) async throws -> [OutboxEntry] {
        try await fixture.database.read { db in
            try Outbox.waiting(instance: 1, after: key, limit: limit, in: db).entries
        }
    }

    @Test("rows come in the order of their orders, page by page, as they were told of when they were stored")
    func pages() async throws {
        let fixture = try await Fixture()
        let entries = try await fill(fixture, 5)
        #expect(try await waiting(fixture) == entries)
        #expect(try await waiting(fixture, limit: 2) == Array(entries[..<2]))
        #expect(try await waiting(fixture, after: entries[1].key, limit: 2) == Array(entries[2..<4]))
        #expect(try await waiting(fixture, after: entries[4].key) == [])
        let page = try await fixture.database.read { db in try Outbox.waiting(instance: 1, limit: 2, in: db) }
        #expect(page.last == entries[1].key && !page.isComplete && page.unreadable == 0)
    }

    @Test("an order that is placed and paid is announced to its store, to those who wait for that, and with its status")
    func messages() async throws {
        let fixture = try await Fixture()
        let entries = try await fill(fixture, 3)
        #expect(Set(entries.flatMap(\.messages).map(\.messageID)).count == 9)
        let messages = try #require(entries.last).messages
        #expect(messages.map(\.exchange) == ["delivery.exchange", "order.events", "order.events"])
        #expect(messages.map(\.routingKey) == ["delivery.key", "order.completed", "order.order"])
        #expect(messages.map(\.isUrgent) == [true, false, false])
        let order = try #require(entries.last).key.order
        #expect(String(decoding: messages[0].body, as: UTF8.self) == "{\"user_order_id\":\(order)}")
        guard case .completed(let completed) = try OrderMessage(type: messages[1].type, body: messages[1].body),
            case .status(let status) = try OrderMessage(type: messages[2].type, body: messages[2].body)
        else { return #expect(Bool(false), "other messages") }
        #expect(completed.orderID == order && completed.txID == messages[1].messageID)
        #expect(status.orderID == order && status.txID == messages[2].messageID)
    }

    @Test("a row whose event cannot be read stays, and keeps nobody from the others")
    func unreadable() async throws {
        let fixture = try await Fixture()
        let entries = try await fill(fixture, 3)
        try await fixture.execute("UPDATE order_event SET body = x'7B' WHERE order_id = \(entries[1].key.order)")
        let page = try await fixture.database.read { db in try Outbox.waiting(instance: 1, limit: 100, in: db) }
        #expect(page.entries == [entries[0], entries[2]])
        #expect(page.unreadable == 1 && page.last == entries[2].key && page.isComplete)
    }

    @Test("what is confirmed goes away, in any order, and what is gone already is no error")
    func removal() async throws {
        let fixture = try await Fixture()
        let entries = try await fill(fixture, 4)
        try await fixture.database.write { db in
            try Outbox.remove(
                [entries[2].key, entries[0].key, OutboxKey(instance: 1, order: 999, version: 1)], in: db)
            try Outbox.remove([entries[0].key], in: db)
            try Outbox.remove([], in: db)
        }
        #expect(try await waiting(fixture) == [entries[1], entries[3]])
    }

    @Test("a failure is counted, keeps its reason, and blocks nobody")
    func failure() async throws {
        let fixture = try await Fixture()
        let entries = try await fill(fixture, 2)
        let reason = String(repeating: "길다", count: 1_000)
        try await fixture.database.write { db in
            try Outbox.recordFailure(entries[0].key, "first", in: db)
            try Outbox.recordFailure(entries[0].key, reason, in: db)
            try Outbox.recordFailure(OutboxKey(instance: 1, order: 999, version: 1), "gone", in: db)
        }
        let stored = try await fixture.database.read { db in
            try db.one("SELECT attempts, last_error FROM outbox WHERE order_id = ?", entries[0].key.order) {
                (try $0.int(0), try $0.text(1))
            }
        }
        #expect(stored.0 == 2)
        #expect(stored.1 == String(reason.prefix(500)))
        #expect(try await waiting(fixture) == entries)
    }

    @Test("its state is how many wait and since when")
    func state() async throws {
        let fixture = try await Fixture()
        func state() async throws -> (count: Int, oldest: Timestamp?) {
            try await fixture.database.read { db in try Outbox.state(in: db) }
        }
        let empty = try await state()
        #expect(empty.count == 0 && empty.oldest == nil)
        let entries = try await fill(fixture, 3)
        let full = try await state()
        #expect(full.count == 3 && full.oldest == entries[0].createdAt)
        #expect(try await fixture.database.read { db in try Outbox.isReadable(in: db) })
    }

    @Test("counting stops at its bound, however many wait")
    func boundedCount() async throws {
        let fixture = try await Fixture(demoData: false)
        try await fixture.execute(
            """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= \(Outbox.mostCounted))
            INSERT INTO outbox(instance_id, order_id, version, created_at) SELECT 1, i, 1, i FROM n
            """)
        let state = try await fixture.database.read { db in try Outbox.state(in: db) }
        #expect(state.count == Outbox.mostCounted)
        #expect(state.oldest == Timestamp(milliseconds: 1))
    }
}
