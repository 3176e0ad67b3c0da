/// What four places say of one order's money: the order itself, the ledger, the payment, and the gateway.
package struct OrderBooks: Equatable, Sendable {
    package enum Gateway: Equatable, Sendable {
        /// The order was paid without one.
        case none
        /// It has never heard of the order.
        case unknown
        case known(GatewayPayment)
    }

    package var order: Int
    package var status: OrderStatus
    package var isPaid: Bool
    /// Won.
    package var amount: Int
    /// The sum of each kind; nil for no entry.
    package var charge: Int?
    package var refund: Int?
    package var payment: PaymentState?
    /// Since the payment or the order last changed.
    package var age: Duration
    package var gateway: Gateway

    package init(
        order: Int, status: OrderStatus, isPaid: Bool, amount: Int, charge: Int? = nil, refund: Int? = nil,
        payment: PaymentState? = nil, age: Duration = .zero, gateway: Gateway = .none
    ) {
        (self.order, self.status, self.isPaid, self.amount) = (order, status, isPaid, amount)
        (self.charge, self.refund, self.payment, self.age) = (charge, refund, payment, age)
        self.gateway = gateway
    }
}

/// What does not fit together in an order's books, and what mends it. Pure.
package struct Discrepancy: Equatable, Sendable, CustomStringConvertible {
    package enum Repair: Equatable, Sendable {
        /// The gateway has the money: the order is paid.
        case pay(paymentID: String)
        /// The gateway has decided against it, and it was not noted.
        case decline(reason: String)
        /// The order was left before anybody was told that it is not paid yet.
        case payLater
        /// The payment counts as made here, the gateway has never heard of it, and the order is not paid: try again.
        case tryAgain
        /// The order has ended: the gateway gives back what it has, and both entries are booked.
        case giveBack
        /// The gateway has the money of a paid order, and the payment's state does not say so.
        case noteApproved(paymentID: String)
        case bookCharge
        case bookRefund
    }

    package let description: String
    /// Nil when a person has to look at it.
    package let repair: Repair?

    init(_ description: String, _ repair: Repair? = nil) { (self.description, self.repair) = (description, repair) }

    /// An order that is younger may still be on its way from its first answer.
    private static let longestRegistered = Duration.seconds(60)

    /// The first thing that is wrong with the books; nil if they are right. What comes after it may be its consequence, so
    /// they are looked at again after a repair.
    package static func first(in books: OrderBooks) -> Discrepancy? {
        let isRefunded = books.status.isRefunded
        if let charge = books.charge, charge != books.amount {
            return Discrepancy("\(charge) won are charged for a price of \(books.amount)")
        }
        if let refund = books.refund, refund != -books.amount {
            return Discrepancy("\(-refund) won are given back for a price of \(books.amount)")
        }
        if books.refund != nil, !isRefunded { return Discrepancy("its money was given back, and it goes on") }
        if case .known(let known) = books.gateway, known.paymentID != nil, known.amount != books.amount {
            return Discrepancy("the gateway has \(known.amount) won for a price of \(books.amount)")
        }
        guard let payment = books.payment else { return withoutGateway(books) }
        if isRefunded { return ended(books, payment) }
        return books.isPaid ? paid(books, payment) : unpaid(books, payment)
    }

    private static func withoutGateway(_ books: OrderBooks) -> Discrepancy? {
        guard books.isPaid else {
            return books.charge == nil && books.status.isEnd ? nil : Discrepancy("it is not paid and has no payment")
        }
        if books.charge == nil { return Discrepancy("it is paid, and the ledger has no charge", .bookCharge) }
        guard books.status.isRefunded, books.refund == nil else { return nil }
        return Discrepancy("it has ended, and the ledger has no refund", .bookRefund)
    }

    private static func unpaid(_ books: OrderBooks, _ payment: PaymentState) -> Discrepancy? {
        switch books.gateway {
        case .known(let known) where known.status == .approved:
            guard let id = known.paymentID else { return Discrepancy("the gateway has approved it without an id") }
            return Discrepancy("the gateway has its money, and it is not paid", .pay(paymentID: id))
        case .known(let known) where payment == .approving || payment == .approved:
            let reason = known.status == .cancelled ? "the gateway has cancelled it" : "declined before"
            return Discrepancy("the gateway has decided against it", .decline(reason: reason))
        case .known: break
        case .unknown where payment == .approved:
            return Discrepancy("its payment counts as made, and the gateway does not know it", .tryAgain)
        case .unknown: break
        case .none: return Discrepancy("the gateway was not asked")
        }
        if books.charge != nil { return Discrepancy("it is charged, and neither paid nor at the gateway") }
        guard books.status == .registered, books.age > longestRegistered else { return nil }
        return Discrepancy("it was left before its payment was tried", .payLater)
    }

    private static func paid(_ books: OrderBooks, _ payment: PaymentState) -> Discrepancy? {
        switch books.gateway {
        case .none: return Discrepancy("the gateway was not asked")
        case .unknown: return Discrepancy("it is paid, and the gateway does not know it")
        case .known(let known):
            guard known.status == .approved, let id = known.paymentID else {
                return Discrepancy("it is paid, and the gateway's payment is \(known.status.rawValue)")
            }
            if payment != .approved {
                return Discrepancy("it is paid, and its payment is \(payment.rawValue)", .noteApproved(paymentID: id))
            }
        }
        return books.charge == nil ? Discrepancy("it is paid, and the ledger has no charge", .bookCharge) : nil
    }

    private static func ended(_ books: OrderBooks, _ payment: PaymentState) -> Discrepancy? {
        let isBooked = books.charge != nil
        switch books.gateway {
        case .none: return Discrepancy("the gateway was not asked")
        case .known(let known) where known.status == .approved:
            return Discrepancy("it has ended, and the gateway has its money still", .giveBack)
        case .known(let known) where known.paymentID != nil:
            guard payment == .cancelled, isBooked, books.refund != nil else {
                return Discrepancy("it was given back at the gateway, and that is not in the books", .giveBack)
            }
            return nil
        case .known, .unknown:
            if payment != .cancelled { return Discrepancy("it has ended, and its payment has not", .giveBack) }
            return isBooked ? Discrepancy("it is charged, and the gateway had no money of it") : nil
        }
    }
}
