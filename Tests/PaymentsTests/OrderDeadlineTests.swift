import Delivery
import EventLoop
import Payments
import SQLite
import Service
import Support
import Testing

@Suite("Deadlines of orders", .timeLimit(.minutes(1)))
struct OrderDeadlineTests {
    @Test("an order that cannot be read holds up none behind it")
    func unreadable() async throws {
        let fixture = try await PaymentFixture()
        var terms = OrderTerms()
        terms.acceptWithin = .zero
        let first = try await fixture.place(terms: terms, hasGateway: false)
        let second = try await fixture.place(terms: terms, hasGateway: false)
        try await fixture.database.write { db in
            try db.run("UPDATE user_order SET status = 'NONSENSE', deadline_at = 1 WHERE id = ?", first)
        }
        let deadlines = OrderDeadlines(
            on: fixture.group.first, database: fixture.database, news: OrderNews(instance: 1), metrics: Metrics(),
            log: fixture.log)
        let running = Task(executorPreference: fixture.group.first) { await deadlines.run() }
        defer { running.cancel() }
        try await eventually("the second one expires") { try await fixture.status(second) == "EXPIRED" }
    }
}
