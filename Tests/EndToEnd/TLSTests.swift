import Support
import Testing

extension EndToEnd {
    @Suite("With a broker behind TLS", .serialized)
    struct TLSTests {
        @Test("orders arrive over amqps, and a broker that cannot be trusted ends the start with one clear line")
        func services() async throws {
            let certificates = try TestCertificates()
            let files = try certificates.issue("server", names: ["DNS:localhost", "IP:127.0.0.1"])
            let broker = try await RabbitMQBroker.start(
                tls: RabbitMQBroker.TLS(files, authorityFile: certificates.authorityFile))
            let trust = "cacertfile=\(certificates.authorityFile)"
            let pair = try await ServicePair.start(broker: broker.tlsURL(trust))
            let customer = try await pair.customer()
            let stream = pair.stream(try await pair.session(), after: "0")
            try await stream.connect()
            var placed: [Int] = []
            for _ in 0..<5 { placed.append(try await pair.order(customer)) }
            try await stream.waitForOrders(placed)
            try await broker.closeConnections()
            for _ in 0..<5 { placed.append(try await pair.order(customer)) }
            try await stream.waitForOrders(placed)
            #expect(stream.orders == placed)
            stream.close()
            try await pair.stop()

            let folder = try TemporaryFolder("start")
            let client = try certificates.issue("client", for: .client)
            for (query, text) in [
                ("", "Test authority"), (trust + "&server_name_indication=elsewhere", "elsewhere"),
                (trust + "&certfile=\(folder.file("none.pem"))", "none.pem"),
                (trust + "&certfile=\(client.certificate)&keyfile=\(client.key)&password=s3cret", "nobody"),
            ] {
                // The last one is in order, so only its wrong user ends it.
                let url = broker.tlsURL(user: "nobody", password: "s3cret", query)
                let (exit, output) = try await ServiceProcess.runToEnd(
                    "api",
                    environment: [
                        "RABBITMQ_URL": url, "DATABASE_PATH": folder.file("delivery.db"), "PORT": "0",
                        "LOG_FORMAT": "json",
                    ], within: 20)
                #expect(exit == .code(1))
                let lines = output.split(separator: "\n").filter { !$0.hasPrefix("{") }
                #expect(lines.count == 1, "\(output)")
                for part in ["api: RABBITMQ_URL (localhost:", text] {
                    #expect(lines.first?.contains(part) == true, "\(part) in: \(output)")
                }
                #expect(!output.contains("s3cret"))
            }
            try await broker.dispose()
        }
    }
}
