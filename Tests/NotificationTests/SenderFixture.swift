import Delivery
import EventLoop
import Foundation
import Notifications
import SQLite
import Service
import Support

/// A sender with a database of its own, and real time made short.
struct SenderFixture: Sendable {
    let database: Database
    let metrics = Metrics()
    let loop: EventLoop
    private let log = Logger(service: "test", level: .error, format: .json, descriptor: -1)

    static func with(_ body: (SenderFixture) async throws -> Void) async throws {
        let folder = try TemporaryFolder("webhooks")
        let loop = try EventLoop(name: "sender")
        try loop.start()
        let database = try await DeliveryDatabase.open(path: folder.file("delivery.db"), demoData: true)
        try await body(SenderFixture(database: database, loop: loop))
        await database.close()
        loop.stop()
        loop.join()
        folder.remove()
    }

    private init(database: Database, loop: EventLoop) { (self.database, self.loop) = (database, loop) }

    static var bounds: WebhookSender.Bounds {
        var bounds = WebhookSender.Bounds()
        bounds.timeout = .milliseconds(300)
        bounds.interval = .milliseconds(20)
        bounds.retries.delays = [.milliseconds(20), .milliseconds(40)]
        bounds.retries.longestPause = .milliseconds(20)
        return bounds
    }

    /// Runs a sender while `body` does.
    func withSender(
        _ bounds: WebhookSender.Bounds = bounds, allowsPrivate: Bool = true,
        _ body: (WebhookSender) async throws -> Void
    ) async throws {
        let sender = WebhookSender(
            on: loop, database: database, address: WebhookAddress(allowsPrivate: allowsPrivate), bounds: bounds,
            metrics: metrics, log: log)
        let running = Task(executorPreference: loop) { await sender.run() }
        do { try await body(sender) } catch {
            await sender.stop(within: .zero)
            await running.value
            throw error
        }
        await sender.stop(within: .seconds(1))
        await running.value
    }

    /// A customer with a webhook.
    func customer(_ url: String) async throws -> (id: Int, secret: WebhookSecret) {
        let request = try JSON.decode(WebhookRequest.self, Array(#"{"url":"\#(url)"}"#.utf8))
        return try await database.write { db in
            try db.run(
                """
                INSERT INTO customer(name, email, address, password, status, registered_at)
                SELECT 'x', 'c' || count(*) || '@example.com', 'x', 'x', 'REGISTERED', 0 FROM customer
                """)
            let id = Int(db.lastInsertRowID)
            guard let secret = try Webhooks.set(request, customer: id, in: db).webhook.secret else {
                throw SupportError("no secret")
            }
            return (id, secret)
        }
    }

    /// A change of an order, as its message says it.
    static func body(order: Int, version: Int = 1, customer: Int) -> [UInt8] {
        Array(
            """
            {"tx_id":"m-\(order)-\(version)","version":"1.0","order_id":\(order),"order_version":\(version),\
            "action":"ACCEPT","status":"ACCEPT","changed_at":"2027-01-15T08:00:00Z","actor":"STORE",\
            "customer_id":\(customer),"store_id":1,"store_name":"한솥부엌","amount":8000,\
            "ordered_at":"2027-01-15T08:00:00Z","address":"x","items":"김치찌개 1"}
            """.utf8)
    }

    func notify(_ order: Int, version: Int = 1, customer: Int, _ sender: WebhookSender? = nil) async throws {
        let body = Self.body(order: order, version: version, customer: customer)
        let message = try JSON.decode(OrderStatusMessage.self, body)
        try await database.write { db in _ = try Webhooks.notify(message, body: body, in: db) }
        sender?.wake()
    }

    func deliveries(_ customer: Int) async throws -> [WebhookDelivery] {
        try await database.read { try Webhooks.find(customer: customer, in: $0).deliveries }
    }

    /// Waits until nothing of the customer's waits any more.
    func settled(_ customer: Int, within seconds: Double = 10) async throws -> [WebhookDelivery] {
        var deliveries: [WebhookDelivery] = []
        try await eventually("an end of the notifications", within: seconds) {
            deliveries = try await self.deliveries(customer)
            return !deliveries.isEmpty && deliveries.allSatisfy { $0.state != .pending }
        }
        return deliveries
    }
}
