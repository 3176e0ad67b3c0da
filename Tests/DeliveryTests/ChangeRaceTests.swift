import Delivery
import Foundation
import SQLite
import Synchronized
import Testing

/// Two processes, as two databases on one file, change the same orders at the same time.
@Suite("Customers cancel while the store accepts", .serialized)
struct ChangeRaceTests {
    private static let orders = 50
    /// `RACE_ROUNDS=200 swift test --filter ChangeRaceTests` for a long run.
    private static let rounds = ProcessInfo.processInfo.environment["RACE_ROUNDS"].flatMap { Int($0) } ?? 2

    private struct Outcome: Sendable {
        var order: Int
        var accepted: Bool
        var cancelled: Bool
    }

    /// 1 if it was done, 0 if the order's status did not allow it.
    private func attempt(
        _ order: Int, _ change: OrderChange, _ database: Database
    ) async throws -> Bool {
        do {
            try await database.write { db in
                _ = try Orders.change(order, change, telling: OrderNews(instance: 1), in: db)
            }
            return true
        } catch let error as DeliveryError where error.resultCode == 3001 {
            #expect(error.status == 409)
            return false
        }
    }

    /// - Parameter seen: what the customers' pages showed when they pressed; nil when they cancel whatever was done before.
    private func race(_ fixture: Fixture, _ other: Database, seen: OrderStatus?) async throws -> [Outcome] {
        let token = try await fixture.token()
        var ids: [Int] = []
        for _ in 0..<Self.orders { ids.append(try await fixture.place(token: token).order.id) }
        return try await withThrowingTaskGroup(of: Outcome.self) { group in
            for (index, id) in ids.enumerated() {
                group.addTask {
                    var cancel = OrderChange(.cancel, by: .customer(1))
                    cancel.expected = seen
                    let accept = OrderChange(.accept, by: .store(1))
                    // Who is first to ask changes from order to order.
                    if index.isMultiple(of: 2) {
                        async let accepted = attempt(id, accept, other)
                        async let cancelled = attempt(id, cancel, fixture.database)
                        return try await Outcome(order: id, accepted: accepted, cancelled: cancelled)
                    }
                    async let cancelled = attempt(id, cancel, fixture.database)
                    async let accepted = attempt(id, accept, other)
                    return try await Outcome(order: id, accepted: accepted, cancelled: cancelled)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    @Test(
        "each order has one winner, and the money is where the order's end says", arguments: [OrderStatus.order, nil])
    func winners(seen: OrderStatus?) async throws {
        let fixture = try await Fixture()
        let other = try await DeliveryDatabase.open(path: fixture.database.path, demoData: false)
        var (accepts, cancels) = (0, 0)
        for _ in 0..<Self.rounds {
            for outcome in try await race(fixture, other, seen: seen) {
                accepts += outcome.accepted ? 1 : 0
                cancels += outcome.cancelled ? 1 : 0
                let (entry, sum) = try await fixture.database.read { db in
                    (
                        try Orders.find(outcome.order, store: 1, in: db),
                        try Ledger.entries(order: outcome.order, in: db).map(\.amount)
                    )
                }
                if seen != nil {
                    #expect(outcome.accepted != outcome.cancelled, "order \(outcome.order)")
                } else {
                    // An order that was accepted can still be cancelled: the store sees it in time.
                    #expect(outcome.cancelled)
                }
                #expect(entry.order.status == (outcome.cancelled ? .cancel : .accept))
                #expect(sum == (outcome.cancelled ? [8_000, -8_000] : [8_000]))
                let actions = entry.timeline?.map(\.action)
                #expect(
                    actions == [.place] + (outcome.accepted ? [.accept] : []) + (outcome.cancelled ? [.cancel] : []))
                #expect(entry.timeline?.map(\.version) == Array(1...(actions?.count ?? 0)))
            }
        }
        await other.close()
        // In a few rounds it may be the same one who is first each time.
        if Self.rounds >= 20 { #expect(accepts > 0 && cancels > 0, "\(accepts) accepts, \(cancels) cancels: no race") }
        print("races: \(Self.rounds) rounds of \(Self.orders) orders, \(accepts) accepted, \(cancels) cancelled")
    }
}
