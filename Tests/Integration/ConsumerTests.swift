import AMQP
import Delivery
import EventLoop
import Service
import Support
import Synchronized
import Testing

@testable import Messaging
@testable import SQLite

extension ServiceTests {
    /// The consumer alone, in this process, with a database that gives up waiting for a lock after a moment.
    @Suite("The consumer when the database or the broker is in trouble", .serialized)
    struct ConsumerTests {
        @Test("while another program holds the database nothing is given up; afterwards everything arrives")
        func locked() async throws {
            let fixture = try await ConsumerFixture.start(orders: 20)
            let lock = try fixture.lock()
            for order in fixture.orders { try await fixture.channel.announce(order) }
            try await fixture.channel.publish(
                Array("hello".utf8), to: "delivery.exchange", routingKey: "delivery.key")
            try await eventually("it has been tried again") { fixture.retried.current >= 3 }
            let queues = try await fixture.queues
            #expect(queues["delivery.queue"]?.messages == 21)
            #expect(queues.filter { $0.key != "delivery.queue" }.allSatisfy { $0.value.messages == 0 })
            lock.rollback()
            lock.close()
            try await fixture.waitForAll()
            try await eventually("the bad one is dead") {
                try await fixture.queues["delivery.dead.queue"]?.messages == 1
            }
            #expect(try await fixture.queues["delivery.queue"]?.messages == 0)
            try await fixture.stop()
        }

        @Test("what a lost connection brings again arrives once and in its order, and none of it is a dead letter")
        func cut() async throws {
            let fixture = try await ConsumerFixture.start(orders: 50)
            let lock = try fixture.lock()
            for order in fixture.orders { try await fixture.channel.announce(order) }
            for round in 1...2 {
                try await eventually("they are delivered, round \(round)") {
                    try await fixture.queues["delivery.queue"]?.unacknowledged == 50
                }
                fixture.proxy.refuse()
                fixture.proxy.cutAll()
                try await eventually("they are back, round \(round)") {
                    try await fixture.queues["delivery.queue"]?.ready == 50
                }
                try fixture.proxy.accept()
            }
            lock.rollback()
            lock.close()
            try await fixture.waitForAll()
            // In their order, although each was redelivered.
            #expect(fixture.announced == fixture.orders)
            try await eventually("all are settled") { try await fixture.queues["delivery.queue"]?.messages == 0 }
            #expect(try await fixture.queues["delivery.dead.queue"]?.messages == 0)
            let left = try await fixture.database.read { db in
                try db.one("SELECT count(*) FROM delivery_attempt") { try $0.int(0) }
            }
            #expect(left == 0)
            try await fixture.stop()
        }
    }
}

/// A consumer with a broker's virtual host, a database and a way to cut its connections, each its own.
struct ConsumerFixture: Sendable {
    let orders: [Int]
    let database: Database
    let channel: AMQPChannel
    let proxy: Proxy
    let retried: Counter
    private let seen: Seen
    private let broker: RabbitMQBroker
    private let host: String
    private let folder: TemporaryFolder
    private let loop: EventLoop
    private let consumer: OrderConsumer
    private let running: Task<Void, any Error>

    private final class Seen: Sendable {
        let orders = Lock<[Int]>([])
    }

    static func start(orders count: Int) async throws -> ConsumerFixture {
        let broker = try await RabbitMQBroker.shared()
        let host = try await broker.makeVirtualHost()
        let proxy = try Proxy(to: broker.port)
        let folder = try TemporaryFolder("consumer")
        let path = folder.file("delivery.db")
        let orders = try await UnannouncedOrders.make(at: path, count: count).ids
        var configuration = Configuration()
        configuration.busyMilliseconds = 50
        let database = try await DeliveryDatabase.open(path: path, demoData: false, configuration: configuration)
        let loop = try EventLoop(name: "consumer")
        try loop.start()
        let log = Logger(service: "test", level: .error, format: .json, descriptor: -1)
        let metrics = Metrics()
        let seen = Seen()
        let consumer = OrderConsumer(
            on: loop, database: database,
            broker: try Broker(broker.url(virtualHost: host, port: proxy.port), service: "test", log: log),
            prefetch: 50, metrics: metrics, log: log, news: OrderNews(instance: 1),
            appended: { events in
                let ids = events.compactMap { try? JSONValue(parsing: $0.data)["user_order_response"]["id"].int }
                seen.orders.withLock { $0 += ids.compactMap(\.self) }
            })
        let running = Task(executorPreference: loop) { try await consumer.run() }
        let connection = try await AMQPConnection.connect(broker.url(virtualHost: host), name: "test")
        try await eventually("the consumer is there") {
            try await broker.queue("delivery.queue", virtualHost: host)?.consumers == 1
        }
        return ConsumerFixture(
            orders: orders, database: database, channel: try await connection.openChannel(), proxy: proxy,
            retried: metrics.counter("consume_retried_total", help: ""), seen: seen, broker: broker, host: host,
            folder: folder, loop: loop, consumer: consumer, running: running)
    }

    /// The orders that were appended to the log, as they were.
    var announced: [Int] { seen.orders.withLock { $0 } }
    var queues: [String: QueueState] {
        get async throws { try await broker.queues(virtualHost: host) }
    }

    /// Holds SQLite's write lock until the connection is closed, as a foreign program does.
    func lock() throws -> Connection {
        let connection = try Connection(path: database.path)
        try connection.begin(.immediate)
        return connection
    }

    func waitForAll() async throws {
        try await eventually("\(orders.count) orders in the log") { announced.count == orders.count }
        #expect(announced.sorted() == orders)
    }

    func stop() async throws {
        await consumer.stop(within: .seconds(1))
        _ = try? await running.value
        await database.close()
        await channel.connection.close()
        proxy.close()
        folder.remove()
        loop.stop()
        loop.join()
        try await broker.deleteVirtualHost(host)
    }
}
