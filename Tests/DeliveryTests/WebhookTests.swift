import Delivery
import SQLite
import Testing

@Suite("Webhooks: the customer's side")
struct WebhookTests {
    @Test("a signature is that of the reference libraries of Standard Webhooks")
    func signature() throws {
        let secret = try #require(WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let signature = secret.signature(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", seconds: 1_614_265_330, body: octets(#"{"test": 2432232314}"#))
        #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test("a secret is shown to nobody by mistake")
    func secrecy() throws {
        let secret = WebhookSecret(key: [UInt8](repeating: 7, count: 32))
        #expect(WebhookSecret(secret.text) == secret)
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", "\(secret as Any)", String(reflecting: secret), dumped] {
            #expect(!text.contains("BwcH"), "\(text)")
        }
    }

    @Test(
        "what is no secret is none",
        arguments: ["", "whsec_", "whsec_!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_BwcHBwcH", "whsec_Bwc=\n"])
    func noSecret(text: String) { #expect(WebhookSecret(text) == nil) }

    @Test("the first request makes it and tells the secret, later ones tell only a new one")
    func setting() async throws {
        let fixture = try await Fixture()
        let customer = try await fixture.customerID()
        func set(_ json: String) async throws -> (webhook: Webhook, isNew: Bool) {
            let request = try JSON.decode(WebhookRequest.self, octets(json))
            return try await fixture.database.write { try Webhooks.set(request, customer: customer, in: $0) }
        }
        let first = try await set(#"{"url":"https://a.example/"}"#)
        let secret = try #require(first.webhook.secret)
        #expect(first.isNew)
        #expect(secret.text.count == 6 + 44)
        let second = try await set(#"{"url":"https://b.example/","rotate_secret":null}"#)
        #expect(!second.isNew)
        #expect(second.webhook == Webhook(url: "https://b.example/", createdAt: first.webhook.createdAt))
        let third = try await set(#"{"url":"https://b.example/","rotate_secret":true}"#)
        #expect(third.webhook.secret != nil && third.webhook.secret != secret)

        let report = try await fixture.database.read { try Webhooks.find(customer: customer, in: $0) }
        #expect(report.webhook == Webhook(url: "https://b.example/", createdAt: first.webhook.createdAt))
        try await fixture.database.write { try Webhooks.remove(customer: customer, in: $0) }
        try await fixture.database.write { try Webhooks.remove(customer: customer, in: $0) }
        let none = try await fixture.database.read { try Webhooks.find(customer: customer, in: $0) }
        #expect(try JSON.encode(none) == octets(#"{"deliveries":[],"url":null}"#))
    }

    @Test("tries come later and later, then end; so does all that is a day old")
    func retries() {
        let retries = WebhookRetries()
        let now = Timestamp(milliseconds: 1_000_000_000_000)
        let seconds = (1...7).map { attempts in
            retries.next(after: attempts, created: now, at: now).map { ($0.milliseconds - now.milliseconds) / 1000 }
        }
        #expect(seconds == [5, 30, 120, 600, 3600, 21_600, nil])
        #expect(retries.next(after: 1, created: now.adding(.seconds(-86_399)), at: now) != nil)
        #expect(retries.next(after: 1, created: now.adding(.seconds(-86_400)), at: now) == nil)
        #expect(retries.next(after: 0, created: now, at: now) == nil)
        #expect(
            [0, 1, 2, 3, 4, 100].map { retries.pause(after: $0) } == [0, 5, 30, 120, 300, 300].map { .seconds($0) })
    }
}
