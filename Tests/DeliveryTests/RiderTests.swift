@testable import Delivery
import SQLite
import Testing

@Suite("Riders and deliveries")
struct RiderTests {
    @Test("a cooked order is offered, taken, picked up and delivered; the rider's day counts it")
    func wholeWay() async throws {
        let fixture = try await Fixture()
        let rider = try await fixture.rider()
        let id = try await fixture.cooked()
        var board = try await fixture.board(of: rider)
        #expect(board.available.map(\.orderID) == [id] && board.mine.isEmpty && board.deliveredToday == 0)

        #expect(try await fixture.act(.take, id, by: rider).status == .cooked)
        board = try await fixture.board(of: rider)
        #expect(board.available.isEmpty && board.mine.map(\.orderID) == [id])
        #expect(try await fixture.act(.pickUp, id, by: rider).status == .delivery)
        #expect(try await fixture.board(of: rider).mine.map(\.status) == [.delivery])
        #expect(try await fixture.act(.complete, id, by: rider).status == .delivered)
        board = try await fixture.board(of: rider)
        #expect(board.available.isEmpty && board.mine.isEmpty && board.deliveredToday == 1)

        let timeline = try await fixture.database.read { db in try OrderEventRecords.timeline(order: id, in: db) }
        #expect(timeline.suffix(3).map(\.action) == [.take, .pickUp, .complete])
        #expect(timeline.suffix(3).allSatisfy { $0.actor == .rider })
    }

    @Test(
        "an order that is not cooked, or no longer, is offered to nobody and found by nobody",
        arguments: [[], [.accept], [.accept, .startCooking], [.reject]] as [[OrderAction]])
    func notCooked(actions: [OrderAction]) async throws {
        let fixture = try await Fixture()
        let rider = try await fixture.rider()
        let id = try await fixture.order(actions, to: "서울 마포구")
        #expect(try await fixture.board(of: rider).available.isEmpty)
        for action in Riders.actions.map(\.action) {
            #expect(await refusal { try await fixture.act(action, id, by: rider) } == .orderNotFound, "\(action)")
        }
        #expect(await refusal { try await fixture.act(.take, 999, by: rider) } == .orderNotFound)
    }

    @Test("an order that the store delivers itself is gone for riders: 409")
    func storeDelivers() async throws {
        let fixture = try await Fixture()
        let rider = try await fixture.rider()
        let id = try await fixture.order([.accept, .startCooking, .finishCooking, .startDelivery], to: "서울 마포구")
        #expect(try await fixture.board(of: rider).available.isEmpty)
        #expect(await refusal { try await fixture.act(.take, id, by: rider) }?.resultCode == 3001)
    }

    @Test(
        "only riders of the order's area see it and find it",
        arguments: [
            (["서울 마포구"], "서울특별시 마포구 월드컵로 12", true), (["서울시 마포구", "부산"], "부산광역시 해운대구 1", true),
            (["서울 마포구"], "서울 마포구청로 1", false), (["서울 강남구"], "서울 마포구 월드컵로 12", false),
            (["서울 강남구"], "", false), ([], "아무 데나", true),
        ])
    func areas(areas: [String], address: String, isInside: Bool) async throws {
        let fixture = try await Fixture()
        let rider = try await fixture.rider(areas: areas)
        let id = try await fixture.cooked(address)
        #expect(try await fixture.board(of: rider).available.map(\.orderID) == (isInside ? [id] : []))
        let answer = await refusal { try await fixture.act(.take, id, by: rider) }
        #expect(answer == (isInside ? nil : .orderNotFound))
        if isInside { return }
        // Neither does it tell them that somebody else has it.
        try await fixture.act(.take, id, by: try await fixture.rider("all@example.com"))
        for action in Riders.actions.map(\.action) {
            #expect(await refusal { try await fixture.act(action, id, by: rider) } == .orderNotFound)
        }
    }

    @Test("who is late is told 409; the steps of another rider's delivery are not found")
    func late() async throws {
        let fixture = try await Fixture()
        let (first, second) = (try await fixture.rider(), try await fixture.rider("other@example.com"))
        let id = try await fixture.cooked()
        #expect(await refusal { try await fixture.act(.pickUp, id, by: first) }?.resultCode == 3001, "not taken yet")
        try await fixture.act(.take, id, by: first)
        #expect(await refusal { try await fixture.act(.take, id, by: first) }?.resultCode == 3001)
        #expect(try await fixture.board(of: second).available.isEmpty)
        for status in [OrderStatus.cooked, .delivery, .delivered] {
            let answer = await refusal { try await fixture.act(.take, id, by: second) }
            #expect(answer?.status == 409 && answer?.resultCode == 3001, "\(status)")
            for action in [OrderAction.pickUp, .release, .complete] {
                #expect(await refusal { try await fixture.act(action, id, by: second) } == .orderNotFound, "\(action)")
            }
            if status == .cooked { try await fixture.act(.pickUp, id, by: first) }
            if status == .delivery { try await fixture.act(.complete, id, by: first) }
        }
    }

    @Test("an order that is given back stands where it stood, and another rider takes it; not after the pick-up")
    func release() async throws {
        let fixture = try await Fixture()
        let (first, second) = (try await fixture.rider(), try await fixture.rider("other@example.com"))
        let orders = [try await fixture.cooked(), try await fixture.cooked()]
        let before = try await fixture.board(of: first).available
        #expect(before.map(\.orderID) == orders)
        try await fixture.act(.take, orders[0], by: first)
        let released = try await fixture.act(.release, orders[0], by: first)
        #expect(released.riderID == nil && released.status == .cooked)
        #expect(try await fixture.board(of: second).available == before)
        #expect(await refusal { try await fixture.act(.release, orders[0], by: first) }?.resultCode == 3001)
        try await fixture.act(.take, orders[0], by: second)
        try await fixture.act(.pickUp, orders[0], by: second)
        #expect(await refusal { try await fixture.act(.release, orders[0], by: second) }?.resultCode == 3001)
        #expect(try await fixture.board(of: second).mine.map(\.orderID) == [orders[0]])
    }

    @Test("a rider carries three orders at once and no more, until one is delivered or given back")
    func mostCarried() async throws {
        let fixture = try await Fixture()
        let rider = try await fixture.rider()
        var orders: [Int] = []
        for _ in 0..<5 { orders.append(try await fixture.cooked()) }
        for id in orders.prefix(Riders.mostCarried) { try await fixture.act(.take, id, by: rider) }
        #expect(await refusal { try await fixture.act(.take, orders[3], by: rider) }?.resultCode == 3001)
        try await fixture.act(.release, orders[1], by: rider)
        try await fixture.act(.take, orders[3], by: rider)
        #expect(await refusal { try await fixture.act(.take, orders[4], by: rider) }?.resultCode == 3001)
        try await fixture.act(.pickUp, orders[0], by: rider)
        #expect(await refusal { try await fixture.act(.take, orders[4], by: rider) }?.resultCode == 3001)
        try await fixture.act(.complete, orders[0], by: rider)
        try await fixture.act(.take, orders[4], by: rider)
        #expect(try await fixture.board(of: rider).mine.map(\.orderID) == orders.suffix(3))
    }

    @Test("who does not carry an order learns neither the house nor the note")
    func privacy() async throws {
        let fixture = try await Fixture()
        let rider = try await fixture.rider()
        let id = try await fixture.cooked("서울시 마포구 월드컵로 12, 301호")
        try await fixture.execute("UPDATE user_order SET note = '문 앞 비밀번호 1234'")
        let offered = try #require(try await fixture.board(of: rider).available.first)
        #expect(offered.address == "서울시 마포구 월드컵로" && offered.note == nil)
        let taken = try await fixture.act(.take, id, by: rider)
        #expect(taken.address == "서울시 마포구 월드컵로 12, 301호" && taken.note == "문 앞 비밀번호 1234")
        #expect(try await fixture.board(of: rider).mine == [taken])
        let released = try await fixture.act(.release, id, by: rider)
        #expect(released.address == offered.address && released.note == nil)
        #expect(RiderDelivery.neighbourhood(of: "301동 1202호") == "")
    }

    @Test("the list has the orders that are ready longest, at most fifty, and none that was ready a day ago")
    func bounds() async throws {
        let fixture = try await Fixture()
        let rider = try await fixture.rider()
        let first = try await fixture.cooked()
        // The copies were ready one minute before each other, the one of the highest id first.
        try await fixture.execute(
            """
            WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 60)
            INSERT INTO user_order(customer_id, store_id, status, amount, ordered_at, address, status_changed_at, paid_at)
            SELECT 1, 1, 'COOKED', 8000, 0, '서울 마포구', status_changed_at - i * 60000, 1 FROM n, user_order
            """)
        let board = try await fixture.board(of: rider)
        #expect(board.available.map(\.orderID) == Array((first + 11...first + 60).reversed()))
        let tomorrow = Timestamp.now.adding(.seconds(24 * 60 * 60 - 90))
        #expect(try await fixture.board(of: rider, at: tomorrow).available.map(\.orderID) == [first + 1, first])
    }

    @Test("the count of deliveries begins anew at midnight in Korea")
    func day() async throws {
        let fixture = try await Fixture()
        let rider = try await fixture.rider()
        let id = try await fixture.cooked()
        for action in [OrderAction.take, .pickUp, .complete] { try await fixture.act(action, id, by: rider) }
        let midnight = KoreanDay.today.end
        for (time, count) in [(midnight.adding(.milliseconds(-1)), 1), (midnight, 0)] {
            #expect(try await fixture.board(of: rider, at: time).deliveredToday == count)
        }
    }

    @Test("riders hear of what they could take or carry, and nothing about the customer")
    func events() async throws {
        let fixture = try await Fixture()
        let rider = try await fixture.rider()
        let id = try await fixture.cooked()
        for action in [OrderAction.take, .release, .take, .pickUp, .complete] {
            try await fixture.act(action, id, by: rider)
        }
        let events = try await fixture.database.read { db in try Feed.events(after: 0, limit: 100, in: db) }
            .filter { $0.topic == .riders }.map { "\($0.name) \(String(decoding: $0.data, as: UTF8.self))" }
        let taken = #"delivery-changed {"id":\#(id),"rider_id":\#(rider.id),"status":"#
        let open = #"delivery-changed {"id":\#(id),"status":"COOKED"}"#
        #expect(
            events == [
                open, taken + #""COOKED"}"#, open, taken + #""COOKED"}"#, taken + #""DELIVERY"}"#,
                taken + #""DELIVERED"}"#,
            ])
    }
}
