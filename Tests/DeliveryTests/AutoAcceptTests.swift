import Delivery
import SQLite
import Testing

@Suite("A store that accepts by itself")
struct AutoAcceptTests {
    private func fixture(accepts: Bool = true) async throws -> Fixture {
        let fixture = try await Fixture()
        try await fixture.execute(
            """
            INSERT INTO store_setting(store_id, auto_accept, default_prep_minutes, busy_minutes)
            VALUES (1, \(accepts ? 1 : 0), 25, 10)
            """)
        return fixture
    }

    /// What `store-admin` does with an order's message.
    private func announce(_ order: Int, _ fixture: Fixture) async throws -> Bool {
        try await fixture.database.write { db in
            guard case .appended = try Feed.announce(order: order, traceParent: nil, in: db),
                let due = try AutoAccept.due(order: order, in: db)
            else { return false }
            try due.accept(telling: fixture.told.news(), in: db)
            return true
        }
    }

    private func find(_ order: Int, _ fixture: Fixture, store: Int = 1) async throws -> OrderListEntry {
        try await fixture.database.read { db in try Orders.find(order, store: store, in: db) }
    }

    @Test("an order is accepted by the system as it is announced, with the store's minutes")
    func accepted() async throws {
        let fixture = try await fixture()
        let id = try await fixture.place(token: try await fixture.token()).order.id
        #expect(try await find(id, fixture).order.status == .order)
        #expect(try await announce(id, fixture))
        let entry = try await find(id, fixture)
        #expect(entry.order.status == .accept && entry.order.prepMinutes == 35)
        #expect(entry.timeline?.last?.actor == .system && entry.timeline?.last?.action == .accept)
        // The message comes again, at another instance.
        #expect(try await announce(id, fixture) == false)
        #expect(try await find(id, fixture) == entry)
        let events = try await fixture.database.read { db in
            try Feed.page(.store(1), after: 0, limit: 10, in: db).events.map(\.name)
        }
        #expect(events == ["", "order-status"])
    }

    @Test("a store that does not accept by itself, and every other store, decides itself")
    func others() async throws {
        let off = try await fixture(accepts: false)
        let id = try await off.place(token: try await off.token()).order.id
        #expect(try await announce(id, off) == false)
        let on = try await fixture()
        let other = try await on.place(store: 2, token: try await on.token()).order.id
        #expect(try await announce(other, on) == false)
        #expect(try await find(other, on, store: 2).order.status == .order)
    }

    @Test("an order that the customer has cancelled meanwhile is announced and not accepted")
    func cancelled() async throws {
        let fixture = try await fixture()
        let id = try await fixture.place(token: try await fixture.token()).order.id
        try await fixture.database.write { db in
            _ = try Orders.change(
                id, OrderChange(.cancel, by: .customer(1)), telling: fixture.told.news(), in: db)
        }
        #expect(try await announce(id, fixture) == false)
        let entry = try await find(id, fixture)
        #expect(entry.order.status == .cancel && entry.timeline?.count == 2)
    }

    @Test("orders that wait when it is turned on are accepted, page by page; the others are left alone")
    func waiting() async throws {
        let fixture = try await fixture(accepts: false)
        let token = try await fixture.token()
        var ids: [Int] = []
        for _ in 0..<5 { ids.append(try await fixture.place(token: token).order.id) }
        let other = try await fixture.place(store: 2, token: token).order.id
        let unannounced = try await fixture.place(token: token).order.id
        for id in ids + [other] { _ = try await announce(id, fixture) }
        let (session, rejected) = (try await fixture.session(), ids[1])
        try await fixture.database.write { db in
            let member = try Accounts.storeMember(session: session, in: db)
            _ = try Orders.step(
                .reject(.tooBusy, note: nil, expected: nil), order: rejected, by: member, telling: fixture.told.news(),
                in: db)
            // Turned off, nothing happens.
            #expect(
                try AutoAccept.acceptWaiting(store: 1, after: 0, most: 2, telling: fixture.told.news(), in: db) == nil)
            _ = try Stores.change(StoreSettingsChange(acceptsByItself: true), by: member, in: db)
        }
        var (last, pages) = (Int?.some(0), 0)
        while let after = last {
            last = try await fixture.database.write { db in
                try AutoAccept.acceptWaiting(store: 1, after: after, most: 2, telling: fixture.told.news(), in: db)
            }
            pages += 1
        }
        #expect(pages == 3)
        for id in [ids[0], ids[2], ids[3], ids[4]] { #expect(try await find(id, fixture).order.status == .accept) }
        #expect(try await find(ids[1], fixture).order.status == .reject)
        #expect(try await find(other, fixture, store: 2).order.status == .order)
        // It is accepted when its message comes.
        #expect(try await find(unannounced, fixture).order.status == .order)
        #expect(try await announce(unannounced, fixture))
    }
}
