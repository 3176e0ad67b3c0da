import Foundation
import Support
import Testing

extension EndToEnd {
    @Suite("A start that cannot succeed ends with one clear line", .serialized)
    struct BadStartTests {
        /// What is wrong, and what the line must say.
        struct Case: CustomTestStringConvertible, Sendable {
            var program = "api"
            var environment: [String: String] = [:]
            var arguments: [String] = []
            let says: [String]

            var testDescription: String {
                let settings = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                return ([program] + arguments + settings).joined(separator: " ")
            }
        }

        @Test(
            "a value that is not allowed is named with its variable and what is allowed",
            arguments: [
                Case(environment: ["PORT": "eighty"], says: ["PORT", "eighty", "65535"]),
                Case(environment: ["PORT": "70000"], says: ["PORT", "70000", "65535"]),
                Case(environment: ["HOST": "nowhere.invalid"], says: ["HOST", "nowhere.invalid"]),
                Case(environment: ["LOG_LEVEL": "loud"], says: ["LOG_LEVEL", "loud", "debug, info, warning, error"]),
                Case(environment: ["LOG_FORMAT": "xml"], says: ["LOG_FORMAT", "xml", "json"]),
                Case(environment: ["DEMO_DATA": "maybe"], says: ["DEMO_DATA", "maybe", "1 or 0"]),
                Case(
                    environment: ["PUBLIC_ORIGIN": "example.com"], says: ["PUBLIC_ORIGIN", "example.com", "https://"]),
                Case(environment: ["BASE_PATH": "store admin"], says: ["BASE_PATH", "store admin", "/store-admin"]),
                Case(environment: ["LOOPS": "0"], says: ["LOOPS", "0", "from 1"]),
                Case(environment: ["RABBITMQ_URL": "http://localhost/"], says: ["RABBITMQ_URL", "amqp://"]),
                Case(
                    environment: ["RABBITMQ_URL": "amqp://guest:s3cret@host:port/"],
                    says: ["RABBITMQ_URL", "host:port"]),
                Case(
                    program: "store-admin", environment: ["PREFETCH": "lots"], says: ["PREFETCH", "lots", "1 to 1000"]),
                Case(program: "store-admin", environment: ["LOG_LEVEL": "loud"], says: ["LOG_LEVEL", "loud"]),
                Case(arguments: ["--verbose"], says: ["--verbose", "--help"]),
                Case(program: "store-admin", arguments: ["--verbose"], says: ["--verbose", "--help"]),
            ])
        func values(_ wrong: Case) async throws {
            let folder = try TemporaryFolder("start")
            try await expectRefusal(wrong, in: folder)
            folder.remove()
        }

        @Test(
            "a database that cannot be used is named",
            arguments: ["api", "store-admin"], ["/proc/delivery.db", "no such folder/delivery.db", "folder", "garbage"])
        func databases(_ program: String, _ path: String) async throws {
            let folder = try TemporaryFolder("start")
            try FileManager.default.createDirectory(atPath: folder.file("folder"), withIntermediateDirectories: false)
            try folder.write(String(repeating: "This is no database. ", count: 500), to: "garbage")
            let full = path.hasPrefix("/") ? path : folder.file(path)
            try await expectRefusal(
                Case(program: program, environment: ["DATABASE_PATH": full], says: ["DATABASE_PATH", full]), in: folder)
            #expect(try folder.read("garbage").hasPrefix("This is no database."))
            folder.remove()
        }

        @Test("a port that is taken is named", arguments: ["api", "store-admin"])
        func port(_ program: String) async throws {
            let folder = try TemporaryFolder("start")
            let listener = try TestListener { _ in }
            try await expectRefusal(
                Case(
                    program: program, environment: ["PORT": "\(listener.port)"], says: ["\(listener.port)", "in use"]),
                in: folder)
            listener.close()
            folder.remove()
        }

        @Test(
            "a broker that refuses the password or the virtual host is named, without the password",
            arguments: ["api", "store-admin"])
        func refusingBroker(_ program: String) async throws {
            let broker = try await RabbitMQBroker.shared()
            let folder = try TemporaryFolder("start")
            try await expectRefusal(
                Case(
                    program: program, environment: ["RABBITMQ_URL": broker.url(password: "s3cret")],
                    says: ["RABBITMQ_URL", "guest", "ACCESS_REFUSED"]), in: folder)
            try await expectRefusal(
                Case(
                    program: program, environment: ["RABBITMQ_URL": broker.url(virtualHost: "nowhere")],
                    says: ["RABBITMQ_URL", "nowhere"]), in: folder)
            folder.remove()
        }

        @Test("a broker that is down is no error: the service is ready, says DEGRADED, and UP once the broker is there")
        func brokerDown() async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            let proxy = try Proxy(to: broker.port)
            defer { proxy.close() }
            proxy.refuse()
            let folder = try TemporaryFolder("start")
            let environment = [
                "RABBITMQ_URL": broker.url(virtualHost: host, port: proxy.port),
                "DATABASE_PATH": folder.file("delivery.db"),
            ]
            let services = [
                try await ServiceProcess.start("api", environment: environment),
                try await ServiceProcess.start("store-admin", environment: environment),
            ]
            for service in services {
                let ready = try await service.http.get("/health/ready")
                #expect(ready.status == 200)
                #expect(ready.json["status"].string == "DEGRADED")
                #expect(ready.json["broker"].string == "DEGRADED")
                #expect(try await service.http.get("/health/live").json["status"].string == "UP")
                #expect(try await probe(service, folder) == .code(0))
            }
            try proxy.accept()
            for service in services {
                // Pauses between attempts are 2 s at most.
                try await eventually("\(service.name) is UP", within: 20) {
                    try await service.http.get("/health/ready").json["status"].string == "UP"
                }
                try await service.terminate()
                #expect(try await probe(service, folder) == .code(1))
            }
            folder.remove()
            try await broker.deleteVirtualHost(host)
        }

        @Test("--help lists every setting with its default", arguments: ["api", "store-admin"])
        func help(_ program: String) async throws {
            let (exit, output) = try await ServiceProcess.runToEnd(program, arguments: ["--help"])
            #expect(exit == .code(0))
            var names = [
                "RABBITMQ_URL", "DATABASE_PATH", "HOST", "PORT", "LOG_LEVEL", "LOG_FORMAT", "DEMO_DATA",
                "PUBLIC_ORIGIN", "BASE_PATH", "LOOPS",
            ]
            if program == "store-admin" { names.append("PREFETCH") }
            for name in names { #expect(output.contains("  \(name) "), "\(name)") }
            #expect(output.contains(program == "api" ? "default: 8080" : "default: 8081"))
        }

        // MARK: Helpers

        /// What `--health` says of a service.
        private func probe(_ service: ServiceProcess, _ folder: TemporaryFolder) async throws -> ChildProcess.Exit {
            try await ServiceProcess.runToEnd(
                service.name, arguments: ["--health"], environment: ["PORT": "\(service.port)"]
            ).exit
        }

        private func expectRefusal(_ wrong: Case, in folder: TemporaryFolder) async throws {
            var environment = [
                "DATABASE_PATH": folder.file("delivery.db"), "PORT": "0", "LOG_FORMAT": "json",
                "RABBITMQ_URL": "amqp://127.0.0.1:\(try FreePort.next())/",
            ]
            environment.merge(wrong.environment) { $1 }
            let (exit, output) = try await ServiceProcess.runToEnd(
                wrong.program, arguments: wrong.arguments, environment: environment, within: 20)
            guard case .code(let code) = exit else {
                Issue.record("\(wrong.testDescription) ended with \(exit): \(output)")
                return
            }
            #expect(code != 0)
            // Lines of the log are JSON; the rest is what a person reads.
            let lines = output.split(separator: "\n").filter { !$0.hasPrefix("{") }
            #expect(lines.count == 1, "\(output)")
            #expect(lines.first?.hasPrefix("\(wrong.program): ") == true, "\(output)")
            for text in wrong.says { #expect(lines.first?.contains(text) == true, "\(text) in: \(output)") }
            #expect(!output.contains("s3cret"))
        }
    }
}
