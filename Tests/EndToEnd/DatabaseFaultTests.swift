import Foundation
import Glibc
import Support
import Testing

extension EndToEnd {
    @Suite("The database file in bad times", .serialized)
    struct DatabaseFaultTests {
        /// The services on a small file system of their own. Only root can mount one.
        private func start(_ disk: SmallDisk) async throws -> ServicePair {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            return try await ServicePair.start(
                broker: broker.url(virtualHost: host), environment: ["DATABASE_PATH": disk.file("delivery.db")])
        }

        private func post(_ customer: HTTPTestClient) async throws -> HTTPResponse {
            try await customer.post(
                "/api/user-order", json: ["store_id": 1, "store_menu_id_list": .array([.int(1)])])
        }

        @Test(
            "a full disk: orders get 503, reading goes on, nothing accepted is lost, and it goes on when there is room",
            .enabled(if: geteuid() == 0, "only root can mount a file system"))
        func full() async throws {
            let disk = try await SmallDisk(kilobytes: 3000)
            let pair = try await start(disk)
            let customer = try await pair.customer()
            let session = try await pair.session()
            let tab = pair.stream(session, after: "0")
            try await tab.connect()
            var placed: [Int] = []
            for _ in 0..<10 { placed.append(try await pair.order(customer)) }
            try await tab.waitForOrders(placed)

            try disk.fill()
            var refusal: HTTPResponse?
            for _ in 0..<200 where refusal == nil {
                let reply = try await post(customer)
                if reply.status == 201 {
                    placed.append(try #require(reply.json["body"]["id"].int))
                } else {
                    refusal = reply
                }
            }
            #expect(refusal?.status == 503 && refusal?.header("retry-after") == "1", "\(refusal?.text ?? "")")
            #expect(refusal?.text.contains("the database cannot take this now") == true)
            #expect(try await customer.get("/api/user-order/current?limit=100").status == 200)
            #expect(try await pair.admin.http.with(cookie: session).get("/api/user-order/current").status == 200)
            let ready = try await pair.api.http.get("/health/ready")
            #expect(ready.status == 503 && ready.json["database"].string == "DOWN", "\(ready.text)")

            try disk.makeRoom()
            try await eventually("the service is ready again", within: 10) {
                try await pair.api.http.get("/health/ready").status == 200
            }
            for _ in 0..<5 { placed.append(try await pair.order(customer)) }
            try await tab.waitForOrders(placed)
            #expect(tab.orders.sorted() == placed)
            tab.close()
            for service in [pair.api, pair.admin] { #expect(try await service.terminate() == .code(0)) }
            try await expectSound(disk.file("delivery.db"))

            // No room for the index of the log, which a start needs.
            unlink(disk.file("delivery.db-shm"))
            try disk.fill()
            try await expectRefusal(disk.file("delivery.db"), says: "DATABASE_PATH")
            try disk.makeRoom()
            try await expectSound(disk.file("delivery.db"))

            // Nor a file system that takes no writes.
            try disk.remount("ro")
            try await expectRefusal(disk.file("delivery.db"), says: "DATABASE_PATH")
            try disk.remount("rw")
            try await pair.api.startAgain()
            try await pair.stop()
            try disk.remove()
        }

        @Test("another program holds the lock: orders wait 10 s at most and get 503, then all goes on by itself")
        func locked() async throws {
            let broker = try await RabbitMQBroker.shared()
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: try await broker.makeVirtualHost()))
            let customer = try await pair.customer()
            let tab = pair.stream(try await pair.session(), after: "0")
            try await tab.connect()
            let load = LoadGenerator(customer, customers: 2, pause: 0.001)
            try await load.more(20)
            let lock = try await ForeignLock(pair.folder.file("delivery.db"))
            // Customers who are in front of the lock; the generator's end at their 503.
            let patient = HTTPTestClient(port: pair.api.port, headers: customer.headers, timeout: 25)
            let start = ContinuousClock.now
            let refused = try await post(patient)
            let waited = ContinuousClock.now - start
            #expect(refused.status == 503 && refused.header("retry-after") == "1", "\(refused.text)")
            #expect(waited > .seconds(5) && waited < .seconds(13), "\(waited)")
            #expect(try await customer.get("/api/user-order/current").status == 200)
            #expect(try await pair.api.http.get("/health/live").status == 200)
            try await lock.release()
            var placed = load.accepted
            placed.append(try await pair.order(patient))
            try await tab.waitForOrders(placed)
            try await load.end()
            try await tab.waitForOrders(load.accepted)
            #expect(Set(tab.orders) == Set(placed + load.accepted))
            #expect(Set(tab.orders).count == tab.orders.count)
            tab.close()
            try await pair.stop()
        }

        @Test(
            "a damaged file is refused, or is an error where it is needed, and never ends a service",
            arguments: ["header", "pages", "log", "index"])
        func damaged(_ part: String) async throws {
            let broker = try await RabbitMQBroker.shared()
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: try await broker.makeVirtualHost()))
            let customer = try await pair.customer()
            var placed: [Int] = []
            for _ in 0..<20 { placed.append(try await pair.order(customer)) }
            let path = pair.folder.file("delivery.db")
            for service in [pair.api, pair.admin] { try await service.kill() }
            switch part {
            case "header":
                try overwrite(path, from: 0, octets: 100)
                unlink(path + "-wal")
                try await expectRefusal(path, says: "not a database")
            case "pages":
                // Into one file first, so that the log does not hold the pages again.
                let copy = pair.folder.file("copy.db")
                let (exit, _) = try await ServiceProcess.runToEnd(
                    "api", arguments: ["--backup", copy], environment: ["DATABASE_PATH": path])
                #expect(exit == .code(0))
                for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
                #expect(rename(copy, path) == 0)
                try overwrite(path, from: 4096 * 5, octets: 4096 * 25)
                try await expectAlive(pair, customer)
            case "log":
                let size = try #require(fileSize(path + "-wal"))
                try overwrite(path + "-wal", from: size / 2, octets: size / 2)
                try await pair.api.startAgain()
                // What was in the damaged part is gone; what is left is one state that was.
                let kept = try await orders(customer)
                #expect(kept == Array(placed.prefix(kept.count)))
                try await pair.order(customer)
                try await pair.api.terminate()
                try await expectSound(path)
            default:
                try overwrite(path + "-shm", from: 0, octets: 32768)
                try await pair.api.startAgain()
                #expect(try await orders(customer) == placed)
                try await pair.api.terminate()
                try await expectSound(path)
            }
            try await pair.stop()
        }

        @Test("a path that is no file is refused; through a link both services share the file behind it")
        func paths() async throws {
            let broker = try await RabbitMQBroker.shared()
            let url = broker.url(virtualHost: try await broker.makeVirtualHost())
            let folder = try TemporaryFolder("paths")
            #expect(mkfifo(folder.file("fifo"), 0o600) == 0)
            try await expectRefusal(folder.file("fifo"), says: "no regular file")
            #expect(symlink("real.db", folder.file("link.db")) == 0)
            var environment = ["RABBITMQ_URL": url, "DEMO_DATA": "1", "DATABASE_PATH": folder.file("link.db")]
            let api = try await ServiceProcess.start("api", environment: environment)
            environment["DATABASE_PATH"] = folder.file("real.db")
            let admin = try await ServiceProcess.start("store-admin", environment: environment)
            let (exit, output) = try await ServiceProcess.runToEnd(
                "api", arguments: ["--restore", "/etc/passwd"], environment: environment)
            #expect(exit == .code(1) && output.contains("in use"), "\(output)")
            let locks = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
                $0.hasSuffix(".lock")
            }
            #expect(locks.allSatisfy { $0.hasPrefix("real.db.") } && !locks.isEmpty, "\(locks)")
            for service in [api, admin] { #expect(try await service.terminate() == .code(0)) }
            folder.remove()
        }

        // MARK: Helpers

        /// A damaged service serves what it can: each answer is a proper one, and the process lives.
        private func expectAlive(_ pair: ServicePair, _ customer: HTTPTestClient) async throws {
            for service in [pair.api, pair.admin] {
                do {
                    try await service.startAgain(within: 10)
                } catch {
                    #expect(service.output.contains("DATABASE_PATH"), "\(service.output)")
                    continue
                }
                for _ in 0..<3 {
                    let answers = [
                        try await post(service === pair.api ? customer : service.http),
                        try await service.http.get("/health/ready"),
                        try await customer.get("/api/user-order/current"),
                    ]
                    #expect(
                        answers.allSatisfy { [200, 201, 401, 404, 503].contains($0.status) }, "\(answers.map(\.text))")
                }
                #expect(service.isRunning)
            }
        }

        private func orders(_ customer: HTTPTestClient) async throws -> [Int] {
            let reply = try await customer.get("/api/user-order/current?limit=100")
            guard case .array(let entries) = reply.json["body"] else { return [] }
            return entries.compactMap { $0["user_order_response"]["id"].int }.sorted()
        }

        private func fileSize(_ path: String) -> Int? {
            var state = stat()
            return stat(path, &state) == 0 ? Int(state.st_size) : nil
        }

        private func overwrite(_ path: String, from offset: Int, octets: Int) throws {
            let file = try #require(fopen(path, "r+"))
            fseek(file, offset, SEEK_SET)
            fwrite([UInt8](repeating: 0xA5, count: octets), 1, octets, file)
            fclose(file)
        }

        private func expectRefusal(_ path: String, says text: String) async throws {
            for program in ["api", "store-admin"] {
                let (exit, output) = try await ServiceProcess.runToEnd(
                    program,
                    environment: ["DATABASE_PATH": path, "PORT": "0", "LOG_FORMAT": "json"], within: 20)
                #expect(exit == .code(1), "\(output)")
                let lines = output.split(separator: "\n").filter { !$0.hasPrefix("{") }
                #expect(lines.count == 1 && output.contains(text) && output.contains(path), "\(output)")
            }
        }

        /// A backup checks all of its pages.
        private func expectSound(_ path: String) async throws {
            let folder = try TemporaryFolder("sound")
            let (exit, output) = try await ServiceProcess.runToEnd(
                "api", arguments: ["--backup", folder.file("copy.db")], environment: ["DATABASE_PATH": path], within: 20
            )
            #expect(exit == .code(0), "\(output)")
            folder.remove()
        }
    }
}
