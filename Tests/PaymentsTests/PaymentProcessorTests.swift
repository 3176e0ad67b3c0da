import Delivery
import EventLoop
import Foundation
import Payments
import SQLite
import Service
import Testing

@Suite("Paying an order", .timeLimit(.minutes(1)))
struct PaymentProcessorTests {
    /// Declines, and sees to it that what it says is stored only a while after nobody waits for it any more.
    private struct LateGateway: PaymentGateway {
        let database: Database

        func approve(order: Int, amount: Int) async throws -> PaymentDecision {
            await withCheckedContinuation { begun in
                Task {
                    try await database.write { _ in
                        begun.resume()
                        Thread.sleep(forTimeInterval: 0.3)
                    }
                }
            }
            return .declined(reason: "no money")
        }

        func cancel(order: Int) async throws -> GatewayPayment? { nil }
        func payment(order: Int) async throws -> GatewayPayment? { nil }
    }

    @Test("a payment that is declined while the customer's wait ends is not tried again by itself")
    func declinedLate() async throws {
        let fixture = try await PaymentFixture()
        let order = try await fixture.place(hasGateway: true)
        let processor = PaymentProcessor(
            on: fixture.group.first, database: fixture.database, gateway: LateGateway(database: fixture.database),
            settings: try PaymentSettings(Environment(["PAYMENT_TIMEOUT_MS": "50"])), news: OrderNews(instance: 1),
            metrics: Metrics(), log: fixture.log)
        try await processor.pay(order)
        let payment = try await fixture.database.read { db in try OrderPayment.find(order, in: db) }
        #expect(payment?.state == .declined && payment?.nextAttemptAt == nil, "\(String(describing: payment))")
        #expect(try await fixture.status(order) == "PAYMENT_PENDING")
    }
}
