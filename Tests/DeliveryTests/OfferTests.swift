import Delivery
import SQLite
import Testing

@Suite("What can be ordered now")
struct OfferTests {
    private func place(
        _ fixture: Fixture, menus: [Int] = [1], address: String? = nil, at email: String = "customer@example.com"
    ) async throws -> Order {
        try await fixture.orders.place(
            OrderRequest(storeID: 1, lines: menus.map { .init(menuID: $0, quantity: 1) }, address: address),
            by: .token(try await fixture.token(email))
        ).order
    }

    private func set(_ fixture: Fixture, _ menu: Int, store: Int = 1, _ soldOut: SoldOut?) async throws -> OfferedMenu {
        try await fixture.database.write { db in
            try StoreMenus.set(menu, store: store, soldOut: soldOut, in: db).menu
        }
    }

    @Test("a menu that is sold out cannot be ordered, alone or with others, until it is on sale again")
    func soldOut() async throws {
        let fixture = try await Fixture()
        #expect(try await set(fixture, 2, SoldOut()).isSoldOut)
        for menus in [[2], [1, 2]] {
            let error = await refusal { try await place(fixture, menus: menus) }
            #expect(error?.status == 409 && error?.resultCode == 3002)
            #expect(error?.description.contains("제육볶음 정식") == true)
        }
        _ = try await place(fixture)
        let shown = try await fixture.database.read { db in
            (try Stores.menus(store: 1, in: db), try StoreMenus.all(store: 1, in: db))
        }
        #expect(shown.0 == shown.1)
        #expect(shown.0.filter(\.isSoldOut).map(\.menu.id) == [2])
        let text = String(decoding: try JSON.encode(shown.0), as: UTF8.self)
        #expect(text.contains(#""sold_out":true"#) && !text.contains("sold_out_until"))
        #expect(try await set(fixture, 2, nil).isSoldOut == false)
        _ = try await place(fixture, menus: [2])
    }

    @Test("sold out for a time ends by the clock")
    func soldOutUntil() async throws {
        let fixture = try await Fixture()
        let until = Timestamp.now.adding(.seconds(600))
        let menu = try await set(fixture, 2, SoldOut(until: until))
        #expect(String(decoding: try JSON.encode(menu), as: UTF8.self).contains(#""sold_out_until":"\#(until)""#))
        #expect(await refusal { try await place(fixture, menus: [2]) }?.resultCode == 3002)
        for (time, isSoldOut) in [(until.adding(.milliseconds(-1)), true), (until, false)] {
            let menus = try await fixture.database.read { db in try Stores.menus(store: 1, at: time, in: db) }
            #expect(menus.first { $0.menu.id == 2 }?.isSoldOut == isSoldOut)
        }
        try await fixture.execute("UPDATE store_menu SET sold_out_until = unixepoch() * 1000 WHERE id = 2")
        _ = try await place(fixture, menus: [2])
    }

    @Test("a menu of another store, one that left the list or never was is not found, and a past time is refused")
    func refused() async throws {
        let fixture = try await Fixture()
        try await fixture.execute("UPDATE store_menu SET status = 'UNREGISTERED' WHERE id = 3")
        for (menu, store) in [(2, 2), (6, 1), (3, 1), (99, 1), (0, 1), (-1, 1)] {
            for soldOut in [SoldOut(), nil] {
                let error = await refusal { try await set(fixture, menu, store: store, soldOut) }
                #expect(error?.status == 404 && error?.resultCode == 3405)
            }
        }
        for time in [Timestamp.now.adding(.seconds(-1)), Timestamp.now.adding(.seconds(367 * 86_400))] {
            let error = await refusal { try await set(fixture, 2, SoldOut(until: time)) }
            #expect(error?.status == 400 && error?.description.hasPrefix("until:") == true)
        }
        #expect(try await fixture.count("feed_event") == 0)
    }

    @Test("each change is told to the store's tabs once")
    func events() async throws {
        let fixture = try await Fixture()
        for soldOut in [SoldOut(), SoldOut(), nil, nil] { _ = try await set(fixture, 2, soldOut) }
        let events = try await fixture.database.read { db in try Feed.events(after: 0, limit: 10, in: db) }
        #expect(events.map(\.name) == ["store-menu", "store-menu"])
        #expect(events.allSatisfy { $0.topic == .store(1) })
        let texts = events.map { String(decoding: $0.data, as: UTF8.self) }
        #expect(texts[0].contains(#""sold_out":true"#) && texts[1].contains(#""sold_out":false"#))
        #expect(texts.allSatisfy { $0.contains(#""id":2,"#) })
    }

    @Test("a store that is paused takes no orders, and customers see until when")
    func paused() async throws {
        let fixture = try await Fixture()
        try await fixture.execute(
            "INSERT INTO store_setting(store_id, paused_until, busy_minutes) VALUES (1, (unixepoch() + 60) * 1000, 10)")
        let error = await refusal { try await place(fixture) }
        #expect(error?.status == 409 && error?.resultCode == 3006)
        let stores = try await fixture.database.read { db in try Stores.search(nil, in: db) }
        let (own, other) = (stores.first { $0.store.id == 1 }, stores.first { $0.store.id == 2 })
        #expect(own?.pausedUntil != nil && own?.busyMinutes == 10 && own?.estimatedMinutes == 30)
        #expect(other?.pausedUntil == nil && other?.busyMinutes == 0 && other?.estimatedMinutes == 20)
        #expect(error?.description.contains("\(try #require(own?.pausedUntil))") == true)
        try await fixture.execute("UPDATE store_setting SET paused_until = unixepoch() * 1000")
        _ = try await place(fixture)
        #expect(try await fixture.count("user_order") == 1)
    }

    @Test("an order that was placed before a pause is given again by its key")
    func keyBeforePause() async throws {
        let fixture = try await Fixture()
        let (token, key) = (try await fixture.token(), try Orders.Key("k", body: [1]))
        let first = try await fixture.place(token: token, key: key)
        try await fixture.execute(
            "INSERT INTO store_setting(store_id, paused_until) VALUES (1, (unixepoch() + 60) * 1000)")
        #expect(try await fixture.place(token: token, key: key).order == first.order)
    }

    @Test("a store delivers to its area alone, whether the address is the customer's or the order's")
    func area() async throws {
        let fixture = try await Fixture()
        try await fixture.execute(
            #"INSERT INTO store_setting(store_id, area_codes) VALUES (1, '["서울특별시 마포구","경기 고양시"]')"#)
        #expect(try await place(fixture).address == "서울시 마포구 월드컵로 12, 301호")
        _ = try await place(fixture, address: "경기도 고양시 일산동구 1")
        for address in ["서울시 강남구 테헤란로 1", "서울시 마포구청", "부산시 마포구 1", "마포구"] {
            let error = await refusal { try await place(fixture, address: address) }
            #expect(error?.status == 422 && error?.resultCode == 3005, "\(address)")
        }
        try await fixture.execute("UPDATE customer SET address = '부산시 해운대구 1' WHERE id = 2")
        let error = await refusal { try await place(fixture, at: "customer2@example.com") }
        #expect(error?.resultCode == 3005)
        #expect(try await fixture.count("user_order") == 2)
    }

    @Test("areas that cannot be read are an error, and no open door")
    func damaged() async throws {
        let fixture = try await Fixture()
        try await fixture.execute("INSERT INTO store_setting(store_id, area_codes) VALUES (1, 'x')")
        await #expect(throws: UnreadableRecord.self) { try await place(fixture) }
    }
}
