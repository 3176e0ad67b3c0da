import Foundation
import Support
import Testing

extension EndToEnd {
    @Suite("A service ends in order", .serialized)
    struct EndingTests {
        @Test(
            """
            SIGTERM under load of 32 clients: every request is answered or not worked on, every 201 and nothing else is
            delivered, exit code 0 within 5 s
            """)
        func underLoad() async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: host))
            let customer = try await pair.customer()
            let session = try await pair.session()
            let stream = pair.stream(session, after: "0", reconnects: true)
            try await stream.connect()

            // No order is sent twice: one that was worked on without an answer would come to the stream all the same.
            let load = LoadGenerator(customer, customers: 32, pause: 0, givesUp: true, goesOn: true)
            for _ in 0..<3 {
                for service in [pair.api, pair.admin] {
                    try await load.more(100)
                    #expect(try await service.terminate(within: 5) == .code(0))
                    try await service.startAgain()
                }
            }
            try await load.more(50)
            try await load.end()
            #expect(load.refused == [])
            #expect(load.broken == [])
            // What comes after all others tells that nothing else comes.
            let last = try await pair.order(customer)
            try await stream.waitForOrders(load.accepted + [last])
            #expect(stream.orders.sorted() == load.accepted.sorted() + [last])
            stream.close()
            try await pair.stop()
            try await broker.deleteVirtualHost(host)
        }

        @Test("SIGTERM while the broker is silent: exit code 0 within 5 s, also with streams that are open")
        func silentBroker() async throws {
            let broker = try await RabbitMQBroker.start()
            let pair = try await ServicePair.start(broker: broker.url)
            let customer = try await pair.customer()
            let stream = pair.stream(try await pair.session(), after: "0")
            try await stream.connect()
            try await stream.waitForOrders([try await pair.order(customer)])
            broker.freeze()
            _ = try await pair.order(customer)
            for service in [pair.api, pair.admin] { #expect(try await service.terminate(within: 5) == .code(0)) }
            broker.thaw()
            stream.close()
            try await pair.stop()
            try await broker.dispose()
        }

        @Test("SIGTERM while another program holds the database's lock: who waits is told so, exit code 0 within 5 s")
        func lockedDatabase() async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: host))
            let customer = try await pair.customer()
            let lock = try await ForeignLock(pair.folder.file("delivery.db"))
            async let answer = customer.post(
                "/api/user-order", json: ["store_id": 1, "store_menu_id_list": [1, 1, 2]])
            try await Task.sleep(for: .milliseconds(300))
            for service in [pair.api, pair.admin] { #expect(try await service.terminate(within: 5) == .code(0)) }
            #expect(try await answer.status == 503)
            try await lock.release()
            try await pair.stop()
            try await broker.deleteVirtualHost(host)
        }

        @Test("SIGTERM while the broker is down, and while nothing happens: exit code 0, and the orders are kept")
        func withoutBroker() async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            let proxy = try Proxy(to: broker.port)
            defer { proxy.close() }
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: host, port: proxy.port))
            let customer = try await pair.customer()
            proxy.refuse()
            proxy.cutAll()
            let id = try await pair.order(customer)
            for service in [pair.api, pair.admin] { #expect(try await service.terminate(within: 5) == .code(0)) }
            try proxy.accept()
            for service in [pair.api, pair.admin] { try await service.startAgain() }
            let stream = pair.stream(try await pair.session(), after: "0")
            try await stream.connect()
            try await stream.waitForOrders([id])
            #expect(stream.orders == [id])
            stream.close()
            try await pair.waitUntilUp()
            for service in [pair.api, pair.admin] {
                service.signal(SIGINT)
                #expect(try await service.waitForExit(within: 5) == .code(0))
            }
            try await pair.stop()
            try await broker.deleteVirtualHost(host)
        }
    }
}
