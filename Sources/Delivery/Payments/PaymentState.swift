/// How far the payment of an order has come at the gateway.
package enum PaymentState: String, Codable, CaseIterable, Sendable {
    /// No attempt is on its way. Its row is due when the next one is.
    case waiting = "WAITING"
    /// An attempt was or is about to be sent, and nobody knows what came of it.
    case approving = "APPROVING"
    case approved = "APPROVED"
    /// Only the customer begins another attempt.
    case declined = "DECLINED"
    /// A refund is due, or a void of an attempt whose outcome is unknown.
    case cancelWanted = "CANCEL_WANTED"
    case cancelled = "CANCELLED"

    package enum Event: CaseIterable, Sendable {
        /// Stored before each attempt is sent, so that no attempt is forgotten.
        case begin
        case approve
        case decline
        /// The customer asks to pay a declined order, and no attempt can be made now.
        case wait
        /// The order ends and its money goes back.
        case end
        /// The gateway has cancelled it, or will refuse whatever attempt still comes.
        case cancel
    }

    /// The state after an event; nil if the event changes nothing in this state, as one that comes too late.
    ///
    /// - Parameter wasSent: whether any attempt was ever sent. A gateway that has never heard of a payment is not asked to
    ///   cancel it; after an attempt, even a declined one, it is: an earlier one may still be on its way.
    package func after(_ event: Event, wasSent: Bool) -> PaymentState? {
        switch (self, event) {
        case (.waiting, .begin), (.approving, .begin), (.declined, .begin): .approving
        case (.waiting, .approve), (.approving, .approve), (.declined, .approve): .approved
        case (.approving, .decline): .declined
        case (.declined, .wait): .waiting
        case (.waiting, .end): wasSent ? .cancelWanted : .cancelled
        case (.approving, .end), (.approved, .end), (.declined, .end): .cancelWanted
        case (.cancelWanted, .cancel): .cancelled
        default: nil
        }
    }

    /// Whether the worker has something to do for it.
    package var isDue: Bool {
        switch self {
        case .waiting, .approving, .cancelWanted: true
        case .approved, .declined, .cancelled: false
        }
    }
}
