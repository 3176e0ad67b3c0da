import Delivery
import Payments
import Service
import Testing

@Suite("What stands in front of the payment gateway")
struct GatewayGuardTests {
    private func makeGuard() throws -> GatewayGuard {
        GatewayGuard(
            slow: .seconds(10), breaker: .init(), metrics: PaymentMetrics(Metrics()),
            log: Logger(service: "test", level: .error, format: .json))
    }

    @Test("only so many calls are on their way, and customers' and the worker's do not wait for each other")
    func bound() throws {
        let it = try makeGuard()
        let customers = (0..<100).compactMap { _ in it.ticket(for: .customer) }
        #expect(customers.count == GatewayGuard.mostOfCustomers)
        #expect(it.room(for: .customer) == 0 && it.room(for: .worker) == GatewayGuard.mostOfWorker)
        let workers = (0..<100).compactMap { _ in it.ticket(for: .worker) }
        #expect(workers.count == GatewayGuard.mostOfWorker)
        it.release(customers[0])
        #expect(it.ticket(for: .customer) != nil)
        #expect(it.ticket(for: .customer) == nil)
    }

    @Test("failures close the way for everybody")
    func breaker() throws {
        let it = try makeGuard()
        for _ in 0..<10 {
            if let ticket = it.ticket(for: .customer) { it.finish(ticket, .failure) }
        }
        #expect(it.breakerState == .open && it.isIdle)
        #expect(it.ticket(for: .worker) == nil && it.room(for: .worker) == 0)
    }

    @Test("at the end no call begins, and those on their way are waited for")
    func stopping() throws {
        let it = try makeGuard()
        let ticket = try #require(it.ticket(for: .worker))
        it.stop()
        #expect(it.ticket(for: .customer) == nil && !it.isIdle)
        it.finish(ticket, .success)
        #expect(it.isIdle)
    }
}
