@testable import Delivery
import SQLite
import Testing

/// Many riders on several connections of one file, as several instances have them.
@Suite("Riders who take the same order")
struct RiderRaceTests {
    private struct Outcome: Sendable {
        let rider: Int
        let action: OrderAction
        let refusal: DeliveryError?
    }

    @Test("of all who take an order at the same time exactly one gets it, whatever else is tried", arguments: 1...8)
    func race(seed: UInt64) async throws {
        let fixture = try await Fixture()
        let databases = try await [fixture.database] + otherDatabases(of: fixture, count: 3)
        var generator = SeededRandom(seed)
        var riders: [Rider] = []
        for number in 0..<24 { riders.append(try await fixture.rider("r\(number)@example.com")) }
        for _ in 0..<6 {
            let id = try await fixture.cooked()
            let count = Int.random(in: 2...riders.count, using: &generator)
            var tries = riders.shuffled(using: &generator).prefix(count).map { ($0, OrderAction.take) }
            // Steps that only the winner may make, by everybody.
            for rider in riders.shuffled(using: &generator).prefix(6) {
                tries.append((rider, [.pickUp, .complete][Int.random(in: 0...1, using: &generator)]))
            }
            tries.shuffle(using: &generator)
            let outcomes = await withTaskGroup(of: Outcome.self) { group in
                for (index, (rider, action)) in tries.enumerated() {
                    let database = databases[index % databases.count]
                    group.addTask {
                        let refusal = await refusal {
                            try await database.write { db in
                                try Riders.act(action, order: id, by: rider, telling: Fixture.news, in: db)
                            }
                        }
                        return Outcome(rider: rider.id, action: action, refusal: refusal)
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            try await check(outcomes, order: id, fixture)
        }
        for database in databases.dropFirst() { await database.close() }
    }

    private func check(_ outcomes: [Outcome], order id: Int, _ fixture: Fixture) async throws {
        let takers = outcomes.filter { $0.action == .take }
        let winners = takers.filter { $0.refusal == nil }.map(\.rider)
        #expect(winners.count == 1)
        #expect(takers.compactMap(\.refusal).allSatisfy { $0.resultCode == 3001 })
        let winner = try #require(winners.first)
        #expect(outcomes.allSatisfy { $0.action == .take || $0.refusal != nil || $0.rider == winner })
        let (status, rider, timeline) = try await fixture.database.read { db in
            let place = try #require(try RiderRecords.place(of: id, in: db))
            return (place.status, place.rider, try OrderEventRecords.timeline(order: id, in: db))
        }
        #expect(rider == winner)
        #expect(timeline.count { $0.action == .take } == 1)
        #expect(timeline.map(\.version) == Array(1...timeline.count))
        #expect(timeline.last?.status == status)
        // Makes room for the next one.
        let rest: [OrderAction] = status == .cooked ? [.pickUp, .complete] : status == .delivery ? [.complete] : []
        for action in rest {
            try await fixture.database.write { db in
                _ = try Orders.change(id, OrderChange(action, by: .rider(winner)), telling: Fixture.news, in: db)
            }
        }
    }

    private func otherDatabases(of fixture: Fixture, count: Int) async throws -> [Database] {
        var databases: [Database] = []
        for _ in 0..<count {
            databases.append(try await DeliveryDatabase.open(path: fixture.database.path, demoData: false))
        }
        return databases
    }
}
