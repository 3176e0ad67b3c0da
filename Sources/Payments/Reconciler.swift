import Delivery
import EventLoop
import SQLite
import Service

/// Compares the orders, the ledger, the payments and the gateway's books, mends what a crash left, and says what it found.
/// Services may run meanwhile.
package struct Reconciler: Sendable {
    package struct Report: Sendable {
        package internal(set) var orders = 0
        package internal(set) var found = 0
        package internal(set) var repaired = 0
        package internal(set) var inWork = 0
        /// Orders that a person has to look at, or whose gateway gave no answer.
        package var left: Int { found - repaired }

        package var description: String {
            "looked at \(orders) orders: \(found) with something wrong, \(repaired) repaired, \(left) left"
                + (inWork > 0 ? "; \(inWork) are being paid or refunded right now" : "")
        }
    }

    private enum Outcome: Sendable {
        case right, inWork
        case mended([String])
        /// The last line is what is left.
        case left([String])
    }

    private static let page = 200
    private static let calls = 8
    private static let attempts = 3
    /// Of one order, one after the other.
    private static let mostRepairs = 4

    private let loop: EventLoop
    private let database: Database
    private let gateway: (any PaymentGateway)?
    private let news: OrderNews
    /// Instances that are not alive.
    private let gone: Set<Int>

    /// - Parameter gateway: nil without one: orders with a payment are then left.
    package init(
        on loop: EventLoop, database: Database, gateway: (any PaymentGateway)?, news: OrderNews, gone: Set<Int>
    ) {
        (self.loop, self.database, self.gateway, self.news, self.gone) = (loop, database, gateway, news, gone)
    }

    /// - Parameter say: is given a line for each thing found, with what was done.
    package func run(say: (String) -> Void) async throws -> Report {
        var report = Report()
        var last = 0
        while true {
            let start = last
            let orders = try await database.read { db in
                try Reconciling.page(after: start, limit: Self.page, in: db)
            }
            guard let end = orders.last else { return report }
            last = end
            report.orders += orders.count
            for (order, outcome) in try await check(orders) {
                switch outcome {
                case .right: continue
                case .inWork:
                    report.inWork += 1
                    continue
                case .mended(let lines):
                    report.found += 1
                    report.repaired += 1
                    for line in lines { say("order \(order): \(line)") }
                case .left(let lines):
                    report.found += 1
                    for line in lines { say("order \(order): \(line)") }
                }
            }
        }
    }

    /// Several at a time, since most of the time goes into waiting for the gateway.
    private func check(_ orders: [Int]) async throws -> [(Int, Outcome)] {
        var outcomes: [(Int, Outcome)] = []
        var rest = orders[...]
        while !rest.isEmpty {
            let some = rest.prefix(Self.calls)
            rest = rest.dropFirst(some.count)
            try await withThrowingTaskGroup(of: (Int, Outcome).self) { tasks in
                for order in some { tasks.addTask(executorPreference: loop) { (order, try await check(order)) } }
                for try await outcome in tasks { outcomes.append(outcome) }
            }
        }
        return outcomes.sorted { $0.0 < $1.0 }
    }

    private func check(_ order: Int) async throws -> Outcome {
        var lines: [String] = []
        for _ in 0..<Self.mostRepairs {
            guard var known = try await read(order) else { return .right }
            if known.isInWork { return .inWork }
            do {
                known.books.gateway = try await ask(known.books)
            } catch {
                return .left(lines + ["left: the gateway was not asked: \(error)"])
            }
            // Only what stood still while the gateway was asked fits to its answer.
            let again = try await read(order)
            guard let again, !again.isInWork else { return .inWork }
            guard again.changedAt == known.changedAt else { continue }
            guard let found = Discrepancy.first(in: known.books) else { return lines.isEmpty ? .right : .mended(lines) }
            guard let repair = found.repair else { return .left(lines + ["left: \(found.description)"]) }
            do {
                try await apply(repair, to: order)
                lines.append("repaired: \(found.description)")
            } catch let error as DeliveryError where error.status == 409 {
                // Somebody was faster: look again.
                continue
            } catch {
                return .left(lines + ["left: \(found.description): \(error)"])
            }
        }
        return lines.isEmpty ? .inWork : .left(lines + ["left: more is wrong than a few repairs mend"])
    }

    private func apply(_ repair: Discrepancy.Repair, to order: Int) async throws {
        var returned: GatewayPayment?
        if repair == .giveBack, let gateway { returned = try await retried { try await gateway.cancel(order: order) } }
        try await database.write { [news, returned] db in
            try Reconciling.apply(repair, to: order, returned: returned, at: .now, telling: news, in: db)
        }
    }

    private func read(_ order: Int) async throws -> Reconciling.Known? {
        try await database.read { [gone] db in try Reconciling.read(order, gone: gone, at: .now, in: db) }
    }

    private func ask(_ books: OrderBooks) async throws -> OrderBooks.Gateway {
        guard books.payment != nil else { return .none }
        guard let gateway else { throw PaymentGatewayError(.unreachable, "PAYMENT_URL is not set") }
        return try await retried { try await gateway.payment(order: books.order) }.map { .known($0) } ?? .unknown
    }

    private func retried<Value>(_ call: () async throws -> Value) async throws -> Value {
        for attempt in 1..<Self.attempts {
            do { return try await call() } catch is PaymentGatewayError {}
            try await loop.sleep(for: .milliseconds(200 * attempt))
        }
        return try await call()
    }
}
