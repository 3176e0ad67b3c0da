import AMQP
import Delivery
import SQLite
import Support
import Testing

struct EventFixture: Sendable {
    let pair: ServicePair
    private let connection: AMQPConnection
    private let database: Database

    static func with(_ body: (EventFixture) async throws -> Void) async throws {
        let broker = try await RabbitMQBroker.shared()
        let host = try await broker.makeVirtualHost()
        let pair = try await ServicePair.start(broker: broker.url(virtualHost: host))
        let database = try await DeliveryDatabase.open(path: pair.folder.file("delivery.db"), demoData: false)
        try await AMQPConnection.withConnection(broker.url(virtualHost: host), name: "spring") { connection in
            try await body(EventFixture(pair: pair, connection: connection, database: database))
        }
        await database.close()
        try await pair.stop()
        try await broker.deleteVirtualHost(host)
    }

    // MARK: - Calls

    func owner() async throws -> HTTPTestClient {
        let session = try await pair.session()
        return pair.admin.http.with(cookie: session)
    }

    func post(_ client: HTTPTestClient, _ path: String, _ body: Support.JSONValue) async throws {
        let reply = try await client.post(path, json: body)
        guard reply.status == 200 else { throw SupportError("\(path): \(reply.status) \(reply.text)") }
    }

    /// `.null` when there is none.
    func view(_ client: HTTPTestClient, _ order: Int) async throws -> Support.JSONValue {
        let reply = try await client.get("/api/order-view/\(order)")
        return reply.status == 200 ? reply.json["body"] : .null
    }

    func settlement(_ owner: HTTPTestClient) async throws -> Support.JSONValue {
        try await owner.get("/api/settlement").json["body"]
    }

    func run(_ option: String) async throws -> String {
        let end = try await ServiceProcess.runToEnd(
            "store-admin", arguments: [option], environment: ["DATABASE_PATH": pair.folder.file("delivery.db")],
            within: 30)
        guard end.exit == .code(0) else { throw SupportError("\(option): \(end.exit) \(end.output)") }
        return end.output
    }

    // MARK: - Events

    struct Heard: Sendable {
        let key: String
        let json: Support.JSONValue
        let type: String?
        let messageID: String?
    }

    /// A queue of a plain client of AMQP.
    struct Foreign: Sendable {
        let channel: AMQPChannel
        let queue: String

        /// Waits for so many messages and for no more.
        func take(_ count: Int) async throws -> [Heard] {
            var heard: [Heard] = []
            try await eventually("\(count) messages are heard") {
                for delivery in try await channel.drain(queue) {
                    heard.append(
                        Heard(
                            key: delivery.routingKey, json: try Support.JSONValue(parsing: delivery.body),
                            type: delivery.properties.type, messageID: delivery.properties.messageID))
                }
                return heard.count >= count
            }
            return heard
        }
    }

    func bind(_ queue: String, to key: String) async throws -> Foreign {
        // The services declare the exchange, once they are connected.
        try await eventually("the exchange is there", within: 20) {
            let channel = try await self.connection.openChannel()
            defer { Task { await channel.close() } }
            return (try? await channel.checkExchange("order.events")) != nil
        }
        let channel = try await connection.openChannel()
        try await channel.declareQueue(queue)
        try await channel.bindQueue(queue, to: "order.events", routingKey: key)
        return Foreign(channel: channel, queue: queue)
    }

    /// Each message says everything that the document promises.
    func check(_ heard: [Heard]) throws {
        for message in heard {
            let json = message.json
            #expect(json["tx_id"].string == message.messageID && json["version"].string == "1.0")
            #expect(json["customer_id"].int == 1)
            guard message.type == "OrderStatusMessage" else {
                #expect(message.type == "OrderCompletedMessage" && message.key == "order.completed")
                #expect(json["completed_at"].string != nil)
                continue
            }
            #expect(message.key == "order.\(json["status"].string?.lowercased() ?? "")")
            for field in [
                "action", "actor", "changed_at", "ordered_at", "paid_at", "address", "items", "store_name",
            ] { #expect(json[field].string?.isEmpty == false, "\(field) of \(message.key)") }
            #expect(json["store_id"].int == 1 && (json["amount"].int ?? 0) > 0)
        }
        let versions = heard.compactMap { $0.json["order_version"].int }
        #expect(versions.sorted() == [1, 1, 2, 2, 3, 4, 5, 6, 7])
    }

    // MARK: - The database

    func execute(_ script: String) async throws {
        try await database.write { db in try db.execute(script: script) }
    }

    func ledger() async throws -> (charges: Int, refunds: Int) {
        try await database.read { db in
            try db.one(
                """
                SELECT sum(amount) FILTER (WHERE kind = 'CHARGE'), sum(amount) FILTER (WHERE kind = 'REFUND') FROM ledger_entry
                """
            ) { (try $0.int(0), try $0.int(1)) }
        }
    }

    func waitForViews(_ orders: [Int]) async throws {
        try await eventually("every change is in the table", within: 20) {
            try await database.read { db in
                try db.one(
                    """
                    SELECT count(*) FROM user_order o JOIN order_view v ON v.order_id = o.id AND v.version >= o.version
                    """
                ) { try $0.int(0) }
            } == orders.count
        }
    }

    /// Rows that differ from their orders.
    func wrongViews() async throws -> Int {
        try await database.read { db in
            try db.one(
                """
                SELECT count(*) FROM user_order o LEFT JOIN order_view v ON v.order_id = o.id
                WHERE v.status IS NOT o.status OR v.version IS NOT o.version OR v.amount IS NOT o.amount
                  OR v.address IS NOT o.address OR v.changed_at IS NOT o.status_changed_at
                """
            ) { try $0.int(0) }
        }
    }

    // MARK: - Settlement

    /// The same figures as a table, by month, and for the operator.
    func checkTables(_ owner: HTTPTestClient, _ day: Support.JSONValue) async throws {
        let date = try #require(day["day"].string)
        for (path, headers) in [
            ("/api/settlement?day=\(date)&format=csv", [:]), ("/api/settlement", ["Accept": "text/csv"]),
        ] {
            let reply = try await owner.get(path, headers: headers)
            #expect(reply.status == 200 && reply.header("content-type") == "text/csv; charset=utf-8")
            #expect(reply.header("content-disposition") == "attachment; filename=\"settlement-1-\(date).csv\"")
            #expect(Array(reply.body.prefix(3)) == [0xEF, 0xBB, 0xBF])
            let lines = String(decoding: reply.body.dropFirst(3), as: UTF8.self).split(separator: "\r\n")
            #expect(lines.count == 1 + (day["entry_count"].int ?? 0))
            let payouts = lines.dropFirst().compactMap { $0.split(separator: ",").last.flatMap { Int($0) } }
            #expect(payouts.reduce(0, +) == day["payout"].int)
        }
        let month = try await owner.get("/api/settlement?month=\(date.prefix(7))").json["body"]
        #expect(month["payout"] == day["payout"] && month["days"][0]["day"].string == date)
        #expect(try await owner.get("/api/settlement?day=2020-01-01").json["body"]["entry_count"].int == 0)
        for wrong in ["day=2026-02-30", "month=2026-13", "day=x", "format=xml", "month=2026-11&day=2026-11-20"] {
            #expect(try await owner.get("/api/settlement?\(wrong)").status == 400, "\(wrong)")
        }
    }
}
