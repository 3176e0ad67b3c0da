import Chaos
import Testing

@Suite("The chaos run's schedule and accounts")
struct ChaosTests {
    private static func settings(seed: UInt64, kills: Int = 20, instances: Int = 2) -> ChaosSettings {
        var settings = ChaosSettings(seed: seed)
        (settings.kills, settings.instances) = (kills, instances)
        return settings
    }

    @Test("the same seed gives the same faults and cuts, another seed others")
    func repeatable() {
        #expect(ChaosSchedule(Self.settings(seed: 7)) == ChaosSchedule(Self.settings(seed: 7)))
        #expect(ChaosSchedule(Self.settings(seed: 7)).steps != ChaosSchedule(Self.settings(seed: 8)).steps)
        #expect(ChaosSchedule(Self.settings(seed: 7)).cuts != ChaosSchedule(Self.settings(seed: 8)).cuts)
    }

    @Test(
        "as many kills as were asked for, spread over all processes and the whole time",
        arguments: [(8, 1), (20, 1), (20, 2), (300, 2), (300, 3)])
    func spread(kills: Int, instances: Int) {
        for seed in UInt64(0)..<20 {
            let settings = Self.settings(seed: seed, kills: kills, instances: instances)
            let schedule = ChaosSchedule(settings)
            #expect(schedule.kills == kills)
            func count(_ kind: ChaosTarget.Kind) -> Int {
                schedule.steps.filter { $0.target.kind == kind }.reduce(0) { $0 + $1.fault.kills }
            }
            #expect(count(.api) >= kills / 4)
            #expect(count(.storeAdmin) >= kills / 4)
            #expect((1...max(1, kills / 10)).contains(count(.broker)))
            let allowed = 0..<instances
            #expect(schedule.steps.allSatisfy { allowed.contains($0.target.number) })
            let times = schedule.steps.map(\.at)
            #expect(times == times.sorted())
            #expect((times.last ?? 0) <= Int(settings.seconds * 1000))
            #expect((times.last ?? 0) > Int(settings.seconds * 600))
            #expect(schedule.cuts.count == settings.cuts)
        }
    }

    /// Three orders of store 1, numbers 10 to 12, and one of store 2.
    private static var account: ChaosAudit {
        var audit = ChaosAudit()
        audit.accepted = [(1, 10), (2, 11), (4, 13)].map { ChaosAudit.Accepted(order: $0.0, number: $0.1) }
        audit.unknown = [12, 14]
        audit.stored = [(1, 1, 10), (2, 1, 11), (3, 1, 12), (4, 2, 13)].map {
            ChaosAudit.Stored(order: $0.0, store: $0.1, number: $0.2)
        }
        let first = [(5, 2), (6, 1), (9, 3)].map { ChaosAudit.Event(id: $0.0, order: $0.1) }
        audit.log = [1: first, 2: [ChaosAudit.Event(id: 7, order: 4)]]
        audit.readers = [ChaosAudit.Reader(name: "a tab", store: 1, events: first)]
        return audit
    }

    @Test("accounts that agree give no finding; an order without an answer may be stored or not")
    func agreement() {
        #expect(Self.account.findings() == [])
    }

    @Test(
        "whatever is missing, doubled or strange is found, with its order",
        arguments: [
            ("1 orders were answered with 201 and are not stored", 2), ("2 orders are stored twice", 5),
            ("1 orders are stored that nobody has placed", 5), ("1 ids were answered to more than one order", 2),
            ("1 orders were answered with the id of another order", 2), ("1 orders are stored and not in the log", 3),
            ("1 orders are in the log more than once", 2),
            ("1 orders in the log are not stored, or of another store", 4),
            ("1 events of the log of store 1 are not in the order of their ids", 3),
            ("1 orders are in the log and not in a tab", 3), ("1 events of a tab are not in the log", 3),
            ("1 orders came more than once to a tab", 1), ("1 events of a tab are not in the order of their ids", 2),
        ])
    func findings(text: String, order: Int) {
        var audit = Self.account
        func event(_ id: Int, _ order: Int) -> ChaosAudit.Event { ChaosAudit.Event(id: id, order: order) }
        func tab(_ events: [ChaosAudit.Event]) { audit.readers = [.init(name: "a tab", store: 1, events: events)] }
        switch text.dropFirst(2) {
        case "orders were answered with 201 and are not stored": audit.stored.removeAll { $0.order == 2 }
        case "orders are stored twice": audit.stored.append(.init(order: 5, store: 1, number: 10))
        case "orders are stored that nobody has placed": audit.stored.append(.init(order: 5, store: 1, number: 99))
        case "ids were answered to more than one order": audit.accepted.append(.init(order: 2, number: 13))
        case "orders were answered with the id of another order": audit.accepted[0] = .init(order: 2, number: 10)
        case "orders are stored and not in the log": audit.log[1]?.removeLast()
        case "orders are in the log more than once": audit.log[1]?.append(event(10, 2))
        case "orders in the log are not stored, or of another store": audit.log[1]?.append(event(10, 4))
        case "events of the log of store 1 are not in the order of their ids": audit.log[1]?[2] = event(3, 3)
        case "orders are in the log and not in a tab": tab([event(5, 2), event(6, 1)])
        case "events of a tab are not in the log": tab([event(5, 2), event(6, 1), event(8, 3)])
        case "orders came more than once to a tab": tab([event(5, 2), event(6, 1), event(6, 1), event(9, 3)])
        default: tab([event(6, 1), event(5, 2), event(9, 3)])
        }
        let found = audit.findings().first { $0.text == text }
        #expect(found?.orders.contains(order) == true, "\(audit.findings())")
    }
}
