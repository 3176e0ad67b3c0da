import Delivery
import Foundation
import SQLite
import Testing

@Suite("Changes of orders")
struct OrderChangeTests {
    private func change(
        _ fixture: Fixture, _ id: Int, _ action: OrderAction, _ actor: OrderActor,
        _ more: @Sendable (inout OrderChange) -> Void = { _ in }
    ) async throws -> OrderListEntry {
        var change = OrderChange(action, by: actor)
        more(&change)
        let (wanted, news) = (change, fixture.told.news())
        return try await fixture.database.write { db in try Orders.change(id, wanted, telling: news, in: db) }
    }

    private func ledger(_ fixture: Fixture, _ id: Int) async throws -> [Int] {
        try await fixture.database.read { db in try Ledger.entries(order: id, in: db).map(\.amount) }
    }

    @Test("an order's whole way stands in its timeline, with who and when")
    func way() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        let customer = try await fixture.customerID()
        let id = try await fixture.place(token: token).order.id
        _ = try await change(fixture, id, .accept, .store(1)) { $0.prepMinutes = 20 }
        for action in [OrderAction.startCooking, .finishCooking] {
            _ = try await change(fixture, id, action, .store(1))
        }
        for action in [OrderAction.take, .pickUp, .complete] { _ = try await change(fixture, id, action, .rider(9)) }
        _ = try await change(fixture, id, .confirm, .customer(customer))
        let entry = try await fixture.database.read { db in try Orders.find(id, customer: customer, in: db) }
        #expect(entry.order.status == .receive && entry.order.version == 8 && entry.order.closedAt != nil)
        #expect(entry.order.prepMinutes == 20 && entry.order.riderID == 9)
        let timeline = try #require(entry.timeline)
        #expect(timeline.map(\.version) == Array(1...8))
        #expect(
            timeline.map(\.status)
                == [.order, .accept, .cooking, .cooked, .cooked, .delivery, .delivered, .receive])
        #expect(
            timeline.map(\.actor) == [.customer, .store, .store, .store, .rider, .rider, .rider, .customer])
        #expect(try await ledger(fixture, id) == [entry.order.amount])
        // The store hears of all but the new order itself, the customer of all changes, riders of what concerns them.
        let topics = Dictionary(grouping: fixture.told.events, by: \.topic).mapValues(\.count)
        #expect(topics == [.store(1): 7, .customer(customer): 7, .riders: 5])
        let keys = fixture.told.messages.filter { $0.exchange == "order.events" }.map(\.routingKey)
        #expect(
            keys == [
                "order.completed", "order.order", "order.accept", "order.cooking", "order.cooked", "order.cooked",
                "order.delivery", "order.delivered", "order.receive",
            ])
    }

    @Test("a change that comes too late is refused and changes nothing")
    func stale() async throws {
        let fixture = try await Fixture()
        let customer = try await fixture.customerID()
        let id = try await fixture.place(token: try await fixture.token()).order.id
        _ = try await change(fixture, id, .cancel, .customer(customer))
        let (before, told) = (try await fixture.count("order_event"), fixture.told.events.count)
        #expect(await refusal { try await change(fixture, id, .accept, .store(1)) }?.resultCode == 3001)
        #expect(await refusal { try await change(fixture, 999, .accept, .store(1)) } == .orderNotFound)
        #expect(try await fixture.count("order_event") == before)
        #expect(fixture.told.events.count == told)
        #expect(try await ledger(fixture, id).reduce(0, +) == 0)
    }

    @Test("of a hundred who change an order at the same time one wins", arguments: [OrderAction.cancel, .take])
    func race(action: OrderAction) async throws {
        let fixture = try await Fixture()
        let customer = try await fixture.customerID()
        let id = try await fixture.place(token: try await fixture.token()).order.id
        if action == .take {
            for step in [OrderAction.accept, .startCooking, .finishCooking] {
                _ = try await change(fixture, id, step, .store(1))
            }
        }
        let wins = await withTaskGroup(of: Bool.self) { group in
            for index in 1...100 {
                group.addTask {
                    let isStore = action == .cancel && index % 2 == 0
                    let actor: OrderActor = action == .take ? .rider(index) : isStore ? .store(1) : .customer(customer)
                    return (try? await change(fixture, id, isStore ? .reject : action, actor)) != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(wins == 1)
        let sum = try await ledger(fixture, id).reduce(0, +)
        #expect(action == .take ? sum > 0 : sum == 0)
    }

    @Test("each deadline comes when the system acts, and goes with what made it")
    func deadlines() async throws {
        let fixture = try await Fixture()
        let id = try await fixture.place(token: try await fixture.token()).order.id
        func due(after minutes: Int) async throws -> [Int] {
            try await fixture.database.read { db in
                try Orders.due(at: Timestamp.now.adding(.seconds(minutes * 60)), limit: 10, in: db)
            }
        }
        #expect(try await due(after: 29) == [])
        #expect(try await due(after: 31) == [id])
        _ = try await change(fixture, id, .accept, .store(1))
        #expect(try await due(after: 10_000) == [])
        for action in [OrderAction.startCooking, .finishCooking] {
            _ = try await change(fixture, id, action, .store(1))
        }
        #expect(try await due(after: 10_000) == [])
        // A rider who takes it and does not come.
        _ = try await change(fixture, id, .take, .rider(9))
        #expect(try await due(after: 29) == [])
        #expect(try await due(after: 31) == [id])
        let news = fixture.told.news()
        let status = try await fixture.database.write { db in
            try Orders.passDeadline(id, at: Timestamp.now.adding(.seconds(31 * 60)), telling: news, in: db)
        }
        #expect(status == .cooked)
        #expect(try await due(after: 10_000) == [])
        for action in [OrderAction.startDelivery, .receiveDelivery] {
            _ = try await change(fixture, id, action, .store(1))
        }
        #expect(try await due(after: 23 * 60) == [])
        #expect(try await due(after: 25 * 60) == [id])
        _ = try await change(fixture, id, .confirm, .system)
        #expect(try await due(after: 1_000_000) == [])
    }

    @Test("an order that is not paid is no business of the store's, and is refused to it")
    func unpaid() async throws {
        let fixture = try await Fixture()
        let orders = Orders(database: fixture.database, news: fixture.told.news(), hasGateway: true)
        let placed = try await orders.place(
            OrderRequest(storeID: 1, lines: [.init(menuID: 1, quantity: 1)]), by: .token(try await fixture.token()))
        let id = placed.order.id
        #expect(placed.order.status == .registered && placed.order.paidAt == nil)
        #expect(try await ledger(fixture, id) == [])
        #expect(try await fixture.announce(id) == .unknownOrder)
        #expect(
            await refusal { try await fixture.database.read { db in try Orders.require(id, store: 1, in: db) } }
                == .orderNotFound)
        _ = try await change(fixture, id, .payLater, .system)
        let customer = try await fixture.customerID()
        #expect(fixture.told.events.map(\.topic) == [.customer(customer)])
        #expect(fixture.told.messages.map(\.routingKey) == ["order.registered", "order.payment_pending"])
        _ = try await change(fixture, id, .pay, .system) { $0.payment = "p-1" }
        #expect(try await ledger(fixture, id) == [placed.order.amount])
        guard case .appended = try await fixture.announce(id) else {
            Issue.record("a paid order is not announced")
            return
        }
        let keys = fixture.told.messages.dropFirst(2).map(\.routingKey)
        #expect(keys == ["delivery.key", "order.completed", "order.order"])
    }

    @Test("an order that was paid late is not forgotten by the look for lost announcements")
    func paidLate() async throws {
        let fixture = try await Fixture()
        let orders = Orders(database: fixture.database, news: fixture.told.news(), hasGateway: true)
        let late = try await orders.place(
            OrderRequest(storeID: 1, lines: [.init(menuID: 1, quantity: 1)]), by: .token(try await fixture.token())
        ).order.id
        let early = try await fixture.place(token: try await fixture.token()).order.id
        func forgotten() async throws -> [Int?] {
            try await fixture.database.write { db in
                try Feed.announceForgotten(storedBefore: Timestamp.now.adding(.seconds(1)), limit: 100, in: db).events
                    .map(\.newOrder?.id)
            }
        }
        #expect(try await forgotten() == [early])
        _ = try await change(fixture, late, .pay, .system)
        #expect(try await forgotten() == [late])
        #expect(try await forgotten() == [])
    }
}
