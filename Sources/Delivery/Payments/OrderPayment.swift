import SQLite

/// The payment of an order at the gateway, as this system knows it.
package struct OrderPayment: Equatable, Sendable {
    package let order: Int
    package internal(set) var state: PaymentState
    /// Won.
    package let amount: Int
    /// Calls to the gateway that were begun, of all kinds.
    package internal(set) var attempts: Int
    /// When the worker looks at it next; nil for never.
    package internal(set) var nextAttemptAt: Timestamp?
    var claim: PaymentClaim?
    /// The gateway's name for it.
    package internal(set) var paymentID: String?
    package internal(set) var lastError: String?
    package internal(set) var updatedAt: Timestamp

    /// What the customer is told of it.
    package struct View: Codable, Equatable, Sendable {
        package let state: PaymentState
        package let message: String
    }

    package var view: View { View(state: state, message: message) }

    private var message: String {
        switch state {
        case .waiting, .approving: "the payment service gives no answer now; it is tried again, or pay a little later"
        case .approved: "paid"
        case .declined: "the payment was declined: \(lastError ?? "no reason given"); it can be tried again"
        case .cancelWanted: "the payment is being given back"
        case .cancelled: paymentID == nil ? "nothing was charged" : "given back"
        }
    }
}

/// Who works on a payment, so that two instances do not call the gateway for the same one. It holds until its time is over or
/// its instance is gone. The gateway would take both calls for one: it saves work, and no promise rests on it.
package struct PaymentClaim: Equatable, Sendable {
    let instance: Int
    let until: Timestamp

    package init(instance: Int, until: Timestamp) { (self.instance, self.until) = (instance, until) }
}

// MARK: - Steps, each in the caller's write transaction

extension OrderPayment {
    package static func find(_ order: Int, in db: Connection) throws -> OrderPayment? {
        try PaymentRecords.find(order, in: db)
    }

    /// A customer's attempt is about to be sent.
    /// - Returns: nil when there is none to make: another one is on its way, or it is paid, or it has ended.
    package static func begin(
        _ order: Int, _ claim: PaymentClaim, at now: Timestamp, in db: Connection
    ) throws -> OrderPayment? {
        guard var payment = try PaymentRecords.find(order, in: db),
            try !PaymentRecords.isClaimed(payment, at: now, in: db),
            let state = payment.state.after(.begin, wasSent: payment.attempts > 0)
        else { return nil }
        payment.state = state
        payment.take(claim, at: now)
        try PaymentRecords.put(payment, in: db)
        return payment
    }

    /// Whether the worker has something to do: a read, so that an idle system writes nothing.
    package static func hasDue(at now: Timestamp, in db: Connection) throws -> Bool {
        try !PaymentRecords.due(at: now, limit: 1, in: db).isEmpty
    }

    /// Takes what is due, the oldest first, for the worker.
    /// - Returns: as they were before: whether an attempt was made already is what the worker must know.
    package static func claimDue(
        _ claim: PaymentClaim, limit: Int, at now: Timestamp, in db: Connection
    ) throws -> [OrderPayment] {
        try PaymentRecords.due(at: now, limit: limit, in: db).compactMap { order in
            guard var payment = try PaymentRecords.find(order, in: db) else { return nil }
            let before = payment
            guard payment.state.isDue else {
                payment.nextAttemptAt = nil
                try PaymentRecords.put(payment, in: db)
                return nil
            }
            if payment.state == .waiting { payment.state = .approving }
            payment.take(claim, at: now)
            try PaymentRecords.put(payment, in: db)
            return before
        }
    }

    private mutating func take(_ claim: PaymentClaim, at now: Timestamp) {
        self.claim = claim
        attempts += 1
        nextAttemptAt = now
        updatedAt = now
    }

    /// What was claimed was not worked on: as it was before, and due again soon.
    package static func giveBack(_ before: OrderPayment, at now: Timestamp, in db: Connection) throws {
        guard var payment = try PaymentRecords.find(before.order, in: db), payment.attempts == before.attempts + 1
        else { return }
        if before.state == .waiting, payment.state == .approving { payment.state = .waiting }
        payment.attempts = before.attempts
        payment.claim = nil
        payment.nextAttemptAt = now.adding(.milliseconds(500))
        payment.updatedAt = now
        try PaymentRecords.put(payment, in: db)
    }

    /// The customer wants to pay, and the gateway cannot be asked now: the worker does it.
    package static func wait(_ order: Int, at now: Timestamp, in db: Connection) throws {
        guard var payment = try PaymentRecords.find(order, in: db),
            let state = payment.state.after(.wait, wasSent: payment.attempts > 0)
        else { return }
        payment.state = state
        payment.nextAttemptAt = now
        payment.updatedAt = now
        try PaymentRecords.put(payment, in: db)
    }

    /// The gateway has decided.
    package static func finish(
        _ order: Int, _ decision: PaymentDecision, at now: Timestamp, telling news: OrderNews, in db: Connection
    ) throws {
        guard var payment = try PaymentRecords.find(order, in: db) else { return }
        let wasSent = payment.attempts > 0
        switch decision {
        case .approved(let id):
            // Of an order that has ended meanwhile: the cancellation that is wanted, or was made, gives it back.
            payment.paymentID = id
            guard let state = payment.state.after(.approve, wasSent: wasSent) else {
                return try PaymentRecords.put(payment, in: db)
            }
            payment.settle(state, error: nil, at: now)
            try PaymentRecords.put(payment, in: db)
            var change = OrderChange(.pay, by: .system)
            change.payment = id
            _ = try Orders.change(order, change, at: now, telling: news, in: db)
        case .declined, .refused:
            guard let state = payment.state.after(.decline, wasSent: wasSent) else { return }
            var reason = "the gateway has cancelled it"
            if case .declined(let text) = decision { reason = text }
            payment.settle(state, error: reason, at: now)
            try PaymentRecords.put(payment, in: db)
            try payLater(order, at: now, telling: news, in: db)
            try tell(payment, at: now, telling: news, in: db)
        }
    }

    /// Nobody knows what came of a call; it is made again at `next`.
    package static func fail(
        _ order: Int, _ error: String, next: Timestamp, at now: Timestamp, telling news: OrderNews, in db: Connection
    ) throws {
        guard var payment = try PaymentRecords.find(order, in: db), payment.state.isDue else { return }
        payment.claim = nil
        payment.nextAttemptAt = next
        payment.lastError = error
        payment.updatedAt = now
        try PaymentRecords.put(payment, in: db)
        if payment.state != .cancelWanted { try payLater(order, at: now, telling: news, in: db) }
    }

    /// The gateway has cancelled the payment, or will refuse it for ever.
    ///
    /// - Parameter returned: the payment that was given back; nil when there was none. Both its entries are booked: of one
    ///   whose approval never became known, the charge too.
    package static func finishCancel(
        _ order: Int, _ returned: GatewayPayment?, at now: Timestamp, telling news: OrderNews, in db: Connection
    ) throws {
        guard var payment = try PaymentRecords.find(order, in: db),
            let state = payment.state.after(.cancel, wasSent: payment.attempts > 0)
        else { return }
        if let returned { payment.paymentID = returned.paymentID }
        payment.settle(state, error: nil, at: now)
        try PaymentRecords.put(payment, in: db)
        if let returned {
            for (kind, amount) in [(LedgerEntry.Kind.charge, payment.amount), (.refund, -payment.amount)] {
                try Ledger.book(
                    LedgerEntry(order: order, kind: kind, amount: amount, at: now, reference: returned.paymentID),
                    in: db)
            }
        }
        try tell(payment, at: now, telling: news, in: db)
    }

    private mutating func settle(_ state: PaymentState, error: String?, at now: Timestamp) {
        self.state = state
        claim = nil
        nextAttemptAt = nil
        lastError = error
        updatedAt = now
    }

    /// The order is pending from now on, if it was not before.
    package static func payLater(
        _ order: Int, at now: Timestamp, telling news: OrderNews, in db: Connection
    ) throws {
        guard try OrderRecords.status(order, in: db) == .registered else { return }
        _ = try Orders.change(order, OrderChange(.payLater, by: .system), at: now, telling: news, in: db)
    }

    /// What the order's end means for its payment: called by `Orders.change`.
    /// - Returns: false if the order was paid without a gateway.
    static func end(_ order: Int, at now: Timestamp, in db: Connection) throws -> Bool {
        guard var payment = try PaymentRecords.find(order, in: db) else { return false }
        guard let state = payment.state.after(.end, wasSent: payment.attempts > 0) else { return true }
        payment.settle(state, error: nil, at: now)
        if state.isDue { payment.nextAttemptAt = now }
        try PaymentRecords.put(payment, in: db)
        return true
    }

    /// Brings times that lie too far ahead, since the clock was set back, to the present.
    package static func mendTimes(at now: Timestamp, in db: Connection) throws {
        try PaymentRecords.mendTimes(beyond: now.adding(.seconds(60)), to: now, in: db)
    }

    /// How many payments the worker has something to do for, counted up to `most`.
    package static func countPending(most: Int, in db: Connection) throws -> Int {
        try PaymentRecords.countPending(most: most, in: db)
    }

    // MARK: - The customer's stream

    /// The event `payment`, for what the order's status does not show.
    private struct Event: Encodable {
        let id: Int
        let payment: View
    }

    private static func tell(
        _ payment: OrderPayment, at now: Timestamp, telling news: OrderNews, in db: Connection
    ) throws {
        guard let owner = try OrderRecords.owner(payment.order, in: db) else { return }
        let data = try JSON.encode(Event(id: payment.order, payment: payment.view))
        news.tell(
            nil, [try FeedRecords.append(.customer(owner.customer), name: "payment", data: data, at: now, in: db)],
            after: db)
    }
}
