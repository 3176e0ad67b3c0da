import Delivery
import SQLite
import Testing

@Suite("The event log")
struct FeedTests {
    @Test("an order is announced once, to its store, as the contract writes it")
    func announce() async throws {
        let fixture = try await Fixture()
        let placed = try await fixture.orders.place(
            OrderRequest(storeID: 2, lines: [.init(menuID: 7, quantity: 2)]), by: .token(try await fixture.token()))
        guard case .appended(let event) = try await fixture.announce(placed.order.id) else {
            Issue.record("the order was not announced")
            return
        }
        #expect(event.topic == .store(2) && event.name.isEmpty && event.id == 1)
        let detail = try JSON.decode(OrderDetail.self, event.data)
        #expect(detail.order == placed.order)
        #expect(detail.menus.map(\.id) == [7])
        #expect(try await fixture.announce(placed.order.id) == .known)
        #expect(try await fixture.count("feed_event") == 1)
    }

    @Test("an order that is announced by many at once is in the log once")
    func announceRace() async throws {
        let fixture = try await Fixture()
        let second = try await DeliveryDatabase.open(path: fixture.database.path, demoData: false)
        let id = try await fixture.place(token: try await fixture.token()).order.id
        let outcomes = try await withThrowingTaskGroup(of: Feed.Announcement.self) { group in
            for database in [fixture.database, second] {
                for _ in 0..<20 {
                    group.addTask {
                        try await database.write { db in try Feed.announce(order: id, traceParent: nil, in: db) }
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.filter { $0 != .known }.count == 1)
        #expect(try await fixture.count("feed_event") == 1)
        await second.close()
    }

    @Test("an order that does not exist is unknown", arguments: [0, -1, 1, Int.max, Int.min])
    func unknown(id: Int) async throws {
        let fixture = try await Fixture()
        #expect(try await fixture.announce(id) == .unknownOrder)
        #expect(try await fixture.count("feed_event") == 0)
    }

    @Test("a page holds the topic's events behind the cursor, and tells where the log stands")
    func pages() async throws {
        let fixture = try await Fixture()
        func push(_ store: Int) async throws -> Int {
            try await fixture.database.write { db in try Feed.push(store: store, data: .integer(store), in: db).id }
        }
        func page(_ topic: FeedTopic, _ cursor: Int?, _ limit: Int) async throws -> FeedPage {
            try await fixture.database.read { db in try Feed.page(topic, after: cursor, limit: limit, in: db) }
        }
        #expect(try await page(.store(1), 0, 10) == FeedPage(head: 0, events: [], isComplete: true))
        var own: [Int] = []
        for index in 0..<9 {
            let id = try await push(index % 3 + 1)
            if index % 3 == 0 { own.append(id) }
        }
        #expect(try await page(.store(1), 0, 10).events.map(\.id) == own)
        #expect(try await page(.store(1), own[0], 10).events.map(\.id) == Array(own[1...]))
        let first = try await page(.store(1), 0, 2)
        #expect(first.events.map(\.id) == Array(own[..<2]) && !first.isComplete && first.head == 9)
        #expect(try await page(.store(1), own[1], 2).isComplete)
        #expect(try await page(.store(1), nil, 2) == FeedPage(head: 9, events: [], isComplete: true))
        for cursor in [9, Int.max] { #expect(try await page(.store(1), cursor, 2).events.isEmpty) }
        #expect(try await page(.store(1), Int.min, 10).events.map(\.id) == own)
        #expect(try await page(.customer(1), 0, 10).events.isEmpty)
        let all = try await fixture.database.read { db in try Feed.events(after: 3, limit: 4, in: db) }
        #expect(all.map(\.id) == [4, 5, 6, 7])
    }

    @Test("a page of large events ends early and says that more follows")
    func largeEvents() async throws {
        let fixture = try await Fixture()
        let text = JSONValue.string(String(repeating: "x", count: Feed.pageOctets / 2))
        for _ in 0..<5 {
            _ = try await fixture.database.write { db in try Feed.push(store: 1, data: text, in: db) }
        }
        var cursor = 0
        var seen: [[Int]] = []
        var isComplete = false
        while !isComplete, seen.count < 9 {
            let page = try await fixture.database.read { [cursor] db in
                try Feed.page(.store(1), after: cursor, limit: 100, in: db)
            }
            seen.append(page.events.map(\.id))
            cursor = page.events.last?.id ?? cursor
            isComplete = page.isComplete
        }
        #expect(seen == [[1, 2], [3, 4], [5]])
    }

    @Test("an order whose message was lost is announced by the sweep, once, and no order is looked at twice")
    func forgotten() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        var ids: [Int] = []
        for _ in 0..<3 { ids.append(try await fixture.place(token: token).order.id) }
        _ = try await fixture.announce(ids[1])
        func sweep(before time: Timestamp) async throws -> (orders: [Int], isComplete: Bool) {
            let (events, isComplete) = try await fixture.database.write { db in
                try Feed.announceForgotten(storedBefore: time, limit: 2, in: db)
            }
            return (try events.map { try JSON.decode(OrderDetail.self, $0.data).order.id }, isComplete)
        }
        func hasUnchecked(before time: Timestamp) async throws -> Bool {
            try await fixture.database.read { db in
                try Feed.forgottenPage(storedBefore: time, limit: 1, in: db) != nil
            }
        }
        let early = Timestamp.now.adding(.seconds(-60))
        #expect(try await !hasUnchecked(before: early))
        #expect(try await sweep(before: early) == ([], true))
        let late = Timestamp.now.adding(.seconds(60))
        #expect(try await hasUnchecked(before: late))
        #expect(try await sweep(before: late) == ([ids[0]], false))
        #expect(try await sweep(before: late) == ([ids[2]], true))
        #expect(try await !hasUnchecked(before: late))
        #expect(try await sweep(before: late) == ([], true))
        #expect(try await fixture.announce(ids[0]) == .known)
        #expect(try await fixture.count("feed_event") == 3)
    }

    @Test("ids follow on one another, also after a transaction that failed, and are never used twice")
    func ids() async throws {
        let fixture = try await Fixture()
        func push() async throws -> Int {
            try await fixture.database.write { db in try Feed.push(store: 1, data: .null, in: db).id }
        }
        #expect(try await push() == 1)
        await #expect(throws: DeliveryError.self) {
            try await fixture.database.write { db in
                _ = try Feed.push(store: 1, data: .null, in: db)
                throw DeliveryError.forbidden
            }
        }
        #expect(try await push() == 2)
        try await fixture.execute("DELETE FROM feed_event")
        #expect(try await fixture.database.read { db in try Feed.head(in: db) } == 2)
        #expect(try await push() == 3)
    }

    @Test("what a push says reaches the log as JSON, whatever it is")
    func push() async throws {
        let fixture = try await Fixture()
        let data = JSONValue.object(["a": .string("</script>\n\u{2028}"), "b": .array([.null, .number(1.5)])])
        let event = try await fixture.database.write { db in try Feed.push(store: 3, data: data, in: db) }
        #expect(event.topic == .store(3) && event.name == "push")
        #expect(try JSON.decode([String: JSONValue].self, event.data) == ["data": data])
        #expect(!event.data.contains(0x0A))
    }

    @Test("a snapshot and its cursor are of one moment: what the cursor covers is in the snapshot")
    func snapshot() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        let snapshots = try await withThrowingTaskGroup(of: [Orders.Snapshot].self) { group in
            group.addTask {
                for _ in 0..<60 {
                    let id = try await fixture.place(token: token).order.id
                    _ = try await fixture.announce(id)
                }
                return []
            }
            group.addTask {
                var snapshots: [Orders.Snapshot] = []
                while snapshots.last?.lastEventID ?? 0 < 60 {
                    snapshots.append(
                        try await fixture.database.read { db in
                            try Orders.current(store: 1, .init(limit: 500), in: db)
                        })
                }
                return snapshots
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let announced = try await fixture.database.read { db in
            try db.all("SELECT new_order_id FROM feed_event ORDER BY id") { try $0.int(0) }
        }
        #expect(snapshots.last?.lastEventID == 60)
        for snapshot in snapshots {
            let seen = Set(snapshot.orders.map(\.order.id))
            #expect(seen.isSuperset(of: announced[..<snapshot.lastEventID]))
            // Order and announcement come one after the other here: at most one order is ahead of the cursor.
            #expect(seen.count - snapshot.lastEventID <= 1)
        }
    }
}
