import AMQP
import Delivery
import EventLoop
import SQLite
import Service
import Support

@testable import Messaging

/// Groups in this process, with a virtual host and a database of their own. Their work is to count what they get.
struct GroupFixture: Sendable {
    let broker: RabbitMQBroker
    let virtualHost: String
    let database: Database
    let channel: AMQPChannel
    let metrics = Metrics()
    private let folder: TemporaryFolder
    private let loop: EventLoop
    private let log = Logger(service: "test", level: .error, format: .json, descriptor: -1)

    /// What the groups of the tests understand.
    struct Message: Codable {
        let order: Int

        enum CodingKeys: String, CodingKey { case order = "order_id" }
    }

    static func with(_ body: (GroupFixture) async throws -> Void) async throws {
        let broker = try await RabbitMQBroker.shared()
        let host = try await broker.makeVirtualHost()
        let folder = try TemporaryFolder("groups")
        let database = try await DeliveryDatabase.open(path: folder.file("delivery.db"), demoData: true)
        try await database.write { db in
            try db.execute(
                script: """
                    CREATE TABLE seen(who TEXT, order_id INTEGER, times INTEGER, PRIMARY KEY (who, order_id)) STRICT;
                    """)
        }
        let loop = try EventLoop(name: "groups")
        try loop.start()
        try await AMQPConnection.withConnection(broker.url(virtualHost: host), name: "test") { connection in
            let channel = try await connection.openChannel()
            try await Broker.declare(on: channel)
            try await body(
                GroupFixture(
                    broker: broker, virtualHost: host, database: database, channel: channel, folder: folder, loop: loop)
            )
        }
        await database.close()
        folder.remove()
        loop.stop()
        loop.join()
        try await broker.deleteVirtualHost(host)
    }

    private init(
        broker: RabbitMQBroker, virtualHost: String, database: Database, channel: AMQPChannel, folder: TemporaryFolder,
        loop: EventLoop
    ) {
        (self.broker, self.virtualHost, self.database, self.channel) = (broker, virtualHost, database, channel)
        (self.folder, self.loop) = (folder, loop)
    }

    /// Runs an instance of each of the groups while `body` does.
    ///
    /// - Parameters:
    ///   - port: of a proxy before the broker.
    ///   - isAwaited: begin with `body` when the broker knows of them.
    ///   - more: work beside the counting; it may throw.
    func withConsumers(
        _ groups: [ConsumerGroup], port: UInt16? = nil, prefetch: UInt16 = 50, isAwaited: Bool = true,
        doing more: @escaping @Sendable (String, Int, SQLite.Connection) throws -> Void = { _, _, _ in },
        _ body: () async throws -> Void
    ) async throws {
        let way = try Broker(
            broker.url(virtualHost: virtualHost, port: port ?? broker.port), service: "test", log: log)
        let consumers = groups.map { group in
            GroupConsumer(
                group, on: loop, database: database, broker: way, prefetch: prefetch, metrics: metrics, log: log
            ) { message in
                let order = try JSON.decode(Message.self, message.body).order
                return GroupTask(order: order) { db in
                    try more(group.name, order, db)
                    try db.run(
                        """
                        INSERT INTO seen(who, order_id, times) VALUES (?, ?, 1)
                        ON CONFLICT(who, order_id) DO UPDATE SET times = times + 1
                        """, group.name, order)
                }
            }
        }
        let before = try await broker.queues(virtualHost: virtualHost)
        let running = consumers.map { consumer in Task(executorPreference: loop) { try await consumer.run() } }
        try await eventually("the groups are there") {
            guard isAwaited else { return true }
            let now = try await broker.queues(virtualHost: virtualHost)
            return groups.allSatisfy { (now[$0.queue]?.consumers ?? 0) > (before[$0.queue]?.consumers ?? 0) }
        }
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        for consumer in consumers { await consumer.stop(within: .seconds(1)) }
        for task in running { _ = try? await task.value }
        try result.get()
    }

    func publish(_ order: Int, key: String = "order.accept", id: String? = nil) async throws {
        try await publish(#"{"order_id":\#(order)}"#, key: key, id: id ?? "message-\(order)")
    }

    func publish(_ body: String, key: String = "order.accept", id: String) async throws {
        try await channel.publish(
            Array(body.utf8), to: "order.events", routingKey: key,
            properties: BasicProperties(
                headers: ["traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
                deliveryMode: .persistent, messageID: id, type: "OrderStatusMessage"))
    }

    /// How often each order was seen.
    func seen(_ group: ConsumerGroup) async throws -> [Int: Int] {
        try await database.read { db in
            var seen: [Int: Int] = [:]
            try db.each("SELECT order_id, times FROM seen WHERE who = ?", group.name) { row in
                seen[try row.int(0)] = try row.int(1)
            }
            return seen
        }
    }

    func queue(_ group: ConsumerGroup) async throws -> QueueState {
        try await broker.queue(group.queue, virtualHost: virtualHost) ?? QueueState(ready: -1)
    }

    /// Waits until every message of these groups is settled.
    func waitUntilEmpty(_ groups: ConsumerGroup...) async throws {
        try await eventually("all are settled") {
            let queues = try await broker.queues(virtualHost: virtualHost)
            return groups.allSatisfy { queues[$0.queue]?.messages == 0 }
        }
    }

    func deadLetters(_ body: (DeadLetterQueue) async throws -> Void) async throws {
        var limits = DeadLetterQueue.Limits()
        limits.operation = .seconds(20)
        try await body(
            DeadLetterQueue(
                Broker(broker.url(virtualHost: virtualHost), service: "test", log: log), on: loop, limits: limits,
                metrics: Metrics(), log: log, forget: DeadLetterQueue.forgetAttempts(in: database)))
    }
}
