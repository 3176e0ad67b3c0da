import Delivery
import Service

/// For how long things are kept that only help for a while: settings of both services.
package enum PruningSettings {
    package static let list = [
        Setting(
            "FEED_KEEP", fallback: "259200",
            "seconds for which events are kept for pages that come back; one that was away for longer begins anew"),
        Setting(
            "CHANGE_KEEP", fallback: "604800",
            "seconds for which the messages about changes are kept; the changes themselves stay"),
        Setting(
            "NOTIFICATION_KEEP", fallback: "2592000", "seconds for which settled notifications of webhooks are kept"),
    ]

    package static func read(_ environment: Environment) throws(SettingError) -> PruningTerms {
        var terms = PruningTerms()
        // An hour is longer than any way of a message; ten years are as good as for ever.
        let range = 3_600...315_360_000
        if let seconds = try environment.number("FEED_KEEP", in: range) { terms.feed = .seconds(seconds) }
        if let seconds = try environment.number("CHANGE_KEEP", in: range) { terms.changes = .seconds(seconds) }
        if let seconds = try environment.number("NOTIFICATION_KEEP", in: range) {
            terms.notifications = .seconds(seconds)
        }
        return terms
    }
}
