import Delivery
import Foundation
import SQLite
import Support
import Testing

/// Fifty customers cancel while the store works on their orders, at two instances of each service.
@Suite("Fifty customers cancel", .serialized, .timeLimit(.minutes(10)))
struct CancelRaceTests {
    /// `Docs/scripts/test --long` has two hundred.
    private static let rounds = ProcessInfo.processInfo.environment["DELIVERY_TEST_LONG"] == nil ? 3 : 200
    private static let crowd = 50

    /// What the store does meanwhile.
    private enum Store: CaseIterable {
        /// After which nobody can cancel.
        case cooks
        /// Which gives the money back as a cancellation does.
        case rejects
    }

    /// The statuses of the replies.
    private struct Outcome: Sendable {
        let order: Int
        let store: Store
        let cancel: Int
        /// Of accept and start-cooking, or of reject.
        let steps: [Int]
    }

    @Test("an order is either cooked and paid, or ended once with its money back, whoever was faster")
    func race() async throws {
        let broker = try await RabbitMQBroker.shared()
        let host = try await broker.makeVirtualHost()
        let pair = try await ServicePair.start(broker: broker.url(virtualHost: host))
        let another = try await pair.startAnother()
        let database = try await DeliveryDatabase.open(path: pair.folder.file("delivery.db"), demoData: false)
        let session = try await pair.session()
        let pairs = [pair, another]
        let stores = pairs.map { $0.admin.http.with(cookie: session) }
        let tokens = try await Self.customers(Self.crowd, in: database)
        var cancelled = 0
        for round in 1...Self.rounds {
            let outcomes = try await withThrowingTaskGroup(of: Outcome.self) { group in
                for (number, token) in tokens.enumerated() {
                    let customer = pairs[number % 2].api.http.with(token: token)
                    // Half of the stores' calls meet the customer's at the other instance.
                    let store = stores[(number / 2) % 2]
                    let kind = Store.allCases[(number / 4 + round) % 2]
                    group.addTask { try await Self.meet(pair, customer, store, kind) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for outcome in outcomes { try await Self.check(outcome, round, database) }
            cancelled += outcomes.count { $0.cancel == 200 }
        }
        print("\(Self.rounds * Self.crowd) orders, \(cancelled) cancelled by their customers")
        // Both sides win now and then, or nothing was raced.
        #expect((1..<Self.rounds * Self.crowd).contains(cancelled))
        await database.close()
        try await another.stop()
        try await pair.stop()
        try await broker.deleteVirtualHost(host)
    }

    private static func meet(
        _ pair: ServicePair, _ customer: HTTPTestClient, _ store: HTTPTestClient, _ kind: Store
    ) async throws -> Outcome {
        let order = try await pair.order(customer)
        let path = "/api/user-order/\(order)"
        async let cancel = customer.send("POST", "\(path)/cancel").status
        var steps: [Int] = []
        switch kind {
        case .cooks:
            for step in ["accept", "start-cooking"] {
                steps.append(try await store.post("\(path)/\(step)", json: [:]).status)
                if steps.last != 200 { break }
            }
        case .rejects: steps = [try await store.post("\(path)/reject", json: ["reason": "TOO_BUSY"]).status]
        }
        return Outcome(order: order, store: kind, cancel: try await cancel, steps: steps)
    }

    private static func check(_ outcome: Outcome, _ round: Int, _ database: Database) async throws {
        let (status, amount, entries, ends) = try await database.read { db in
            let order = try db.one("SELECT status, amount FROM user_order WHERE id = ?", outcome.order) { row in
                (try row.text(0), try row.int(1))
            }
            let entries = try db.all(
                "SELECT kind, amount FROM ledger_entry WHERE order_id = ? ORDER BY kind", outcome.order
            ) { row in "\(try row.text(0)) \(try row.int(1))" }
            let ends = try db.all(
                "SELECT action FROM order_event WHERE order_id = ? AND action IN ('CANCEL', 'REJECT', 'START_COOKING')",
                outcome.order
            ) { try $0.text(0) }
            return (order.0, order.1, entries, ends)
        }
        let text = "round \(round): \(outcome), \(status), \(entries)"
        let (charge, refund) = ("CHARGE \(amount)", "REFUND \(-amount)")
        let isCancelled = outcome.cancel == 200
        #expect(isCancelled || outcome.cancel == 409, "\(text)")
        #expect(outcome.steps.allSatisfy { $0 == 200 || $0 == 409 }, "\(text)")
        // Exactly one of the two decided what became of it.
        #expect(
            isCancelled != (outcome.steps == [200, 200] || outcome.store == .rejects && outcome.steps == [200]),
            "\(text)")
        #expect(ends.count == 1, "\(text)")
        switch (isCancelled, outcome.store) {
        case (true, _): #expect(status == "CANCEL" && entries == [charge, refund], "\(text)")
        case (false, .cooks): #expect(status == "COOKING" && entries == [charge], "\(text)")
        case (false, .rejects): #expect(status == "REJECT" && entries == [charge, refund], "\(text)")
        }
    }

    /// Customers with tokens, without the cost of their passwords.
    private static func customers(_ count: Int, in database: Database) async throws -> [String] {
        try await database.write { db in
            try (0..<count).map { number in
                try db.run(
                    """
                    INSERT INTO customer(name, email, address, password, status, registered_at)
                    VALUES ('고객', ?, '서울 마포구 월드컵로 12', 'x', 'REGISTERED', 0)
                    """, "crowd\(number)@example.com")
                let token = try Secrets.token()
                try db.run(
                    "INSERT INTO token(hash, kind, owner_id, expires_at) VALUES (?, 'ACCESS', ?, ?)",
                    Secrets.sha256(token), Int(db.lastInsertRowID), Timestamp.now.adding(.seconds(3600)).milliseconds)
                return token
            }
        }
    }
}
