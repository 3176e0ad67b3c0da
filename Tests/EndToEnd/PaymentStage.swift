import Delivery
import SQLite
import Support
import Testing

/// Both services, and the payment gateway to try against as a process of its own with books of its own: what happens to the
/// services does not happen to it.
struct PaymentStage {
    let pair: ServicePair
    let gateway: ServiceProcess
    let folder: TemporaryFolder
    let customer: HTTPTestClient

    static func start(environment: [String: String] = [:]) async throws -> PaymentStage {
        let folder = try TemporaryFolder("gateway")
        let gateway = try await ServiceProcess.start(
            "api",
            environment: [
                "SANDBOX": "1", "DATABASE_PATH": folder.file("gateway.db"),
                // It needs no broker.
                "RABBITMQ_URL": "amqp://guest:guest@127.0.0.1:1/",
            ])
        let broker = try await RabbitMQBroker.shared()
        let pair = try await ServicePair.start(
            broker: broker.url(virtualHost: try await broker.makeVirtualHost()),
            environment: [
                "PAYMENT_URL": "http://127.0.0.1:\(gateway.port)/sandbox", "PAYMENT_DEADLINE_MS": "3000",
                "PAYMENT_OPEN_MS": "500",
            ].merging(environment) { $1 })
        return PaymentStage(pair: pair, gateway: gateway, folder: folder, customer: try await pair.customer())
    }

    func stop() async throws {
        try await pair.stop()
        if gateway.isRunning { try await gateway.kill() }
        folder.remove()
    }

    func behave(latency: Int = 0, failures: Int = 0, declines: Int = 0) async throws {
        let reply = try await gateway.http.send(
            "PUT", "/sandbox/settings", headers: ["Content-Type": "application/json"],
            body: Array(
                #"{"latency_ms":\#(latency),"failure_percent":\#(failures),"decline_percent":\#(declines)}"#.utf8))
        #expect(reply.status == 200)
    }

    func place(_ key: String? = nil) async throws -> HTTPResponse {
        try await customer.post(
            "/api/user-order", json: ["store_id": 1, "store_menu_id_list": [1]],
            headers: key.map { ["Idempotency-Key": $0] } ?? [:])
    }

    func status(_ order: Int) async throws -> String? {
        try await customer.get("/api/user-order/id/\(order)").json["body"]["user_order_response"]["status"].string
    }

    func waitFor(_ status: String, _ order: Int, within seconds: Double = 15) async throws {
        try await eventually("order \(order) is \(status)", within: seconds) { try await self.status(order) == status }
    }

    /// How often the order's money has moved, as the gateway counts it.
    func moved(_ order: Int) async throws -> (approvals: Int, cancels: Int) {
        let reply = try await gateway.http.get("/sandbox/payments/\(order)")
        return (reply.json["approvals"].int ?? 0, reply.json["cancels"].int ?? 0)
    }

    /// The amounts of the order's ledger.
    func ledger(_ order: Int) async throws -> [Int] {
        try await onDatabase { db in try Ledger.entries(order: order, in: db).map(\.amount) }
    }

    func onDatabase<Value: Sendable>(
        _ body: @escaping @Sendable (SQLite.Connection) throws -> Value
    ) async throws -> Value {
        let database = try await DeliveryDatabase.open(path: pair.folder.file("delivery.db"), demoData: false)
        let value: Result<Value, any Error>
        do { value = .success(try await database.write(body)) } catch { value = .failure(error) }
        await database.close()
        return try value.get()
    }

    /// Changes the database behind the services' back.
    func execute(_ script: String) async throws {
        try await onDatabase { db in try db.execute(script: script) }
    }

    func countOrders(notIn status: String) async throws -> Int {
        try await onDatabase { db in
            try db.one("SELECT count(*) FROM user_order WHERE status <> ?", status) { row in try row.int(0) }
        }
    }

    /// The order was paid once and not given back.
    func expectPaid(_ order: Int) async throws {
        #expect(try await moved(order) == (1, 0), "order \(order)")
        #expect(try await ledger(order) == [8000], "order \(order)")
    }

    /// The order was paid once and given back once.
    func expectRefunded(_ order: Int) async throws {
        try await eventually("order \(order) is given back") { try await ledger(order) == [8000, -8000] }
        #expect(try await moved(order) == (1, 1), "order \(order)")
    }

    func reconcile() async throws -> (exit: ChildProcess.Exit, output: String) {
        try await ServiceProcess.runToEnd(
            "api", arguments: ["--reconcile"],
            environment: [
                "DATABASE_PATH": pair.folder.file("delivery.db"),
                "PAYMENT_URL": "http://127.0.0.1:\(gateway.port)/sandbox",
            ], within: 30)
    }

    func metric(_ name: String) async throws -> Int? {
        try await pair.api.http.get("/metrics").text.split(separator: "\n").lazy
            .compactMap { line in line.hasPrefix(name + " ") ? Int(Double(line.dropFirst(name.count + 1)) ?? -1) : nil }
            .first
    }
}
