import Delivery
import SQLite
import Testing

@Suite("The outbox")
struct OutboxTests {
    private func fill(_ fixture: Fixture, _ count: Int) async throws -> [OutboxMessage] {
        let token = try await fixture.token()
        for _ in 0..<count { _ = try await fixture.place(token: token) }
        // The orders' own messages are enough here.
        try await fixture.execute("DELETE FROM outbox WHERE exchange = 'order.events'")
        return fixture.told.messages.filter(\.isMandatory).suffix(count)
    }

    private func waiting(_ fixture: Fixture, after id: Int = 0, limit: Int = 100) async throws -> [OutboxMessage] {
        try await fixture.database.read { db in try Outbox.waiting(instance: 1, after: id, limit: limit, in: db) }
    }

    @Test("messages come oldest first, page by page, with ids of their own")
    func pages() async throws {
        let fixture = try await Fixture()
        let messages = try await fill(fixture, 5)
        #expect(try await waiting(fixture) == messages)
        #expect(try await waiting(fixture, limit: 2) == Array(messages[..<2]))
        #expect(try await waiting(fixture, after: messages[1].id, limit: 2) == Array(messages[2..<4]))
        #expect(try await waiting(fixture, after: messages[4].id) == [])
        #expect(Set(messages.map(\.messageID)).count == 5)
    }

    @Test("what is confirmed goes away, in any order, and what is gone already is no error")
    func removal() async throws {
        let fixture = try await Fixture()
        let messages = try await fill(fixture, 4)
        try await fixture.database.write { db in
            try Outbox.remove([messages[2].id, messages[0].id, 999], in: db)
            try Outbox.remove([messages[0].id], in: db)
            try Outbox.remove([], in: db)
        }
        #expect(try await waiting(fixture) == [messages[1], messages[3]])
    }

    @Test("the id of a removed message is not used again")
    func ids() async throws {
        let fixture = try await Fixture()
        let first = try await fill(fixture, 2)
        try await fixture.database.write { db in try Outbox.remove(first.map(\.id), in: db) }
        let next = try await fill(fixture, 1)
        #expect(next[0].id > first[1].id)
        #expect(next[0].id == fixture.told.messages[6].id)
    }

    @Test("a failure is counted, keeps its reason, and blocks nobody")
    func failure() async throws {
        let fixture = try await Fixture()
        let messages = try await fill(fixture, 2)
        let reason = String(repeating: "길다", count: 1_000)
        try await fixture.database.write { db in
            try Outbox.recordFailure(messages[0].id, "first", in: db)
            try Outbox.recordFailure(messages[0].id, reason, in: db)
            try Outbox.recordFailure(999, "gone", in: db)
        }
        let stored = try await fixture.database.read { db in
            try db.one("SELECT attempts, last_error FROM outbox WHERE id = ?", messages[0].id) {
                (try $0.int(0), try $0.text(1))
            }
        }
        #expect(stored.0 == 2)
        #expect(stored.1 == String(reason.prefix(500)))
        #expect(try await waiting(fixture) == messages)
    }

    @Test("its state is how many wait and since when")
    func state() async throws {
        let fixture = try await Fixture()
        func state() async throws -> (count: Int, oldest: Timestamp?) {
            try await fixture.database.read { db in try Outbox.state(in: db) }
        }
        let empty = try await state()
        #expect(empty.count == 0 && empty.oldest == nil)
        let messages = try await fill(fixture, 3)
        let full = try await state()
        #expect(full.count == 3 && full.oldest == messages[0].createdAt)
        #expect(try await fixture.database.read { db in try Outbox.isReadable(in: db) })
    }

    @Test("counting stops at its bound, however many wait")
    func boundedCount() async throws {
        let fixture = try await Fixture(demoData: false)
        try await fixture.execute(
            """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= \(Outbox.mostCounted))
            INSERT INTO outbox(message_id, exchange, routing_key, type, body, created_at)
            SELECT '', '', '', '', x'', i FROM n
            """)
        let state = try await fixture.database.read { db in try Outbox.state(in: db) }
        #expect(state.count == Outbox.mostCounted)
        #expect(state.oldest == Timestamp(milliseconds: 1))
    }
}
