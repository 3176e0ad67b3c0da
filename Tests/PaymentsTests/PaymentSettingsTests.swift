import Delivery
import Payments
import Service
import Testing

@Suite("Settings of payments")
struct PaymentSettingsTests {
    private func read(_ variables: [String: String]) throws(SettingError) -> PaymentSettings {
        try PaymentSettings(Environment(variables))
    }

    @Test("with nothing set there is no gateway and no sandbox")
    func defaults() throws {
        let settings = try read([:])
        #expect(settings.url == nil && !settings.hasSandbox)
        #expect(settings.timeout == .milliseconds(300) && settings.deadline == .seconds(5))
        #expect(settings.breaker.openFor == .seconds(10))
    }

    @Test("what is set is taken")
    func values() throws {
        let settings = try read([
            "PAYMENT_URL": "http://gateway.example:8090/v1/", "SANDBOX": "1", "PAYMENT_TIMEOUT_MS": "8000",
            "PAYMENT_OPEN_MS": "500",
        ])
        #expect(settings.url == "http://gateway.example:8090/v1" && settings.hasSandbox)
        // A call may not be given up before the customer's wait is over.
        #expect(settings.timeout == .seconds(8) && settings.deadline == .seconds(8))
        #expect(settings.breaker.openFor == .milliseconds(500))
    }

    @Test(
        "a value that is not allowed ends the start",
        arguments: [
            ("PAYMENT_URL", "gateway"), ("PAYMENT_URL", "ftp://a"), ("PAYMENT_URL", "http://"),
            ("PAYMENT_URL", "http://a/?b"), ("PAYMENT_URL", "http://user:secret@a"), ("PAYMENT_TIMEOUT_MS", "9"),
            ("PAYMENT_DEADLINE_MS", "299"), ("PAYMENT_OPEN_MS", "0"), ("SANDBOX", "maybe"),
        ])
    func notAllowed(_ name: String, _ value: String) {
        let error = #expect(throws: SettingError.self) { try read([name: value]) }
        #expect(error?.name == name)
        #expect(error?.description.contains("secret") == false)
    }
}
