import Delivery
import SQLite
import Testing

@Suite("Webhooks: the turns of notifications")
struct WebhookSendingTests {
    static let lease = Duration.seconds(15)

    /// A database with webhooks, and a clock that the test moves.
    final class Setting {
        let fixture: Fixture
        var now = Timestamp(milliseconds: 1_800_000_000_000)

        init(customers: [Int] = [1]) async throws {
            fixture = try await Fixture()
            for customer in customers {
                let request = try JSON.decode(WebhookRequest.self, octets(#"{"url":"https://\#(customer).example/"}"#))
                let now = self.now
                try await fixture.database.write { db in
                    _ = try Webhooks.set(request, customer: customer, at: now, in: db)
                }
            }
        }

        func pass(_ seconds: Double) { now = now.adding(.milliseconds(Int(seconds * 1000))) }

        static func message(order: Int, version: Int, customer: Int) throws -> (OrderStatusMessage, [UInt8]) {
            let body = octets(
                """
                {"tx_id":"m-\(order)-\(version)","version":"1.0","order_id":\(order),"order_version":\(version),\
                "action":"ACCEPT","status":"ACCEPT","changed_at":"2027-01-15T08:00:00Z","actor":"STORE",\
                "customer_id":\(customer),"store_id":1,"store_name":"x","amount":8000,\
                "ordered_at":"2027-01-15T08:00:00Z","address":"x","items":"x 1"}
                """)
            return (try JSON.decode(OrderStatusMessage.self, body), body)
        }

        @discardableResult
        func notify(_ order: Int, version: Int = 1, customer: Int = 1) async throws -> Bool {
            let (message, body) = try Self.message(order: order, version: version, customer: customer)
            let now = self.now
            return try await fixture.database.write { try Webhooks.notify(message, body: body, at: now, in: $0) }
        }

        func claim(_ limit: Int = 10) async throws -> [Webhooks.Claim] {
            let now = self.now
            return try await fixture.database.write { try Webhooks.claim(limit, at: now, for: lease, in: $0) }
        }

        @discardableResult
        func finish(
            _ claim: Webhooks.Claim, _ outcome: Webhooks.Outcome, goingOn: Bool = false
        ) async throws -> Webhooks.Finished {
            let (now, lease) = (self.now, goingOn ? lease : nil)
            return try await fixture.database.write { db in
                try Webhooks.finish(claim, outcome, at: now, goingOn: lease, in: db)
            }
        }

        func nextDue() async throws -> Timestamp? {
            try await fixture.database.read { try Webhooks.nextDue(in: $0) }
        }

        func deliveries(_ customer: Int = 1) async throws -> [WebhookDelivery] {
            try await fixture.database.read { try Webhooks.find(customer: customer, in: $0).deliveries }
        }
    }

    @Test("a message is stored once, and only for who has a webhook")
    func once() async throws {
        let setting = try await Setting()
        #expect(try await setting.notify(1))
        #expect(try await !setting.notify(1))
        #expect(try await !setting.notify(2, customer: 2))
        #expect(try await setting.deliveries().map(\.id) == ["m-1-1"])
        #expect(try await setting.fixture.count("notification") == 1)
    }

    @Test("a customer has one request at a time, whoever asks, until the claim is over")
    func claims() async throws {
        let setting = try await Setting(customers: [1, 2])
        for order in 1...3 { try await setting.notify(order) }
        setting.pass(1)
        try await setting.notify(9, customer: 2)
        let claims = try await setting.claim()
        #expect(claims.map(\.messageID) == ["m-1-1", "m-9-1"])
        #expect(claims.map(\.url) == ["https://1.example/", "https://2.example/"])
        #expect(try await setting.claim() == [])
        // News does not end a claim.
        try await setting.notify(4)
        #expect(try await setting.claim() == [])
        setting.pass(15)
        // The process that had them is gone.
        #expect(try await setting.claim().map(\.messageID) == ["m-1-1", "m-9-1"])
    }

    @Test("what is delivered makes way for the next one, in the order of coming")
    func order() async throws {
        let setting = try await Setting()
        for version in 1...3 { try await setting.notify(1, version: version) }
        var claim = try await setting.claim().first
        var seen: [String] = []
        while let current = claim {
            seen.append(current.messageID)
            claim = try await setting.finish(current, .delivered, goingOn: true).next
        }
        #expect(seen == ["m-1-1", "m-1-2", "m-1-3"])
        #expect(try await setting.nextDue() == nil)
        let deliveries = try await setting.deliveries()
        #expect(deliveries.allSatisfy { $0.state == .delivered && $0.attempts == 1 && $0.nextAttemptAt == nil })
        let left = try await setting.fixture.database.read { db in
            try db.one("SELECT sum(length(body)) FROM notification") { try $0.int(0) }
        }
        #expect(left == 0)
    }

    @Test(
        "a failure leaves the receiver alone for a while; then what waited goes first, and the failed one when it is due"
    )
    func failure() async throws {
        let setting = try await Setting()
        try await setting.notify(1, version: 1)
        setting.pass(1)
        try await setting.notify(1, version: 2)
        try await setting.finish(setting.claim()[0], .failed("answered 500"), goingOn: true)
        #expect(try await setting.claim() == [])
        // Not even what is new.
        try await setting.notify(2)
        #expect(try await setting.claim() == [])
        setting.pass(5)
        let second = try #require(try await setting.claim().first)
        #expect(second.messageID == "m-1-2")
        let third = try #require(try await setting.finish(second, .delivered, goingOn: true).next)
        #expect(third.messageID == "m-2-1")
        let again = try #require(try await setting.finish(third, .delivered, goingOn: true).next)
        #expect(again.messageID == "m-1-1")
        #expect(again.attempts == 1)
        try await setting.finish(again, .delivered)
        #expect(try await setting.deliveries().map(\.attempts) == [1, 1, 2])
    }

    @Test("after the seventh failure it is given up, where the customer sees it")
    func givingUp() async throws {
        let setting = try await Setting()
        try await setting.notify(1)
        for (attempt, delay) in [5.0, 30, 120, 600, 3600, 21_600].enumerated() {
            let claim = try #require(try await setting.claim().first)
            #expect(claim.attempts == attempt)
            #expect(try await setting.finish(claim, .failed("answered 500")) == Webhooks.Finished())
            #expect(try await setting.nextDue() == setting.now.adding(.milliseconds(Int(delay * 1000))))
            setting.pass(delay)
        }
        let last = try #require(try await setting.claim().first)
        #expect(try await setting.finish(last, .failed("answered 502")).isGivenUp)
        #expect(try await setting.nextDue() == nil)
        let delivery = try #require(try await setting.deliveries().first)
        #expect(delivery.state == .givenUp)
        #expect(delivery.attempts == 7)
        #expect(delivery.lastError == "answered 502")
        #expect(delivery.lastAttemptAt == setting.now)
    }

    @Test("a final failure is the last one, and a turn without an attempt costs nothing")
    func endings() async throws {
        let setting = try await Setting()
        try await setting.notify(1)
        try await setting.finish(setting.claim()[0], .none(.seconds(1)))
        #expect(try await setting.claim() == [])
        setting.pass(1)
        let claim = try #require(try await setting.claim().first)
        #expect(claim.attempts == 0)
        #expect(try await setting.finish(claim, .failed("answered 410", isFinal: true)).isGivenUp)
    }

    @Test("who comes back after the claim is over changes nothing, except by a delivery, which is one")
    func late() async throws {
        let setting = try await Setting()
        try await setting.notify(1)
        try await setting.notify(2)
        let late = try #require(try await setting.claim().first)
        setting.pass(15)
        let own = try #require(try await setting.claim().first)
        #expect(own.messageID == late.messageID)
        #expect(try await setting.finish(late, .failed("answered 500"), goingOn: true) == Webhooks.Finished())
        #expect(try await setting.finish(late, .none(.zero), goingOn: true) == Webhooks.Finished())
        #expect(try await setting.deliveries().map(\.attempts) == [0, 0])
        #expect(try await setting.finish(late, .delivered, goingOn: true) == Webhooks.Finished())
        #expect(try await setting.deliveries().last?.state == .delivered)
        // Still the other one's turn, and its own failure does not undo the delivery.
        #expect(try await setting.claim() == [])
        try await setting.finish(own, .failed("answered 500"))
        #expect(try await setting.deliveries().last?.state == .delivered)
    }

    @Test("a webhook that is removed takes everything along, also what is under way")
    func removal() async throws {
        let setting = try await Setting()
        for order in 1...3 { try await setting.notify(order) }
        let claim = try #require(try await setting.claim().first)
        try await setting.fixture.database.write { try Webhooks.remove(customer: 1, in: $0) }
        #expect(try await setting.finish(claim, .failed("answered 500"), goingOn: true) == Webhooks.Finished())
        #expect(try await setting.nextDue() == nil)
        #expect(try await setting.fixture.count("notification") == 0)
    }

    @Test("few settled ones are kept, and what waits beyond a thousand is given up at once")
    func bounds() async throws {
        let setting = try await Setting()
        let now = setting.now
        try await setting.fixture.database.write { db in
            for order in 1...1001 {
                let (message, body) = try Setting.message(order: order, version: 1, customer: 1)
                let isDue = try Webhooks.notify(message, body: body, at: now, in: db)
                #expect(isDue == (order <= 1000))
            }
        }
        #expect(try await setting.deliveries().first?.lastError == "1000 others wait")
        var claim = try await setting.claim().first
        while let current = claim { claim = try await setting.finish(current, .delivered, goingOn: true).next }
        #expect(try await setting.fixture.count("notification") == 50)
        #expect(try await setting.deliveries().map(\.orderID) == Array((952...1001).reversed()))
    }
}
