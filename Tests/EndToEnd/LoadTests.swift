import AMQP
import Support
import Testing

extension EndToEnd {
    /// The short form of `bench outage` and of parts of `bench streams` and `bench slow`: their bounds are wide, since the
    /// programs are built for debugging and the machine does other things too.
    @Suite("Under load", .serialized)
    struct LoadTests {
        private func quantile(_ part: Double, _ values: some Collection<Double>) -> Double {
            let sorted = values.sorted()
            return sorted.isEmpty ? .infinity : sorted[min(sorted.count - 1, Int(part * Double(sorted.count)))]
        }

        @Test("a broker that blocks and then is away for 10 s: no order fails or waits, and all arrive soon after")
        func outage() async throws {
            let broker = try await ownBroker.value
            let host = try await broker.makeVirtualHost()
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: host))
            let stream = pair.stream(try await pair.session(), after: "0", reconnects: true)
            try await stream.connect()
            let load = LoadGenerator(try await pair.customer(), customers: 3, pause: 0.05)
            try await load.more(60)
            let usual = load.seconds.count
            let memory = [pair.api.residentMemory, pair.admin.residentMemory]

            try await broker.setMemoryAlarm(true)
            try await load.more(60)
            try await broker.setMemoryAlarm(false)
            try await stream.waitForOrders(load.accepted, within: 20)

            try await broker.kill()
            try await Task.sleep(for: .seconds(10))
            let seconds = load.seconds
            let more = zip([pair.api.residentMemory, pair.admin.residentMemory], memory).map { $0 - $1 }
            try await broker.startAgain()
            try await stream.waitForOrders(load.accepted, within: 20)
            try await load.end()
            #expect(load.refused == [])
            #expect(load.unanswered == 0)
            let (before, after) = (quantile(0.99, seconds[..<usual]), quantile(0.99, seconds[usual...]))
            #expect(after <= max(5 * before, 0.25))
            for more in more { #expect(more < 32 << 20) }
            try await stream.waitForOrders(load.accepted)
            #expect(stream.orders.sorted() == load.accepted.sorted())
            stream.close()
            try await pair.stop()
        }

        @Test("tabs that never read are cut off and cost little memory; the others get every event")
        func stuckTabs() async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: host))
            let session = try await pair.session()
            let tab = pair.stream(session)
            try await tab.connect()
            try await tab.event("onopen") { $0.event == "onopen" }
            let owner = pair.admin.http.with(cookie: session)
            let port = pair.admin.port
            let stuck = try await onOwnThread {
                try (0..<50).map { _ in
                    let socket = try TestSocket(port: port)
                    try socket.write("GET /api/sse/connect HTTP/1.1\r\nHost: a\r\nCookie: \(session)\r\n\r\n")
                    var head: [UInt8] = []
                    while !String(decoding: head, as: UTF8.self).contains("onopen") { head += try socket.read() }
                    return socket
                }
            }
            let before = pair.admin.residentMemory
            let filler = JSONValue.string(String(repeating: "x", count: 15_000))
            let pushed = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        var ids: [String] = []
                        for _ in 0..<100 {
                            let reply = try await owner.post("/api/sse/push-event", json: ["data": filler])
                            ids.append("\(try #require(reply.json["body"]["id"].int))")
                        }
                        return ids
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(pair.admin.residentMemory - before < 64 << 20)
            let events = try await tab.events(400, within: 20) { $0.event == "push" }
            #expect(events.map(\.id) == pushed.sorted { (Int($0) ?? 0) < (Int($1) ?? 0) })
            try await eventually("the stuck tabs are cut off") {
                try await owner.get("/metrics").text.contains("\nsse_streams_cut_off_total 50\n")
            }
            for socket in stuck { socket.close() }
            tab.close()
            try await pair.stop()
            try await broker.deleteVirtualHost(host)
        }

        @Test("a queue that is far longer than what is worked on at once costs no memory")
        func longQueue() async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: host))
            let order = try await pair.order(try await pair.customer())
            let before = pair.admin.residentMemory
            try await AMQPConnection.withConnection(broker.url(virtualHost: host)) { connection in
                let channel = try await connection.openChannel()
                let message = Array("{\"user_order_id\":\(order)}".utf8)
                var last: PendingPublish?
                for _ in 0..<5000 {
                    last = try await channel.publishing(message, to: "delivery.exchange", routingKey: "delivery.key")
                }
                _ = await last?.outcome
            }
            var most = 0
            try await eventually("the queue is empty", within: 60) {
                most = max(most, pair.admin.residentMemory)
                return try await broker.queue("delivery.queue", virtualHost: host)?.messages == 0
            }
            #expect(most - before < 16 << 20)
            let stream = pair.stream(try await pair.session(), after: "0")
            try await stream.connect()
            try await stream.waitForOrders([order])
            #expect(stream.orders == [order])
            stream.close()
            try await pair.stop()
            try await broker.deleteVirtualHost(host)
        }

        @Test(
            "two hundred slow clients of each kind: the others are answered, and memory stays",
            arguments: ["api", "store-admin"])
        func slowClients(name: String) async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: host))
            let service = name == "api" ? pair.api : pair.admin
            let path = name == "api" ? "/api/user-order" : "/login"
            let starts = [
                "", "GET / HTTP/1.1\r\nHost: a\r\nX: ",
                "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\nx",
                String(repeating: "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", count: 50),
            ]
            _ = try await service.http.get("/metrics")
            let before = service.residentMemory
            let port = service.port
            let slow = try await onOwnThread {
                try starts.flatMap { start in
                    try (0..<200).map { _ in
                        let socket = try TestSocket(port: port)
                        try socket.write(start)
                        return socket
                    }
                }
            }
            var seconds: [Double] = []
            for number in 0..<200 {
                let start = ContinuousClock.now
                if number.isMultiple(of: 2) { service.http.closeIdle() }
                #expect(try await service.http.get("/health/ready").status == 200)
                seconds.append((ContinuousClock.now - start) / .seconds(1))
                // One octet now and then.
                for socket in slow[200..<600] where number.isMultiple(of: 50) { try socket.write("x") }
            }
            #expect(quantile(0.99, seconds) < 0.5)
            #expect(service.residentMemory - before < 64 << 20)
            for socket in slow { socket.close() }
            try await eventually("they are gone") {
                let text = try await service.http.get("/metrics").text
                return (0..<10).contains { text.contains("\nhttp_connections_open \($0).0\n") }
            }
            try await pair.stop()
            try await broker.deleteVirtualHost(host)
        }
    }
}
