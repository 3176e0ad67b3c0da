import Delivery
import EventLoop
import Failpoints
import SQLite
import Service

/// Pays orders and gives their money back: every call to the gateway, and what is stored before and after it.
///
/// What is about to be sent is stored before it is sent, so that a crash leaves nothing that nobody knows of; what came of it
/// is stored in one transaction with what it means for the order.
package struct PaymentProcessor: Sendable {
    let loop: EventLoop
    let database: Database
    let gateway: any PaymentGateway
    let news: OrderNews
    let timeout: Duration
    /// Longer than any call takes.
    let lease: Duration
    let metrics: PaymentMetrics
    let log: Logger
    /// The circuit breaker and the bound on calls.
    package let guardian: GatewayGuard

    package init(
        on loop: EventLoop, database: Database, gateway: any PaymentGateway, settings: PaymentSettings, news: OrderNews,
        metrics: Metrics, log: Logger
    ) {
        self.loop = loop
        self.database = database
        self.gateway = gateway
        self.news = news
        timeout = settings.timeout
        // An attempt that was left unknown takes two calls.
        lease = settings.deadline * 2 + .seconds(2)
        self.metrics = PaymentMetrics(metrics)
        self.log = log
        guardian = GatewayGuard(slow: settings.timeout, breaker: settings.breaker, metrics: self.metrics, log: log)
        self.metrics.show({ [guardian] in guardian.breakerState }, in: metrics)
    }

    var claim: PaymentClaim { PaymentClaim(instance: news.instance, until: Timestamp.now.adding(lease)) }

    // MARK: - Customers

    /// Tries to pay an order, and waits for what comes of it as long as a customer may wait. A call that takes longer goes on,
    /// and still pays. When no call can be made now, the worker makes it later.
    package func pay(_ order: Int) async throws {
        guard let ticket = guardian.ticket(for: .customer) else {
            metrics.countNotTried()
            return try await payLater(order)
        }
        let payment: OrderPayment?
        do {
            try Failpoint.reach("payment.before-begin", ["order": "\(order)"])
            payment = try await database.write { [claim] db in
                try OrderPayment.begin(order, claim, at: .now, in: db)
            }
        } catch {
            guardian.release(ticket)
            throw error
        }
        guard let payment else {
            guardian.release(ticket)
            return
        }
        let done = Once<Void>()
        Task(executorPreference: loop) {
            await approve(payment, ticket)
            done.finish(.success(()))
        }
        loop.execute { [loop, timeout] in
            loop.schedule(after: timeout) { done.finish(.failure(CancellationError())) }
        }
        do {
            try await withCheckedThrowingContinuation { done.wait($0) }
        } catch {
            // The attempt goes on. It may be declined by now, and nobody has asked for another one then.
            try await payLater(order, triesAgain: false)
        }
    }

    private func payLater(_ order: Int, triesAgain: Bool = true) async throws {
        try await database.write { [news] db in
            let now = Timestamp.now
            if triesAgain { try OrderPayment.wait(order, at: now, in: db) }
            try OrderPayment.payLater(order, at: now, telling: news, in: db)
        }
    }

    // MARK: - Calls

    /// Makes a call for a payment that was begun, and stores what came of it.
    func approve(_ payment: OrderPayment, _ ticket: GatewayGuard.Ticket) async {
        await call(payment, ticket) {
            try Failpoint.reach("payment.before-call", ["order": "\(payment.order)"])
            let decision = try await gateway.approve(order: payment.order, amount: payment.amount)
            try Failpoint.reach("payment.after-call", ["order": "\(payment.order)"])
            return decision
        } store: { decision in
            try await finish(payment, decision)
        }
    }

    /// Asks what came of an attempt that somebody left, and makes another one only if the gateway has never heard of it.
    func resolve(_ payment: OrderPayment, _ ticket: GatewayGuard.Ticket) async {
        await call(payment, ticket) {
            switch try await gateway.payment(order: payment.order) {
            case .some(let known) where known.status == .approved:
                guard let id = known.paymentID, known.amount == payment.amount else {
                    throw PaymentGatewayError(.failure, "the gateway has another payment of \(known.amount) won")
                }
                return .approved(paymentID: id)
            case .some(let known) where known.status == .cancelled: return .refused
            case .some: return .declined(reason: "declined before")
            case nil: return try await gateway.approve(order: payment.order, amount: payment.amount)
            }
        } store: { decision in
            try await finish(payment, decision)
        }
    }

    private func finish(_ payment: OrderPayment, _ decision: PaymentDecision) async throws {
        metrics.count(decision)
        try await database.write { [news] db in
            try OrderPayment.finish(payment.order, decision, at: .now, telling: news, in: db)
            try Failpoint.reach("payment.before-commit", ["order": "\(payment.order)"])
        }
        try Failpoint.reach("payment.after-commit", ["order": "\(payment.order)"])
    }

    /// Gives the money of an order back.
    func cancel(_ payment: OrderPayment, _ ticket: GatewayGuard.Ticket) async {
        await call(payment, ticket) {
            try Failpoint.reach("refund.before-call", ["order": "\(payment.order)"])
            let returned = try await gateway.cancel(order: payment.order)
            try Failpoint.reach("refund.after-call", ["order": "\(payment.order)"])
            return returned
        } store: { returned in
            try await database.write { [news] db in
                try OrderPayment.finishCancel(payment.order, returned, at: .now, telling: news, in: db)
                try Failpoint.reach("refund.before-commit", ["order": "\(payment.order)"])
            }
            try Failpoint.reach("refund.after-commit", ["order": "\(payment.order)"])
            if returned != nil { metrics.refunds.add() }
        }
    }

    private func call<Answer>(
        _ payment: OrderPayment, _ ticket: GatewayGuard.Ticket, _ ask: () async throws -> Answer,
        store: (Answer) async throws -> Void
    ) async {
        let answer: Answer
        do {
            answer = try await ask()
        } catch {
            guardian.finish(ticket, .failure)
            if payment.state != .cancelWanted { metrics.count(nil) }
            log.debug(
                "the payment gateway gave no answer",
                ["order_id": .number(payment.order), "error": LogValue("\(error)")])
            return await fail(payment, "\(error)")
        }
        guardian.finish(ticket, .success)
        do {
            try await store(answer)
        } catch {
            // Its claim runs out, and the gateway is asked again.
            log.error(
                "what the payment gateway decided cannot be stored now",
                ["order_id": .number(payment.order), "error": LogValue("\(error)")])
        }
    }

    private func fail(_ payment: OrderPayment, _ error: String) async {
        do {
            try await database.write { [news] db in
                let now = Timestamp.now
                let next = now.adding(
                    PaymentBackoff.delay(attempts: payment.attempts, random: Double.random(in: 0...1)))
                try OrderPayment.fail(payment.order, error, next: next, at: now, telling: news, in: db)
            }
        } catch {
            log.warning(
                "a payment's failure cannot be stored",
                ["order_id": .number(payment.order), "error": LogValue("\(error)")])
        }
    }

    // MARK: - The end

    /// Begins no call from now on, and waits for those that are on their way. What is unknown then is resolved by the next
    /// start or by another instance.
    package func stop(within time: Duration) async {
        guardian.stop()
        let deadline = ContinuousClock.now + time
        while !guardian.isIdle, ContinuousClock.now < deadline { try? await loop.sleep(for: .milliseconds(5)) }
    }
}

extension PaymentProcessor {
    /// What was claimed and cannot be worked on now is due again soon.
    func giveBack(_ payment: OrderPayment) async {
        do {
            try await database.write { db in try OrderPayment.giveBack(payment, at: .now, in: db) }
        } catch {
            log.debug("a claimed payment waits for its claim's end", ["order_id": .number(payment.order)])
        }
    }
}
