import SQLite

/// Reading the books of orders, and mending them.
package enum Reconciling {
    /// Orders behind `id`, oldest first.
    package static func page(after id: Int, limit: Int, in db: Connection) throws -> [Int] {
        try OrderRecords.page(after: id, limit: limit, in: db)
    }

    /// What is known here, without the gateway.
    package struct Known: Sendable {
        package var books: OrderBooks
        /// Somebody else works on its payment right now.
        package let isInWork: Bool
        /// Of the order or its payment.
        package let changedAt: Timestamp
    }

    /// - Parameter gone: instances that are known not to be alive, though the database still names them.
    package static func read(
        _ order: Int, gone: Set<Int>, at now: Timestamp, in db: Connection
    ) throws -> Known? {
        guard let state = try OrderRecords.money(order, in: db) else { return nil }
        let entries = try LedgerRecords.entries(order: order, in: db)
        let payment = try PaymentRecords.find(order, in: db)
        func amount(_ kind: LedgerEntry.Kind) -> Int? { entries.first { $0.kind == kind }?.amount }
        let changedAt = max(state.changedAt, payment?.updatedAt ?? state.changedAt)
        let books = OrderBooks(
            order: order, status: state.status, isPaid: state.isPaid, amount: state.amount, charge: amount(.charge),
            refund: amount(.refund), payment: payment?.state,
            age: .milliseconds(max(0, now.milliseconds - changedAt.milliseconds)))
        guard let payment, let claim = payment.claim, !gone.contains(claim.instance) else {
            return Known(books: books, isInWork: false, changedAt: changedAt)
        }
        return Known(
            books: books, isInWork: try PaymentRecords.isClaimed(payment, at: now, in: db), changedAt: changedAt)
    }

    /// Mends what `Discrepancy.first` found, all but what the gateway has to do.
    ///
    /// - Parameter returned: with `giveBack`: what the gateway gave back, asked after it was found.
    /// - Throws: `DeliveryError` when the order has changed since.
    package static func apply(
        _ repair: Discrepancy.Repair, to order: Int, returned: GatewayPayment? = nil, at now: Timestamp,
        telling news: OrderNews, in db: Connection
    ) throws {
        let payment = try PaymentRecords.find(order, in: db)
        /// Brings the payment to a state from which the ordinary step goes on.
        func set(_ state: PaymentState, next: Timestamp? = nil) throws {
            guard var payment else { return }
            payment.state = state
            payment.claim = nil
            payment.nextAttemptAt = next
            payment.updatedAt = now
            try PaymentRecords.put(payment, in: db)
        }
        func book(_ kind: LedgerEntry.Kind) throws {
            guard let state = try OrderRecords.money(order, in: db) else { return }
            try Ledger.book(
                LedgerEntry(
                    order: order, kind: kind, amount: kind == .charge ? state.amount : -state.amount, at: now,
                    reference: payment?.paymentID), in: db)
        }
        switch repair {
        case .pay(let id):
            if payment?.state == .approved { try set(.approving) }
            try OrderPayment.finish(order, .approved(paymentID: id), at: now, telling: news, in: db)
        case .decline(let reason):
            if payment?.state == .approved { try set(.approving) }
            try OrderPayment.finish(order, .declined(reason: reason), at: now, telling: news, in: db)
        case .payLater: try OrderPayment.payLater(order, at: now, telling: news, in: db)
        case .tryAgain: try set(.waiting, next: now)
        case .noteApproved(let id):
            guard var payment else { return }
            payment.paymentID = id
            payment.state = .approved
            payment.claim = nil
            payment.nextAttemptAt = nil
            payment.updatedAt = now
            try PaymentRecords.put(payment, in: db)
        case .bookCharge: try book(.charge)
        case .bookRefund: try book(.refund)
        case .giveBack:
            if payment?.state != .cancelWanted { try set(.cancelWanted) }
            try OrderPayment.finishCancel(order, returned, at: now, telling: news, in: db)
        }
    }
}
