import Delivery
import SQLite
import Testing

@Suite("Looking at orders")
struct OrderListTests {
    private func current(_ fixture: Fixture, customer: Int, _ page: Orders.Page) async throws -> [Int] {
        try await fixture.database.read { db in
            try Orders.current(customer: customer, page, in: db).orders.map(\.order.id)
        }
    }

    @Test("open orders come newest first, page by page, each with its store, items and menus")
    func current() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        let customer = try await fixture.customerID()
        var ids: [Int] = []
        for index in 0..<7 { ids.append(try await fixture.place(store: index % 3 + 1, token: token).order.id) }
        _ = try await fixture.place(token: try await fixture.token("customer2@example.com"))
        let newestFirst = Array(ids.reversed())
        #expect(try await current(fixture, customer: customer, .init(limit: 100)) == newestFirst)
        #expect(try await current(fixture, customer: customer, .init(limit: 7)) == newestFirst)
        #expect(try await current(fixture, customer: customer, .init(limit: 3)) == Array(newestFirst[..<3]))
        #expect(
            try await current(fixture, customer: customer, .init(before: newestFirst[2], limit: 3))
                == Array(newestFirst[3..<6]))
        #expect(try await current(fixture, customer: customer, .init(before: ids[0], limit: 3)) == [])
        #expect(try await current(fixture, customer: customer, .init(before: Int.min, limit: 3)) == [])
        let entries = try await fixture.database.read { db in
            try Orders.current(customer: customer, .init(limit: 100), in: db).orders
        }
        for entry in entries {
            #expect(entry.store.id == entry.order.storeID)
            #expect(entry.order.items.map(\.menuID) == entry.menus.map(\.id))
            #expect(entry.menus.allSatisfy { $0.storeID == entry.store.id })
        }
    }

    @Test("no limit makes a list endless", arguments: [Int.min, -1, 0, 1, Int.max])
    func limits(limit: Int) async throws {
        let page = Orders.Page(limit: limit)
        #expect((1...Orders.mostCurrent).contains(page.limit))
    }

    @Test("a list with the same menu of several orders keeps items in the order of the request")
    func items() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        let customer = try await fixture.customerID()
        let wanted = [[5, 1, 3], [3, 5], [1, 2, 3, 4, 5]]
        for menus in wanted {
            _ = try await fixture.orders.place(
                OrderRequest(storeID: 1, lines: menus.map { .init(menuID: $0, quantity: 1) }), by: .token(token))
        }
        let found = try await fixture.database.read { db in
            try Orders.current(customer: customer, .init(limit: 10), in: db).orders
        }
        #expect(found.map { $0.order.items.map(\.menuID) } == wanted.reversed())
        #expect(found.map { $0.menus.map(\.id) } == wanted.reversed())
    }

    @Test("closed orders stand in the history, and only there")
    func history() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        let customer = try await fixture.customerID()
        var ids: [Int] = []
        for _ in 0..<4 { ids.append(try await fixture.place(token: token).order.id) }
        try await fixture.execute(
            "UPDATE user_order SET status = 'RECEIVE', closed_at = ordered_at WHERE id IN (\(ids[0]), \(ids[2]))")
        let third = ids[2]
        let closed = try await fixture.database.read { db in
            (
                try Orders.history(customer: customer, .init(limit: 10), in: db).map(\.order.id),
                try Orders.history(store: 1, .init(limit: 10), in: db).map(\.order.id),
                try Orders.history(customer: customer, .init(before: third, limit: 10), in: db).map(\.order.id)
            )
        }
        #expect(closed.0 == [ids[2], ids[0]])
        #expect(closed.1 == [ids[2], ids[0]])
        #expect(closed.2 == [ids[0]])
        #expect(try await current(fixture, customer: customer, .init(limit: 10)) == [ids[3], ids[1]])
    }

    @Test("somebody else's order is not there, for customers and for stores")
    func foreign() async throws {
        let fixture = try await Fixture()
        let id = try await fixture.place(token: try await fixture.token()).order.id
        let (own, other) = (try await fixture.customerID(), try await fixture.customerID("customer2@example.com"))
        let read = fixture.database
        #expect(try await read.read { db in try Orders.find(id, customer: own, in: db).order.id } == id)
        #expect(try await read.read { db in try Orders.find(id, store: 1, in: db).order.id } == id)
        #expect(
            await refusal { try await read.read { db in try Orders.find(id, customer: other, in: db) } }
                == .orderNotFound)
        #expect(await refusal { try await read.read { db in try Orders.find(id, store: 2, in: db) } } == .orderNotFound)
        for unknown in [0, -1, id + 1, Int.max] {
            #expect(
                await refusal { try await read.read { db in try Orders.find(unknown, customer: own, in: db) } }
                    == .orderNotFound)
        }
        #expect(
            await refusal { try await read.write { db in try Orders.acknowledge(id, store: 2, in: db).event } }
                == .orderNotFound)
        #expect(try await current(fixture, customer: other, .init(limit: 10)) == [])
    }

    @Test("an order that is not paid is not there for the store, and takes no place on its pages")
    func unpaid() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        let customer = try await fixture.customerID()
        var ids: [Int] = []
        for _ in 0..<6 { ids.append(try await fixture.place(token: token).order.id) }
        try await fixture.execute(
            "UPDATE user_order SET status = 'REGISTERED', paid_at = NULL WHERE id IN (\(ids[5]), \(ids[4]))")
        try await fixture.execute(
            "UPDATE user_order SET status = 'PAYMENT_PENDING', paid_at = NULL WHERE id = \(ids[3])")
        let page = try await fixture.database.read { db in
            try Orders.current(store: 1, .init(limit: 2), in: db).orders.map(\.order.id)
        }
        #expect(page == [ids[2], ids[1]])
        for id in ids[3...] {
            #expect(
                await refusal { try await fixture.database.read { db in try Orders.find(id, store: 1, in: db) } }
                    == .orderNotFound)
            #expect(try await fixture.announce(id) == .unknownOrder)
        }
        #expect(try await current(fixture, customer: customer, .init(limit: 10)) == Array(ids.reversed()))
    }

    @Test("a menu that was removed or changed later leaves the order as it was")
    func menuGone() async throws {
        let fixture = try await Fixture()
        let id = try await fixture.orders.place(
            OrderRequest(storeID: 1, lines: [.init(menuID: 1, quantity: 2), .init(menuID: 2, quantity: 1)]),
            by: .token(try await fixture.token())
        ).order.id
        try await fixture.execute(
            """
            DELETE FROM store_menu WHERE id = 1;
            UPDATE store_menu SET name = 'other', amount = 1 WHERE id = 2;
            """)
        let entry = try await fixture.database.read { db in try Orders.find(id, store: 1, in: db) }
        #expect(entry.order.items.map(\.name) == ["김치찌개", "제육볶음 정식"])
        #expect(entry.order.items.map(\.amount) == [8_000, 9_500])
        #expect(entry.order.amount == 25_500)
        #expect(entry.menus.map(\.id) == [1, 2])
        #expect(entry.menus[0].name == "김치찌개" && entry.menus[0].status == .unregistered)
        #expect(entry.menus[1].name == "other")
        guard case .appended = try await fixture.announce(id) else {
            Issue.record("the order was not announced")
            return
        }
    }

    @Test("the first acknowledgement makes an event, the second changes nothing")
    func acknowledge() async throws {
        let fixture = try await Fixture()
        let id = try await fixture.place(token: try await fixture.token()).order.id
        func acknowledge() async throws -> (Timestamp?, FeedEvent?) {
            try await fixture.database.write { db in
                let (entry, event) = try Orders.acknowledge(id, store: 1, in: db)
                return (entry.order.acknowledgedAt, event)
            }
        }
        let first = try await acknowledge()
        let second = try await acknowledge()
        let event = try #require(first.1)
        #expect(event.topic == .store(1) && event.name == "order-acknowledged")
        let time = try #require(first.0)
        #expect(
            String(decoding: event.data, as: UTF8.self).contains("\"acknowledged_at\":\"\(time)\""))
        #expect(second.0 == time && second.1 == nil)
        #expect(try await fixture.count("feed_event") == 1)
    }

    @Test("a status that this version does not know is an error that says where")
    func unreadable() async throws {
        let fixture = try await Fixture()
        let id = try await fixture.place(token: try await fixture.token()).order.id
        try await fixture.execute("UPDATE user_order SET status = 'TELEPORTED'")
        await #expect(throws: UnreadableRecord.self) {
            try await fixture.database.read { db in try Orders.find(id, store: 1, in: db) }
        }
    }
}
