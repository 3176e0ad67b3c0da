import Delivery
import SQLite
import Testing

@Suite("Stores and menus")
struct CatalogTests {
    @Test("stores come best star first, of one category or of all")
    func search() async throws {
        let fixture = try await Fixture()
        let all = try await fixture.database.read { db in try Stores.search(nil, in: db).map(\.store) }
        #expect(all.count == 3)
        #expect(all.map(\.star) == all.map(\.star).sorted(by: >))
        for category in Store.Category.allCases {
            let found = try await fixture.database.read { db in try Stores.search(category, in: db).map(\.store) }
            #expect(found == all.filter { $0.category == category })
        }
    }

    @Test("a store that has closed down is not found, nor are its menus")
    func unregistered() async throws {
        let fixture = try await Fixture()
        try await fixture.execute("UPDATE store SET status = 'UNREGISTERED' WHERE id = 2")
        let found = try await fixture.database.read { db in try Stores.search(nil, in: db).map(\.store) }
        #expect(found.map(\.id).sorted() == [1, 3])
        for id in [2, 0, -1, 99, Int.max] {
            #expect(await refusal { try await fixture.menus(store: id) } == .storeNotFound)
        }
    }

    @Test("a search ends at its limit")
    func bounded() async throws {
        let fixture = try await Fixture()
        try await fixture.execute(
            """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
            INSERT INTO store(name, address, status, category, star, thumbnail_url, minimum_amount,
              minimum_delivery_amount, phone_number)
            SELECT 'store ' || i, '', 'REGISTERED', 'PIZZA', i / 1000.0, '', 0, 0, '' FROM n
            """)
        let found = try await fixture.database.read { db in try Stores.search(.pizza, in: db).map(\.store) }
        #expect(found.count == Stores.most)
        #expect(found.first?.id == 2)
    }

    @Test("menus come in the store's order, without those that are not on sale")
    func menus() async throws {
        let fixture = try await Fixture()
        try await fixture.execute(
            """
            UPDATE store_menu SET sequence = 100 - id WHERE store_id = 1;
            UPDATE store_menu SET status = 'UNREGISTERED' WHERE id = 2;
            """)
        let menus = try await fixture.menus()
        #expect(menus.map(\.id) == [5, 4, 3, 1])
        #expect(menus.allSatisfy { $0.storeID == 1 && $0.status == .registered })
    }

    @Test("the demo data keeps what the contract says of it")
    func demoData() async throws {
        let fixture = try await Fixture()
        let stores = try await fixture.database.read { db in try Stores.search(nil, in: db).map(\.store) }
        #expect(stores.first { $0.id == 1 }?.category == .koreanFood)
        for store in stores {
            let menus = try await fixture.menus(store: store.id)
            #expect(menus.count >= 4)
            #expect(menus.allSatisfy { $0.amount >= store.minimumAmount && !$0.name.isEmpty })
        }
    }

    @Test("demo data goes into an empty database only, once")
    func demoDataOnce() async throws {
        let fixture = try await Fixture(demoData: false)
        let filled = try await fixture.database.write { db in try DemoData.fill(db) }
        let again = try await fixture.database.write { db in try DemoData.fill(db) }
        #expect(filled && !again)
        #expect(try await fixture.count("store") == 3)
    }

    @Test("two services that start at once on one new file fill it once")
    func demoDataRace() async throws {
        let fixture = try await Fixture()
        let path = fixture.database.path + ".second"
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    let database = try await DeliveryDatabase.open(path: path, demoData: true)
                    let count = try await database.read { db in
                        try db.one("SELECT count(*) FROM store") { try $0.int(0) }
                    }
                    await database.close()
                    return count
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts == [3, 3, 3])
    }

    @Test("a value that this version does not know is an error that says where")
    func unreadable() async throws {
        let fixture = try await Fixture()
        try await fixture.execute("UPDATE store SET category = 'MOON_FOOD' WHERE id = 1")
        await #expect(throws: UnreadableRecord.self) {
            try await fixture.database.read { db in try Stores.search(nil, in: db).map(\.store) }
        }
    }
}
