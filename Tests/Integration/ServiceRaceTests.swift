import Delivery
import Foundation
import SQLite
import Support
import Testing

extension ServiceTests {
    @Suite("Customers and the store at the same order", .serialized)
    struct RaceTests {
        /// `RACE_ROUNDS=200 swift test --filter RaceTests` for a long run.
        private static let rounds =
            ProcessInfo.processInfo.environment["RACE_ROUNDS"].flatMap { Int($0) } ?? 1

        private struct Outcome: Sendable {
            let order: Int
            let step: HTTPResponse
            let cancel: HTTPResponse

            var stepped: Bool { step.status == 200 }
            var cancelled: Bool { cancel.status == 200 }
        }

        @Test(
            "50 customers cancel while the store works: one winner, and the books say so",
            arguments: ["accept", "reject"])
        func cancels(step: String) async throws {
            let store = try await StoreThree.get()
            let database = try await DeliveryDatabase.open(
                path: try #require(store.pair.environment["DATABASE_PATH"]), demoData: false)
            var (steps, cancels) = (0, 0)
            for _ in 0..<Self.rounds {
                for outcome in try await race(step, store) {
                    for reply in [outcome.step, outcome.cancel] where reply.status != 200 {
                        #expect(reply.status == 409 && reply.code == 3001, "\(reply.text)")
                    }
                    steps += outcome.stepped ? 1 : 0
                    cancels += outcome.cancelled ? 1 : 0
                    let status = try await store.find(outcome.order)["user_order_response"]["status"].string
                    if step == "reject" {
                        #expect(outcome.stepped != outcome.cancelled)
                        #expect(status == (outcome.stepped ? "REJECT" : "CANCEL"))
                    } else {
                        // What the store has accepted can be cancelled until it cooks.
                        #expect(outcome.cancelled && status == "CANCEL")
                    }
                    let books = try await database.read { db in try Ledger.entries(order: outcome.order, in: db) }
                    #expect(books.map(\.amount) == [18_000, -18_000])
                }
            }
            await database.close()
            // In a few rounds it may be the same one who is first each time.
            if Self.rounds >= 20 { #expect(steps > 0 && cancels > 0, "\(steps) steps, \(cancels) cancels: no race") }
            print("races: \(Self.rounds) rounds of 50 orders, \(steps) times \(step), \(cancels) cancelled")
        }

        private func race(_ step: String, _ store: StoreThree) async throws -> [Outcome] {
            let body: Support.JSONValue = step == "reject" ? ["reason": "TOO_BUSY"] : [:]
            var ids: [Int] = []
            for _ in 0..<50 { ids.append(try await store.order()) }
            return try await withThrowingTaskGroup(of: Outcome.self) { group in
                for (index, id) in ids.enumerated() {
                    group.addTask {
                        // Who is first to ask changes from order to order.
                        if index.isMultiple(of: 2) {
                            async let step = store.step(step, id, body)
                            async let cancel = store.customer.post("/api/user-order/\(id)/cancel", json: [:])
                            return try await Outcome(order: id, step: step, cancel: cancel)
                        }
                        async let cancel = store.customer.post("/api/user-order/\(id)/cancel", json: [:])
                        async let step = store.step(step, id, body)
                        return try await Outcome(order: id, step: step, cancel: cancel)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
    }
}
