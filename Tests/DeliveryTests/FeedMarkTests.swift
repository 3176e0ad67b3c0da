import Delivery
import SQLite
import Testing

@Suite("What the log has lost, and sessions that end")
struct FeedMarkTests {
    private func push(_ fixture: Fixture) async throws -> Int {
        try await fixture.database.write { db in try Feed.push(store: 1, data: .null, in: db).id }
    }

    private func page(_ fixture: Fixture, after cursor: Int?) async throws -> FeedPage {
        try await fixture.database.read { db in try Feed.page(.store(1), after: cursor, limit: 10, in: db) }
    }

    @Test("a cursor below the mark of what was pruned is lost, one at it or above it is not")
    func mark() async throws {
        let fixture = try await Fixture()
        for _ in 0..<5 { _ = try await push(fixture) }
        let whole = try await page(fixture, after: 0)
        #expect(whole.pruned == 0 && !whole.isLost(0) && !whole.isLost(5) && whole.isLost(6))
        try await fixture.database.write { db in
            try db.run("DELETE FROM feed_event WHERE id <= 3")
            try Feed.markPruned(upTo: 3, in: db)
        }
        let rest = try await page(fixture, after: 0)
        #expect(rest.events.map(\.id) == [4, 5] && rest.head == 5)
        for (cursor, isLost) in [(0, true), (2, true), (3, false), (5, false), (6, true)] {
            #expect(rest.isLost(cursor) == isLost, "\(cursor)")
        }
        try await fixture.database.write { db in try Feed.markPruned(upTo: 2, in: db) }
        #expect(try await page(fixture, after: 0).pruned == 3, "a mark never goes back")
    }

    @Test("a mark beyond the log's end makes ids go on behind it", arguments: [0, 3])
    func restored(events: Int) async throws {
        let fixture = try await Fixture()
        for _ in 0..<events { _ = try await push(fixture) }
        try await fixture.database.write { db in try Feed.markPruned(upTo: 1_000, in: db) }
        // Whoever saw what is lost now has a cursor up to 1,000.
        let page = try await page(fixture, after: 7)
        #expect(page.head == 1_000 && page.isLost(7) && !page.isLost(1_000))
        #expect(try await push(fixture) == 1_001)
        #expect(try await push(fixture) == 1_002)
    }

    @Test("an event of a new order tells of the order, as it was appended and as it is read")
    func newOrder() async throws {
        let fixture = try await Fixture()
        let order = try await fixture.place(token: try await fixture.token()).order
        let trace = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"
        let announced = try await fixture.database.write { db in
            try Feed.announce(order: order.id, traceParent: trace, in: db)
        }
        guard case .appended(let event) = announced else {
            Issue.record("the order was not announced")
            return
        }
        #expect(event.newOrder == .init(id: order.id, orderedAt: order.orderedAt, traceParent: trace))
        #expect(event.newOrder?.traceID == "0af7651916cd43dd8448eb211c80319c")
        _ = try await push(fixture)
        let read = try await fixture.database.read { db in try Feed.events(after: 0, limit: 9, in: db) }
        #expect(read.first == event)
        #expect(read.last?.newOrder == nil && read.count == 2)
    }

    @Test(
        "only the digits of a traceparent are taken for a trace id",
        arguments: [
            nil, "", "00", "00-0AF7651916CD43DD8448EB211C80319C-00f067aa0ba902b7-01",
            "00-0af7651916cd43dd8448eb211c80319\n-00f067aa0ba902b7-01", String(repeating: "é", count: 28),
        ])
    func traceID(field: String?) {
        #expect(TraceParent.traceID(of: field).isEmpty)
    }

    @Test("a session that ends is told of in the log by its hash, once, in the transaction that ends it")
    func sessionEnds() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.session()
        let session = SessionID(token: token)
        #expect(try await fixture.database.read { db in try Accounts.expiry(of: session, in: db) } != nil)
        for _ in 0..<2 { try await fixture.accounts.logoutStoreUser(session: token) }
        try await fixture.accounts.logoutStoreUser(session: "nobody's")
        #expect(try await fixture.database.read { db in try Accounts.expiry(of: session, in: db) } == nil)
        let events = try await fixture.database.read { db in try Feed.events(after: 0, limit: 9, in: db) }
        #expect(events.map(\.topic) == [.sessions])
        #expect(events.first?.endedSession == session)
        let said = String(decoding: try #require(events.first).data, as: UTF8.self)
        #expect(!said.contains(token))
    }

    @Test("a login that replaces a session ends it likewise")
    func replaced() async throws {
        let fixture = try await Fixture()
        let old = try await fixture.session()
        let login = Accounts.Login(email: "owner1@example.com", password: "password")
        _ = try await fixture.accounts.loginStoreUser(login, replacing: old, from: home)
        _ = try await fixture.accounts.loginStoreUser(login, replacing: nil, from: home)
        let events = try await fixture.database.read { db in try Feed.events(after: 0, limit: 9, in: db) }
        #expect(events.map(\.endedSession) == [SessionID(token: old)])
    }

    @Test("an expired session does not hold; what is no hash is no session")
    func expired() async throws {
        let fixture = try await Fixture()
        let session = SessionID(token: try await fixture.session(expires: .seconds(-1)))
        #expect(try await fixture.database.read { db in try Accounts.expiry(of: session, in: db) } == nil)
        #expect(SessionID(hex: session.hex) == session)
        #expect(session != SessionID(token: "another"))
        for text in ["", "00", String(repeating: "0", count: 62), String(repeating: "x", count: 64)] {
            #expect(SessionID(hex: text) == nil)
        }
        let foreign = FeedEvent(id: 1, topic: .store(1), name: "", data: octets(#"{"session":"\#(session.hex)"}"#))
        #expect(foreign.endedSession == nil, "only the topic of sessions ends one")
    }
}
