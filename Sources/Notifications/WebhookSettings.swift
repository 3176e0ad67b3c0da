import Service

/// The settings of webhooks.
package enum WebhookSettings {
    /// Of both services.
    package static let list = [
        Setting(
            "WEBHOOK_PRIVATE", fallback: "0",
            "1 lets customers' webhooks have addresses inside the network, as loopback; for trying out")
    ]
    /// Of the service that sends.
    package static let sending = [
        Setting("WEBHOOK_TIMEOUT_MS", fallback: "10000", "milliseconds that a request to a webhook may take")
    ]

    package static func address(_ environment: Environment) throws(SettingError) -> WebhookAddress {
        WebhookAddress(allowsPrivate: try environment.flag("WEBHOOK_PRIVATE") ?? false)
    }

    package static func bounds(_ environment: Environment) throws(SettingError) -> WebhookSender.Bounds {
        var bounds = WebhookSender.Bounds()
        if let time = try environment.number("WEBHOOK_TIMEOUT_MS", in: 100...60_000) {
            bounds.timeout = .milliseconds(time)
        }
        return bounds
    }
}
