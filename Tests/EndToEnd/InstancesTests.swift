import AMQP
import Support
import Testing

extension EndToEnd {
    @Suite("Several instances on one database file", .serialized)
    struct InstancesTests {
        /// Two instances of each service on a virtual host of their own.
        private func withTwo(
            environment: [String: String] = [:],
            _ body: (ServicePair, ServicePair, _ broker: RabbitMQBroker, _ host: String) async throws -> Void
        ) async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            let first = try await ServicePair.start(broker: broker.url(virtualHost: host), environment: environment)
            let second = try await first.startAnother()
            try await body(first, second, broker, host)
            try await second.stop()
            try await first.stop()
            try await broker.deleteVirtualHost(host)
        }

        private func liveStream(
            _ pair: ServicePair, _ session: String, after id: String? = nil
        ) async throws -> EventStreamClient {
            let stream = pair.stream(session, after: id)
            try await stream.connect()
            try await stream.event("onopen") { $0.event == "onopen" }
            return stream
        }

        @Test(
            "a tab at either instance sees every order of its store once, in the log's order, also when one is killed")
        func killed() async throws {
            try await withTwo { first, second, _, _ in
                let customer = try await first.customer()
                let session = try await first.session()
                let stranger = try await liveStream(second, try await second.session("owner2@example.com"))
                let staying = try await liveStream(second, session, after: "0")
                let ending = try await liveStream(first, session, after: "0")
                let loads = [
                    LoadGenerator(customer, customers: 3, pause: 0.005),
                    LoadGenerator(second.customer(customer), customers: 3, pause: 0.005),
                ]
                for load in loads { try await load.more(60) }
                try await first.admin.kill()
                try await ending.waitForEnd()
                for load in loads { try await load.more(60) }
                // As a load balancer does it: the tab comes back, and somebody else answers.
                let seen = ending.events
                let returned = try await liveStream(second, session, after: ending.lastEventID)
                for load in loads { try await load.end() }
                let accepted = loads.flatMap(\.accepted).sorted()
                #expect(loads.allSatisfy { $0.refused.isEmpty })

                try await staying.waitForOrders(accepted)
                try await returned.waitForOrders(Set(accepted).subtracting(seen.compactMap(\.orderID)))
                let all = staying.events.filter { $0.orderID != nil }
                #expect(all.compactMap(\.orderID).sorted() == accepted)
                let ids = all.compactMap { Int($0.id) }
                #expect(ids == ids.sorted() && Set(ids).count == accepted.count)
                #expect((seen + returned.events).filter { $0.orderID != nil } == all)
                #expect(stranger.orders.isEmpty)
                for stream in [staying, returned, stranger] { stream.close() }
            }
        }

        @Test("a push, an acknowledgement, a login and a logout at one instance hold at the other")
        func state() async throws {
            try await withTwo { first, second, _, _ in
                let session = try await first.session()
                let other = try await second.session()
                let tab = try await liveStream(second, session)
                let owner = first.admin.http.with(cookie: session)
                let push = try await owner.post("/api/sse/push-event", json: ["data": "from the other one"])
                let event = try await tab.event("push") { $0.event == "push" }
                #expect(event.json["data"].string == "from the other one")
                #expect(event.id == "\(push.json["body"]["id"].int ?? 0)")

                let order = try await first.order(second.customer(try await first.customer()))
                try await tab.waitForOrders([order])
                #expect(try await owner.send("POST", "/api/user-order/\(order)/acknowledge").status == 200)
                let acknowledged = try await tab.event("acknowledged") { $0.event == "order-acknowledged" }
                #expect(acknowledged.json["id"].int == order)

                let neighbour = try await liveStream(second, other)
                #expect(try await owner.send("POST", "/logout").status == 200)
                try await tab.waitForEnd(within: 5)
                #expect(neighbour.isConnected)
                await #expect(throws: SupportError.self) { try await tab.connect() }
                #expect(tab.response?.status == 401)
                neighbour.close()
            }
        }

        /// Pushes one event after the other at the first instance; returns how long the second one's tab waited for all.
        private func waiting(_ count: Int, _ first: ServicePair, _ second: ServicePair) async throws -> Duration {
            let session = try await first.session()
            let tab = try await liveStream(second, session)
            let owner = first.admin.http.with(cookie: session)
            let start = ContinuousClock.now
            for _ in 0..<count {
                let id = try await owner.send("POST", "/api/sse/push-event").json["body"]["id"].int ?? 0
                try await tab.event("push \(id)") { $0.id == "\(id)" }
            }
            tab.close()
            return ContinuousClock.now - start
        }

        /// Waits until an instance has got so many hints. An event may come before its hint, by a look at the right moment.
        private func expectHints(_ count: Int, at pair: ServicePair) async throws {
            try await eventually("\(count) hints") {
                try await metric(pair.admin, "feed_hints_received_total") >= count
            }
        }

        private func metric(_ service: ServiceProcess, _ name: String) async throws -> Int {
            let text = try await service.http.get("/metrics").text
            let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
            return line.flatMap { Int($0.dropFirst(name.count + 1)) } ?? -1
        }

        @Test(
            "hints make the other instance push far sooner than its look at the log's end would; without them it is late"
        )
        func hints() async throws {
            try await withTwo { first, second, broker, host in
                let hinted = try await waiting(4, first, second)
                #expect(try await metric(first.admin, "feed_hints_sent_total") >= 4)
                try await expectHints(4, at: second)
                #expect(try await metric(first.admin, "feed_hints_received_total") == 0, "own hints are not counted")

                // Another exchange of that name takes the hints and gives them to nobody.
                try await broker.evaluate(
                    #"""
                    Name = rabbit_misc:r(<<"\#(host)">>, exchange, <<"delivery.feed">>),
                    rabbit_exchange:delete(Name, false, <<"test">>),
                    rabbit_exchange:declare(Name, direct, true, false, false, [], <<"test">>), ok
                    """#)
                let unhinted = try await waiting(4, first, second)
                // A second between two looks, and a push follows right on the last one.
                #expect(unhinted > .seconds(2))
                #expect(hinted < unhinted / 3, "\(hinted), without hints \(unhinted)")
            }
        }

        @Test("a fanout that cannot be used makes the service degraded and loses nothing; a deleted one comes back")
        func withoutFanout() async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            let url = broker.url(virtualHost: host)
            try await AMQPConnection.withConnection(url, name: "test") { connection in
                try await connection.openChannel().declareExchange("delivery.feed", type: .direct)
            }
            let first = try await ServicePair.start(broker: url, isUp: false)
            let second = try await first.startAnother(isUp: false)
            for pair in [first, second] {
                try await eventually("the broker is connected") {
                    try await pair.admin.http.get("/health/ready").json["broker"].string == "UP"
                }
                let ready = try await pair.admin.http.get("/health/ready")
                #expect(ready.status == 200)
                #expect(ready.json["status"].string == "DEGRADED")
                #expect(ready.json["hints"].string == "DEGRADED")
            }
            let session = try await first.session()
            let tabs = [try await liveStream(first, session), try await liveStream(second, session)]
            let customer = try await first.customer()
            var placed: [Int] = []
            for _ in 0..<10 { placed.append(try await first.order(customer)) }
            for tab in tabs {
                try await tab.waitForOrders(placed)
                // Two consumers: the log, and so every tab, may have them in another order than they were placed in.
                #expect(tab.orders.sorted() == placed)
                tab.close()
            }

            try await broker.evaluate(
                #"rabbit_exchange:delete(rabbit_misc:r(<<"\#(host)">>, exchange, <<"delivery.feed">>), false, <<"t">>)"#
            )
            for pair in [first, second] { try await pair.waitUntilUp() }
            _ = try await waiting(1, first, second)
            try await expectHints(1, at: second)
            try await second.stop()
            try await first.stop()
            try await broker.deleteVirtualHost(host)
        }

        @Test("hints come back with the broker, which may be down at the start")
        func recovery() async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            let proxy = try Proxy(to: broker.port)
            defer { proxy.close() }
            proxy.refuse()
            let first = try await ServicePair.start(
                broker: broker.url(virtualHost: host, port: proxy.port), isUp: false)
            let second = try await first.startAnother(isUp: false)
            // By looking, for as long as there is no broker.
            _ = try await waiting(1, first, second)
            #expect(try await metric(second.admin, "feed_hints_received_total") == 0)
            try proxy.accept()
            for pair in [first, second] { try await pair.waitUntilUp() }
            _ = try await waiting(1, first, second)
            try await expectHints(1, at: second)
            proxy.cutAll()
            for pair in [first, second] {
                _ = try await pair.admin.waitForLog { $0.contains("disconnected") && $0.contains("hints") }
                try await pair.waitUntilUp()
            }
            _ = try await waiting(1, first, second)
            try await expectHints(2, at: second)
            try await second.stop()
            try await first.stop()
            try await broker.deleteVirtualHost(host)
        }

        @Test("one trace is followed from the request through both services' logs to the push, and no log has a secret")
        func trace() async throws {
            try await withTwo(environment: ["LOG_LEVEL": "debug"]) { first, second, _, _ in
                let customer = try await first.customer()
                let session = try await first.session()
                let tab = try await liveStream(second, session)
                let trace = "0af7651916cd43dd8448eb211c80319c"
                let reply = try await customer.post(
                    "/api/user-order", json: ["store_id": 1, "store_menu_id_list": [1]],
                    headers: ["traceparent": "00-\(trace)-00f067aa0ba902b7-01"])
                let order = try #require(reply.json["body"]["id"].int)
                try await tab.waitForOrders([order])
                let services = [first.api, second.api, first.admin, second.admin]
                for (message, count, instances) in [
                    // The order's own message, and the two on `order.events`.
                    ("order placed", 1, [first.api]), ("message confirmed", 3, [first.api]),
                    ("event appended", 1, [first.admin, second.admin]), ("event pushed", 1, [second.admin]),
                ] {
                    try await eventually("a line \"\(message)\"") {
                        let lines = instances.flatMap { $0.output.split(separator: "\n") }
                            .compactMap { try? JSONValue(parsing: Array($0.utf8)) }
                            .filter { $0["message"].string == message && $0["order_id"].int == order }
                        return lines.count == count && lines.allSatisfy { $0["trace_id"].string == trace }
                    }
                }
                let secrets = [
                    String(session.dropFirst("store_session=".count)), customer.headers["authorization-token"] ?? "?",
                ]
                for service in services {
                    for secret in secrets { #expect(!service.output.contains(secret)) }
                }
                tab.close()
            }
        }
    }
}
