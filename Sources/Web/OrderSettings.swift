import Delivery
import Service

/// How long the system waits before it changes an order itself: settings of both services.
package enum OrderSettings {
    package static let list = [
        Setting("PAY_WITHIN", fallback: "1800", "seconds after which an order that is not paid expires"),
        Setting(
            "ACCEPT_WITHIN", fallback: "1800", "seconds after which an order that no store accepts expires, refunded"),
        Setting(
            "PICK_UP_WITHIN", fallback: "1800",
            "seconds after which an order that a rider has taken and not picked up is offered to all riders again"),
        Setting("CONFIRM_AFTER", fallback: "86400", "seconds after which a delivered order counts as received"),
    ]

    package static func read(_ environment: Environment) throws(SettingError) -> OrderTerms {
        var terms = OrderTerms()
        // A year is as good as never.
        let range = 1...31_536_000
        if let seconds = try environment.number("PAY_WITHIN", in: range) { terms.payWithin = .seconds(seconds) }
        if let seconds = try environment.number("ACCEPT_WITHIN", in: range) { terms.acceptWithin = .seconds(seconds) }
        if let seconds = try environment.number("PICK_UP_WITHIN", in: range) { terms.pickUpWithin = .seconds(seconds) }
        if let seconds = try environment.number("CONFIRM_AFTER", in: range) { terms.confirmAfter = .seconds(seconds) }
        return terms
    }
}
