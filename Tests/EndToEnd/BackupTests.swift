import AMQP
import Foundation
import Support
import Testing

extension EndToEnd {
    @Suite("Backup and restore by commands of the services", .serialized)
    struct BackupTests {
        private func run(_ option: String, _ file: String, on database: String, as program: String = "api") async throws
            -> (exit: ChildProcess.Exit, output: String)
        {
            try await ServiceProcess.runToEnd(
                program, arguments: [option, file], environment: ["DATABASE_PATH": database], within: 30)
        }

        @Test("every order from before a backup under load is in the restored database once, and no tab misses that")
        func load() async throws {
            let broker = try await RabbitMQBroker.shared()
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: try await broker.makeVirtualHost()))
            let path = pair.folder.file("delivery.db")
            let customer = try await pair.customer()
            let session = try await pair.session()
            let tab = pair.stream(session, after: "0")
            try await tab.connect()
            let load = LoadGenerator(customer, customers: 6, pause: 0.001)
            try await load.more(100)
            let before = Set(load.accepted)
            let backup = pair.folder.file("backup.db")
            let made = try await run("--backup", backup, on: path)
            #expect(made.exit == .code(0), "\(made.output)")
            #expect(made.output.hasPrefix("api: backed up ") && made.output.contains("checked"))
            #expect(made.output.split(separator: "\n").count == 1)
            try await load.more(100)
            try await load.end()
            #expect(load.refused == [])
            try await tab.waitForOrders(load.accepted)
            let oldCursor = try #require(tab.events.last { $0.orderID != nil }?.id)
            tab.close()
            // Not over a database in use, and never over a file.
            let refused = try await run("--restore", backup, on: path, as: "store-admin")
            #expect(refused.exit == .code(1) && refused.output.contains("in use"), "\(refused.output)")
            let taken = try await run("--backup", backup, on: path)
            #expect(taken.exit == .code(1) && taken.output.contains("is there already"), "\(taken.output)")

            // What the broker still has when the older state takes over.
            #expect(try await pair.admin.terminate() == .code(0))
            let late = try await pair.order(customer)
            try await eventually("the late order's message is in the queue", within: 10) {
                try await pair.api.http.get("/metrics").text.contains("\noutbox_rows 0\n")
            }
            #expect(try await pair.api.terminate() == .code(0))
            let restored = try await run("--restore", backup, on: path)
            #expect(restored.exit == .code(0), "\(restored.output)")
            #expect(restored.output.contains("before-restore"))
            try await pair.api.startAgain()
            try await pair.admin.startAgain()
            try await pair.waitUntilUp()

            // A tab that comes with its old place is told to begin anew.
            let again = pair.stream(session, after: oldCursor)
            try await again.connect()
            try await again.waitForOrders(before)
            #expect(again.events.contains { $0.event == "reset" })
            let new = try await pair.order(customer)
            #expect(new > late + 1000)
            try await again.waitForOrders([new])
            #expect(Set(again.orders).count == again.orders.count)
            #expect(!again.orders.contains(late))
            _ = try await pair.admin.waitForLog { $0.contains("there is no order \(late)") }
            again.close()
            try await pair.stop()
        }

        @Test(
            "a wrong use of a command ends with one line and changes nothing",
            arguments: [
                (["--backup"], 2, "usage"), (["--restore", "a", "b"], 2, "usage"),
                (["--backup", "/nonexistent/x.db"], 1, "delivery.db is not there"),
                (["--restore", "/nonexistent.db"], 1, "not there"),
                (["--restore", "/etc/passwd"], 1, "not a database"), (["--restore", "/tmp"], 1, "folder"),
            ])
        func wrong(_ arguments: [String], _ code: Int32, _ says: String) async throws {
            let folder = try TemporaryFolder("commands")
            defer { folder.remove() }
            let path = folder.file("delivery.db")
            let environment = ["DATABASE_PATH": path]
            let (exit, output) = try await ServiceProcess.runToEnd(
                "store-admin", arguments: arguments, environment: environment)
            #expect(exit == .code(code))
            #expect(output.hasPrefix("store-admin: ") && output.contains(says), "\(output)")
            #expect(output.split(separator: "\n").count == 1)
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }
}
