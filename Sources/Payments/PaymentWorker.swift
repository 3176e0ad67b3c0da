import Delivery
import EventLoop
import Failpoints
import SQLite
import Service

/// Does what customers' requests left: attempts that failed or were never made, refunds, and what a crash left unknown. Any
/// number of instances may run one: a payment is claimed before it is worked on.
package struct PaymentWorker: Sendable {
    private static let interval = Duration.milliseconds(250)
    private static let mostCounted = 10_000
    private let processor: PaymentProcessor

    package init(_ processor: PaymentProcessor) { self.processor = processor }

    /// Runs until its task is cancelled.
    package func run() async {
        let (loop, log) = (processor.loop, processor.log)
        var turn = 0
        while !Task.isCancelled {
            do {
                // At the start, and about once a minute.
                if turn.isMultiple(of: 240) {
                    try await processor.database.write { db in try OrderPayment.mendTimes(at: .now, in: db) }
                }
                if turn.isMultiple(of: 4) { try await count() }
                try await look()
            } catch {
                if Task.isCancelled || (error as? SQLiteError)?.isClosed == true { return }
                log.warning("payments cannot be looked through", ["error": LogValue("\(error)")])
            }
            turn += 1
            try? await loop.sleep(for: Self.interval)
        }
    }

    private func count() async throws {
        let most = Self.mostCounted
        processor.metrics.show(
            pending: try await processor.database.read { db in try OrderPayment.countPending(most: most, in: db) })
    }

    /// Works on what is due, as much at a time as the gateway may be asked. While the breaker is open that is nothing; when
    /// its time is over, these are the calls that try.
    private func look() async throws {
        while !Task.isCancelled {
            let room = min(GatewayGuard.mostOfWorker, processor.guardian.room(for: .worker))
            guard room > 0, try await processor.database.read({ db in try OrderPayment.hasDue(at: .now, in: db) })
            else {
                return
            }
            let claim = processor.claim
            let payments = try await processor.database.write { db in
                try OrderPayment.claimDue(claim, limit: room, at: .now, in: db)
            }
            await withTaskGroup(of: Void.self) { tasks in
                for payment in payments {
                    tasks.addTask(executorPreference: processor.loop) { await work(payment) }
                }
            }
        }
    }

    private func work(_ payment: OrderPayment) async {
        guard let ticket = processor.guardian.ticket(for: .worker) else { return await processor.giveBack(payment) }
        switch payment.state {
        case .waiting: await processor.approve(payment, ticket)
        case .approving: await processor.resolve(payment, ticket)
        case .cancelWanted: await processor.cancel(payment, ticket)
        case .approved, .declined, .cancelled: processor.guardian.release(ticket)
        }
    }
}
