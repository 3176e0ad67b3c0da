import AMQP
import SQLite
import Support
import Testing

extension ServiceTests {
    /// One bad message delays no good one (R4), with processes of its own.
    @Suite("Bad messages between good ones", .serialized)
    struct PoisonTests {
        @Test(
            "a message that crashes the process is given up after five counted attempts, and the others do not wait for it"
        )
        func crash() async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            var orders: [Int] = []
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: host)) { path in
                orders = try await UnannouncedOrders.make(at: path, count: 9).ids
            }
            let (poison, good) = (orders[3], orders.filter { $0 != orders[3] })
            let session = try await pair.session()
            try await pair.admin.terminate()
            try await AMQPConnection.withConnection(broker.url(virtualHost: host), name: "test") { connection in
                let channel = try await connection.openChannel()
                for order in orders { try await channel.announce(order) }

                // First delivered in one batch with the others; from then on alone.
                var crashes = 0
                func run() async throws {
                    try? await pair.admin.startAgain(
                        environment: ["FAILPOINTS": "consumer.before-commit:crash:order=\(poison)"])
                    #expect(try await pair.admin.waitForExit(within: 20) == .signal(9))
                    crashes += 1
                }
                for _ in 0..<3 { try await run() }
                // It was the only one in work at a death, and has let the others pass since it was counted once.
                #expect(try await broker.queue("delivery.queue", virtualHost: host)?.messages == 1)
                for _ in 0..<3 { try await run() }
                #expect(crashes == 6)
                try await pair.admin.startAgain()
                let stream = pair.stream(session, after: "0")
                try await stream.connect()
                try await stream.waitForOrders(good)
                try await eventually("it is dead", within: 20) {
                    try await broker.queue("delivery.dead.queue", virtualHost: host)?.messages == 1
                }
                #expect(stream.orders.sorted() == good)
                try await eventually("it is settled") {
                    try await broker.queue("delivery.queue", virtualHost: host)?.messages == 0
                }
                let dead = try #require(try await channel.drain("delivery.dead.queue").first)
                #expect(dead.orderID == poison)
                #expect(dead.header("x-attempts") == .int64(5))
                #expect(dead.header("x-error")?.string?.contains("5 times") == true)

                // Somebody mends what was wrong and sends it again, with the headers as they are.
                try await pair.admin.terminate()
                try await pair.admin.startAgain(environment: ["FAILPOINTS": ""])
                try await channel.announce(poison, headers: dead.properties.headers)
                let later = pair.stream(session, after: "0")
                try await later.connect()
                try await later.waitForOrders([poison])
                for tab in [stream, later] { tab.close() }
            }
            try await pair.stop()
            try await broker.deleteVirtualHost(host)
        }

        @Test(
            "a message that fails while the database works is tried later, and is dead in the end; others do not wait")
        func trouble() async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            var orders: [Int] = []
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: host)) { path in
                orders = try await UnannouncedOrders.make(at: path, count: 6).ids
            }
            let (passing, lasting) = (orders[1], orders[4])
            let good = orders.filter { $0 != passing && $0 != lasting }
            try await pair.admin.terminate()
            let point = "consumer.before-commit:error:order"
            try await pair.admin.startAgain(
                environment: ["FAILPOINTS": "\(point)=\(passing):times=2; \(point)=\(lasting)"])
            let stream = pair.stream(try await pair.session(), after: "0")
            try await stream.connect()
            try await AMQPConnection.withConnection(broker.url(virtualHost: host), name: "test") { connection in
                let channel = try await connection.openChannel()
                // One that has been through all queues but the last.
                try await channel.publish(
                    UnannouncedOrders.body(lasting), to: "", routingKey: "delivery.retry.1s",
                    properties: BasicProperties(
                        headers: ["x-attempts": 3, "x-first-seen": "2026-03-01T09:30:00Z"], messageID: "last"))
                for order in orders where order != lasting { try await channel.announce(order) }
                try await stream.waitForOrders(good)
                #expect(stream.orders == good)
                try await stream.waitForOrders([passing])
                #expect(stream.orders == good + [passing])

                try await eventually("the other one is dead", within: 20) {
                    try await broker.queue("delivery.dead.queue", virtualHost: host)?.messages == 1
                }
                let dead = try #require(try await channel.drain("delivery.dead.queue").first)
                #expect(dead.orderID == lasting)
                #expect(dead.header("x-attempts") == .int64(4))
                #expect(dead.header("x-first-seen") == "2026-03-01T09:30:00.000Z")
                #expect(dead.header("x-error")?.string?.contains("failpoint") == true)

                // It is not dead at once when it comes again with its headers.
                try await channel.announce(lasting, headers: dead.properties.headers)
                let line = try await pair.admin.waitForLog { line in
                    line.contains("tried again later") && line.contains("\"message_id\":\"order-\(lasting)\"")
                }
                #expect(line.contains("\"order_id\":\(lasting),"))
                #expect(line.contains("\"attempts\":1"))
            }
            stream.close()
            let metrics = try await pair.admin.http.get("/metrics").text
            #expect(metrics.contains("dead_lettered_total 1\n"))
            #expect(!metrics.contains("delayed_retries_total 0\n"))
            try await pair.stop()
            try await broker.deleteVirtualHost(host)
        }

        @Test("whatever a bad message asks the broker for, one copy of it is among the dead letters, and stays there")
        func properties() async throws {
            let fixture = try await ServiceFixture.get()
            try await fixture.broker.addUser("spring", password: "spring")
            try await fixture.broker.setPermissions(user: "spring", virtualHost: fixture.virtualHost)
            let url = fixture.broker.url(user: "spring", password: "spring", virtualHost: fixture.virtualHost)
            let hostile = [
                BasicProperties(headers: ["CC": .array(["delivery.queue", "delivery.key"])]),
                BasicProperties(expiration: "60000"),
                BasicProperties(userID: "spring"),
                BasicProperties(headers: ["x-attempts": .int64(.max), "x-first-seen": 7, "x-death": "x"]),
                // Fits into a frame by itself, and not with our headers.
                BasicProperties(headers: ["large": .string(String(repeating: "x", count: 130_900))]),
            ]
            try await AMQPConnection.withConnection(url, name: "spring") { connection in
                let channel = try await connection.openChannel()
                _ = try await channel.drain("delivery.dead.queue")
                for (number, properties) in hostile.enumerated() {
                    try await channel.publish(
                        Array("hostile \(number)".utf8), to: "delivery.exchange", routingKey: "delivery.key",
                        properties: properties)
                }
                try await eventually("all are dead", within: 20) {
                    let queues = try await fixture.broker.queues(virtualHost: fixture.virtualHost)
                    return queues["delivery.queue"]?.messages == 0
                        && queues["delivery.dead.queue"]?.messages == hostile.count
                }
                let dead = try await channel.drain("delivery.dead.queue")
                #expect(
                    dead.map { String(decoding: $0.body, as: UTF8.self) }.sorted()
                        == hostile.indices.map { "hostile \($0)" })
                for letter in dead {
                    #expect(letter.properties.expiration == nil)
                    #expect(letter.header("x-attempts") == .int64(1))
                }
            }
        }

        @Test(
            "an order that crashes the sweep, and one that cannot be read, are given up, and the others are announced")
        func sweep() async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            var orders: [Int] = []
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: host)) { path in
                orders = try await UnannouncedOrders.make(at: path, count: 5).ids
            }
            let (crashing, unreadable) = (orders[1], orders[3])
            let session = try await pair.session()
            try await pair.admin.terminate()
            // Long ago, and their messages are lost.
            let database = try Connection(path: pair.folder.file("delivery.db"))
            try database.run("UPDATE user_order SET ordered_at = 1000")
            try database.run("UPDATE order_event SET at = 1000")
            try database.run("UPDATE user_order SET status = 'WHATEVER' WHERE id = ?", unreadable)
            database.close()
            // Once in the page, and five times alone.
            for _ in 0..<6 {
                try? await pair.admin.startAgain(environment: ["FAILPOINTS": "feed.announce:crash:order=\(crashing)"])
                #expect(try await pair.admin.waitForExit(within: 20) == .signal(9))
            }
            try await pair.admin.startAgain()
            let stream = pair.stream(session, after: "0")
            try await stream.connect()
            let good = orders.filter { $0 != crashing && $0 != unreadable }
            try await stream.waitForOrders(good)
            #expect(stream.orders == good)
            stream.close()
            try await pair.stop()
            try await broker.deleteVirtualHost(host)
        }
    }
}
