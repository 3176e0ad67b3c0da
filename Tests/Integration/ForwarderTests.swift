import AMQP
import Delivery
import EventLoop
import SQLite
import Service
import Support
import Testing

@testable import Messaging

extension ServiceTests {
    @Suite("Messages that wait until their copy can leave", .serialized)
    struct ForwarderTests {
        @Test("none that can still be acknowledged is forgotten, however many wait")
        func crowd() async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            let proxy = try Proxy(to: broker.port)
            proxy.refuse()
            let folder = try TemporaryFolder("forwarder")
            let database = try await DeliveryDatabase.open(path: folder.file("delivery.db"), demoData: false)
            let loop = try EventLoop(name: "forwarder")
            try loop.start()
            let log = Logger(service: "test", level: .error, format: .json, descriptor: -1)
            let way = try Broker(broker.url(virtualHost: host, port: proxy.port), service: "test", log: log)
            let forwarder = Forwarder(
                way, .orders, on: loop, database: database, begun: BegunWork(), most: 2,
                ConsumerMetrics(Metrics(), .orders), log)
            try await AMQPConnection.withConnection(broker.url(virtualHost: host), name: "test") { connection in
                let channel = try await connection.openChannel()
                try await Broker.declare(on: channel)
                for number in 1...5 {
                    try await channel.publish(
                        Array("bad \(number)".utf8), to: "delivery.exchange", routingKey: "delivery.key")
                }
                let consumer = try await channel.consume("delivery.queue", prefetch: 5)
                for _ in 1...5 {
                    let delivery = try #require(try await consumer.next())
                    await withCheckedContinuation { taken in
                        loop.execute {
                            forwarder.take(
                                Forwarder.Item(
                                    delivery: delivery, decision: .dead(attempts: 1, reason: "bad"), firstSeen: .now,
                                    orderID: nil, attemptKey: nil))
                            taken.resume()
                        }
                    }
                }
                try proxy.accept()
                try await eventually("all are dead letters", within: 20) {
                    let queues = try await broker.queues(virtualHost: host)
                    return queues["delivery.dead.queue"]?.messages == 5 && queues["delivery.queue"]?.messages == 0
                }
            }
            #expect(!forwarder.isHolding)
            await forwarder.stop(within: .seconds(1))
            await database.close()
            proxy.close()
            folder.remove()
            loop.stop()
            loop.join()
            try await broker.deleteVirtualHost(host)
        }
    }
}
