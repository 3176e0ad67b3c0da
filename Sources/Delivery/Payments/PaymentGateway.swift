/// What a payment gateway does for an order. The order's id is the idempotency key of all its calls: an approval or a
/// cancellation that is asked for again happens once.
package protocol PaymentGateway: Sendable {
    /// Asks for the order's money.
    /// - Throws: `PaymentGatewayError` when the outcome is unknown.
    func approve(order: Int, amount: Int) async throws -> PaymentDecision

    /// Gives the money back. What was never approved is refused from then on, so that an attempt that is still on its way
    /// cannot succeed after it.
    /// - Returns: the payment that was given back; nil when there was none.
    func cancel(order: Int) async throws -> GatewayPayment?

    /// What the gateway knows of the order's payment; nil for nothing.
    func payment(order: Int) async throws -> GatewayPayment?
}

package enum PaymentDecision: Sendable, Equatable {
    case approved(paymentID: String)
    case declined(reason: String)
    /// It was cancelled before, for good.
    case refused
}

/// A payment as the gateway has it.
package struct GatewayPayment: Sendable, Equatable {
    package enum Status: String, Codable, Sendable {
        case approved = "APPROVED"
        case declined = "DECLINED"
        case cancelled = "CANCELLED"
    }

    package let status: Status
    /// Nil when it was never approved.
    package let paymentID: String?
    /// Won.
    package let amount: Int

    package init(status: Status, paymentID: String?, amount: Int) {
        (self.status, self.paymentID, self.amount) = (status, paymentID, amount)
    }
}

/// A call to the gateway of which nobody knows what came.
package struct PaymentGatewayError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// Not reached, or the connection was lost.
        case unreachable
        /// No answer within the deadline.
        case timeout
        /// An answer that means neither yes nor no.
        case failure
    }

    package let code: Code
    package let description: String

    package init(_ code: Code, _ description: String) { (self.code, self.description) = (code, description) }
}

/// How long after a failed attempt the next one is made.
package enum PaymentBackoff {
    package static let longest = Duration.seconds(10)

    /// Twice as long each time, from half a second on, less up to a quarter: so that those which failed together do not
    /// come together again.
    /// - Parameter random: 0 to 1.
    package static func delay(attempts: Int, random: Double) -> Duration {
        let doubled = Duration.milliseconds(500 << min(max(attempts - 1, 0), 10))
        return min(doubled, longest) * (1 - 0.25 * min(max(random, 0), 1))
    }
}
