import AMQP
import Support
import Testing

extension EndToEnd {
    @Suite("Orders arrive, whatever happens in between", .serialized)
    struct StoryTests {
        @Test(
            "orders that are placed while store-admin or RabbitMQ is stopped arrive later, each once and in their order"
        )
        func stopped() async throws {
            let broker = try await ownBroker.value
            let pair = try await start(broker)
            let customer = try await pair.customer()
            let session = try await pair.session()
            let stream = pair.stream(session, after: "0", reconnects: true)
            try await stream.connect()
            var placed: [Int] = []
            func place(_ count: Int) async throws {
                for _ in 0..<count { placed.append(try await pair.order(customer)) }
            }
            try await place(5)
            try await stream.waitForOrders(placed)

            #expect(try await pair.admin.terminate(within: 6) == .code(0))
            try await place(5)
            try await pair.admin.startAgain()
            try await stream.waitForOrders(placed)

            try await broker.stop()
            try await place(5)
            let ready = try await pair.api.http.get("/health/ready")
            #expect(ready.status == 200)
            #expect(ready.json["status"].string == "DEGRADED")
            #expect(ready.json["database"].string == "UP")
            try await broker.startAgain()
            try await stream.waitForOrders(placed)
            try await pair.waitUntilUp()

            // Orders on their way while the broker says goodbye are the hard ones.
            let load = LoadGenerator(customer, customers: 8, pause: 0.001)
            try await load.more(50)
            try await broker.stop()
            try await load.end()
            try await broker.startAgain()
            #expect(load.refused == [])
            placed += load.accepted.sorted()
            try await stream.waitForOrders(placed)

            #expect(stream.orders == placed)
            try await expectLog(pair, session, equals: stream)
            stream.close()
            try await pair.stop()
        }

        @Test("a message that nobody understands holds up no order, also while the broker takes no publishes")
        func blockedBroker() async throws {
            let broker = try await ownBroker.value
            let host = try await broker.makeVirtualHost()
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: host))
            let customer = try await pair.customer()
            let session = try await pair.session()
            #expect(try await pair.admin.terminate(within: 6) == .code(0))
            let dead = try await broker.queue("delivery.dead.queue", virtualHost: host)?.messages ?? 0
            var placed: [Int] = []
            let connection = try await AMQPConnection.connect(broker.url(virtualHost: host), name: "test")
            let channel = try await connection.openChannel()
            for _ in 0..<3 {
                try await channel.publish(
                    Array("hello".utf8), to: "delivery.exchange", routingKey: "delivery.key")
                for _ in 0..<40 { placed.append(try await pair.order(customer)) }
            }
            await connection.close()
            try await eventually("everything is in the queue", within: 30) {
                try await broker.queue("delivery.queue", virtualHost: host)?.messages == placed.count + 3
            }
            try await broker.setMemoryAlarm(true)
            try await pair.admin.startAgain()
            let stream = pair.stream(session, after: "0")
            try await stream.connect()
            try await stream.waitForOrders(placed)
            try await broker.setMemoryAlarm(false)
            try await eventually("the dead letters are there", within: 60) {
                try await broker.queue("delivery.dead.queue", virtualHost: host)?.messages == dead + 3
            }
            #expect(stream.orders == placed)
            stream.close()
            try await pair.stop()
        }

        @Test("more bad messages than may wait hold up the queue only as long as the broker takes no publishes")
        func blockedBrokerAndFullPrefetch() async throws {
            let broker = try await ownBroker.value
            let host = try await broker.makeVirtualHost()
            let pair = try await ServicePair.start(
                broker: broker.url(virtualHost: host), environment: ["PREFETCH": "10"])
            let customer = try await pair.customer()
            let session = try await pair.session()
            #expect(try await pair.admin.terminate(within: 6) == .code(0))
            var placed: [Int] = []
            try await AMQPConnection.withConnection(broker.url(virtualHost: host), name: "test") { connection in
                let channel = try await connection.openChannel()
                for number in 0..<12 {
                    try await channel.publish(
                        Array("hello \(number)".utf8), to: "delivery.exchange", routingKey: "delivery.key")
                }
                for _ in 0..<5 { placed.append(try await pair.order(customer)) }
                try await eventually("everything is in the queue", within: 30) {
                    try await broker.queue("delivery.queue", virtualHost: host)?.messages == 17
                }
                try await broker.setMemoryAlarm(true)
                try await pair.admin.startAgain()
                try await eventually("the prefetch is full of bad ones") {
                    try await pair.admin.http.get("/metrics").text.contains("consume_held 10\n")
                }
                try await broker.setMemoryAlarm(false)
                let stream = pair.stream(session, after: "0")
                try await stream.connect()
                try await stream.waitForOrders(placed)
                #expect(stream.orders == placed)
                stream.close()
                try await eventually("the bad ones are moved", within: 30) {
                    try await broker.queue("delivery.queue", virtualHost: host)?.messages == 0
                }
                var dead: [String] = []
                while let delivery = try await channel.get("delivery.dead.queue") {
                    dead.append(String(decoding: delivery.body, as: UTF8.self))
                    try await delivery.ack()
                }
                #expect(dead.sorted() == (0..<12).map { "hello \($0)" }.sorted())
            }
            try await pair.stop()
        }

        @Test("orders of many customers at once, on several event loops, are announced in their order")
        func order() async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            let pair = try await ServicePair.start(
                broker: broker.url(virtualHost: host), environment: ["LOOPS": "4"])
            let stream = pair.stream(try await pair.session(), after: "0")
            try await stream.connect()
            let load = LoadGenerator(try await pair.customer(), customers: 16, pause: 0)
            try await load.more(500)
            try await load.end()
            try await stream.waitForOrders(load.accepted)
            #expect(stream.orders == load.accepted.sorted())
            stream.close()
            try await pair.stop()
            try await broker.deleteVirtualHost(host)
        }

        @Test(
            "orders survive kill -9 of api, of store-admin and of RabbitMQ; a tab that is cut misses and repeats nothing"
        )
        func killed() async throws {
            let broker = try await ownBroker.value
            let pair = try await start(broker)
            let customer = try await pair.customer()
            let session = try await pair.session()
            let stream = pair.stream(session, after: "0", reconnects: true)
            try await stream.connect()
            let load = LoadGenerator(customer)
            try await load.more(20)
            for _ in 0..<2 {
                try await pair.api.kill()
                try await pair.api.startAgain()
                try await load.more(20)
                stream.cut()
                try await pair.admin.kill()
                try await load.more(20)
                try await pair.admin.startAgain()
                try await load.more(20)
                stream.cut()
            }
            try await broker.kill()
            try await load.more(20)
            try await pair.admin.kill()
            try await broker.startAgain()
            try await pair.admin.startAgain()
            try await load.more(20)
            for _ in 0..<10 {
                let seen = stream.events.count
                stream.cut()
                try await load.more(2)
                try await eventually("the tab goes on", within: 30) { stream.events.count > seen }
            }
            try await load.end(within: 60)
            #expect(load.refused == [])
            try await stream.waitForOrders(load.accepted, within: 60)

            #expect(stream.orders.sorted() == load.accepted.sorted())
            try await expectLog(pair, session, equals: stream)
            stream.close()
            try await pair.stop()
        }

        @Test("a stream begins behind the cursor that it is given; one beyond the log is reset")
        func cursors() async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: host))
            let customer = try await pair.customer()
            let session = try await pair.session()
            let all = pair.stream(session, after: "0")
            try await all.connect()
            var placed: [Int] = []
            for _ in 0..<6 { placed.append(try await pair.order(customer)) }
            try await all.waitForOrders(placed)
            let ids = all.events.filter { $0.orderID != nil }.map(\.id)

            for position in 0..<ids.count {
                let tab = pair.stream(session, after: ids[position])
                try await tab.connect()
                try await tab.waitForOrders(placed[(position + 1)...])
                try await tab.event("onopen") { $0.event == "onopen" }
                #expect(tab.orders == Array(placed[(position + 1)...]))
                #expect(tab.events.first?.id == ids[position])
                #expect(tab.events.count == placed.count - position)
                tab.close()
            }

            let lost = pair.stream(session, after: "999999")
            try await lost.connect()
            try await lost.waitForOrders(placed)
            #expect(lost.events.prefix(2).map(\.event) == ["reset", "onopen"])
            #expect(lost.orders == placed)
            let next = try await pair.order(customer)
            for tab in [all, lost] {
                try await tab.waitForOrders([next])
                #expect(tab.orders == placed + [next])
                tab.close()
            }
            try await pair.stop()
            try await broker.deleteVirtualHost(host)
        }

        // MARK: Helpers

        private func start(_ broker: RabbitMQBroker) async throws -> ServicePair {
            try await ServicePair.start(broker: broker.url(virtualHost: try await broker.makeVirtualHost()))
        }

        /// A tab that reads everything from the beginning sees what this one has collected.
        private func expectLog(
            _ pair: ServicePair, _ session: String, equals stream: EventStreamClient
        ) async throws {
            let log = pair.stream(session, after: "0")
            try await log.connect()
            try await log.waitForOrders(stream.orders)
            #expect(log.orders == stream.orders)
            let ids = stream.events.filter { $0.orderID != nil }.compactMap { Int($0.id) }
            #expect(log.events.filter { $0.orderID != nil }.compactMap { Int($0.id) } == ids)
            #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })
            log.close()
        }
    }
}
