import struct Delivery.WebhookSecret
import Support
import Testing

@Suite("Webhooks of the running services", .serialized, .timeLimit(.minutes(2)))
struct ServiceWebhookTests {
    private static let path = "/api/user/webhook"

    private func status(_ request: HTTPReceiver.Received) throws -> String {
        let body = try JSONValue(parsing: request.body)
        return "\(body["order_id"].int ?? 0) \(body["status"].string ?? "?")"
    }

    /// Whether the request is signed with the secret.
    private func isSigned(_ request: HTTPReceiver.Received, _ secret: WebhookSecret) -> Bool {
        guard let id = request.fields["webhook-id"], let seconds = request.fields["webhook-timestamp"].flatMap(Int.init)
        else { return false }
        return request.fields["webhook-signature"]
            == secret.signature(id: id, seconds: seconds, body: request.body)
    }

    @Test("tell of each change, again by the same id after a crash between the answer and its commit, until removed")
    func story() async throws {
        let broker = try await RabbitMQBroker.shared()
        let host = try await broker.makeVirtualHost()
        let pair = try await ServicePair.start(
            broker: broker.url(virtualHost: host),
            environment: ["WEBHOOK_PRIVATE": "1", "WEBHOOK_TIMEOUT_MS": "500", "LOG_LEVEL": "debug"])
        let receiver = try HTTPReceiver()
        let customer = try await pair.customer()
        func put(_ more: [String: JSONValue] = [:]) async throws -> HTTPResponse {
            let url = JSONValue.string("http://127.0.0.1:\(receiver.port)/hook")
            return try await customer.send(
                "PUT", Self.path, headers: ["Content-Type": "application/json"],
                body: JSONValue.object(more.merging(["url": url]) { $1 }).bytes)
        }
        let made = try await put()
        #expect(made.status == 201)
        #expect(made.header("location") == Self.path)
        let first = try #require(WebhookSecret(made.json["body"]["secret"].string ?? ""))
        let changed = try await put()
        #expect(changed.status == 200)
        #expect(changed.json["body"]["secret"] == .null)
        let rotated = try await put(["rotate_secret": true])
        let secret = try #require(WebhookSecret(rotated.json["body"]["secret"].string ?? ""))

        let one = try await pair.order(customer)
        try await eventually("the first order is told") { !receiver.received.isEmpty }
        #expect(try status(receiver.received[0]) == "\(one) ORDER")
        #expect(isSigned(receiver.received[0], secret) && !isSigned(receiver.received[0], first))

        try await pair.admin.terminate()
        try await pair.admin.startAgain(environment: ["FAILPOINTS": "webhook.before-commit:crash"])
        let two = try await pair.order(customer)
        #expect(try await pair.admin.waitForExit(within: 20) == .signal(9))
        #expect(receiver.received.count == 2)
        let three = try await pair.order(customer)
        try await pair.admin.startAgain(environment: ["FAILPOINTS": ""])
        // The claim of the dead process has to run out.
        try await eventually("the others are told", within: 20) { receiver.received.count == 4 }
        #expect(
            try receiver.received.map { try status($0) } == [
                "\(one) ORDER", "\(two) ORDER", "\(two) ORDER", "\(three) ORDER",
            ])
        let ids = receiver.received.map { $0.fields["webhook-id"] }
        #expect(ids[1] == ids[2] && Set(ids).count == 3)
        #expect(receiver.received.allSatisfy { isSigned($0, secret) })
        try await eventually("all are settled") {
            let deliveries = try await customer.get(Self.path).json["body"]["deliveries"].array
            return deliveries.count == 3 && deliveries.allSatisfy { $0["state"].string == "DELIVERED" }
        }

        #expect(try await customer.send("DELETE", Self.path).status == 200)
        let none = try await customer.get(Self.path).json["body"]
        #expect(none["url"] == .null && none["deliveries"].array.isEmpty)
        try await pair.order(customer)
        // Taken by the group, and no more to be told to anybody.
        try await eventually("the group has seen it") {
            try await broker.queue("notification-group-id", virtualHost: host)?.messages == 0
        }
        for text in [pair.api.output, pair.admin.output, try await pair.admin.http.get("/metrics").text] {
            for known in [first, secret] { #expect(!text.contains(known.text.dropFirst(6))) }
        }
        try await pair.stop()
        #expect(receiver.received.count == 4)
        try await broker.deleteVirtualHost(host)
    }

    @Test("are not allowed inside the network unless a setting says so")
    func privateAddresses() async throws {
        let customer = try await ServiceFixture.get().pair.customer("customer2@example.com")
        for url in ["http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://169.254.169.254/", "ftp://a/"] {
            let reply = try await customer.send(
                "PUT", Self.path, headers: ["Content-Type": "application/json"],
                body: JSONValue.object(["url": .string(url)]).bytes)
            #expect(reply.status == 400)
            #expect(reply.json["result"]["result_description"].string?.hasPrefix("url: ") == true)
        }
        #expect(try await customer.get(Self.path).json["body"]["url"] == .null)
    }
}
