import Delivery
import HTTP
import Service

/// How `api` is paid, from the environment.
package struct PaymentSettings: Sendable {
    /// The gateway, without a slash at its end; nil takes every order for paid.
    package let url: String?
    /// How long a customer waits for the gateway. A call that takes longer counts as slow.
    package let timeout: Duration
    /// How long a call may take in the background.
    package let deadline: Duration
    package let breaker: CircuitBreaker.Settings
    /// Whether a gateway to try against is mounted.
    package let hasSandbox: Bool

    package static let list = [
        Setting(
            "PAYMENT_URL", fallback: "none, every order counts as paid",
            "the payment gateway, as http://127.0.0.1:8090/v1"),
        Setting(
            "PAYMENT_TIMEOUT_MS", fallback: "300",
            "how long an order waits for the gateway before it is answered as pending, 10 to 10000 ms"),
        Setting(
            "PAYMENT_DEADLINE_MS", fallback: "5000",
            "how long a call to the gateway may take in the background, PAYMENT_TIMEOUT_MS to 60000 ms"),
        Setting(
            "PAYMENT_OPEN_MS", fallback: "10000",
            "how long no call is made after half of them failed or were slow, 100 to 600000 ms"),
        Setting(
            "SANDBOX", fallback: "0", "1 mounts a payment gateway to try against under /sandbox; not for the public"),
    ]

    package init(_ environment: Environment) throws(SettingError) {
        url = try Self.url(environment.text("PAYMENT_URL"))
        let timeout = try environment.number("PAYMENT_TIMEOUT_MS", in: 10...10_000) ?? 300
        let deadline = try environment.number("PAYMENT_DEADLINE_MS", in: timeout...60_000)
        self.timeout = .milliseconds(timeout)
        self.deadline = .milliseconds(deadline ?? max(5000, timeout))
        var breaker = CircuitBreaker.Settings()
        if let open = try environment.number("PAYMENT_OPEN_MS", in: 100...600_000) {
            breaker.openFor = .milliseconds(open)
        }
        self.breaker = breaker
        hasSandbox = try environment.flag("SANDBOX") ?? false
    }

    private static func url(_ value: String?) throws(SettingError) -> String? {
        guard var text = value else { return nil }
        while text.hasSuffix("/") { text.removeLast() }
        guard HTTPURL(text + "/payments") != nil, !text.contains("?") else {
            throw SettingError(name: "PAYMENT_URL", value: text, allowed: "http:// and a host, a port, a path")
        }
        return text
    }
}
