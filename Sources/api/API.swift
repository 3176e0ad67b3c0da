import Delivery
import EventLoop
import HTTP
import Messaging
import SQLite
import Service
import Web

/// `api`: takes customers' orders, stores them, and announces them to the broker.
@main
struct API {
    private static let port = 8080

    static func main() {
        Program(
            name: "api", summary: "takes customers' orders and publishes them to RabbitMQ",
            settings: CommonSettings.list(port: port), commands: DatabaseCommands.all
        ).run(port: port) { settings, group, log in try await serve(settings, group, log) }
    }

    private static func serve(_ settings: CommonSettings, _ group: EventLoopGroup, _ log: Logger) async throws {
        let broker = try Broker(settings.rabbitMQ, service: "api", log: log)
        let setup = try await ServiceSetup(settings, group, log)
        let leases = try await OutboxLeases.begin(service: "api", setup.database)
        let relay = OutboxRelay(
            on: group.first, database: setup.database, leases: leases, broker: broker, metrics: setup.metrics,
            log: log)
        setup.health.add("broker") { await relay.isConnected ? .up : .degraded }

        let passwords = PasswordWorker()
        let accounts = Accounts(database: setup.database, passwords: passwords)
        OperationRoutes.observe(accounts.limits, metrics: setup.metrics)
        var router = Router(basePath: settings.basePath)
        Routes(
            database: setup.database,
            accounts: accounts,
            orders: Orders(database: setup.database, instance: leases.own), proxies: settings.trustedProxies,
            basePath: settings.basePath, log: log,
            announce: { relay.offer($0) }
        ).add(to: &router)
        let server = try await setup.serve(router)

        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask(executorPreference: group.first) {
                do { try await relay.run() } catch { setup.lifecycle.fail(error) }
            }
            try await setup.lifecycle.run(
                on: group.first, log: log,
                steps: [
                    (
                        "server",
                        {
                            setup.health.end()
                            passwords.close()
                            setup.hurry(after: .seconds(1))
                            await server.shutdown(within: .seconds(2))
                        }
                    ),
                    ("relay", { await relay.stop(within: .seconds(1)) }),
                    ("database", { await setup.database.close() }),
                ])
            // What still waits for a broker that never answered.
            tasks.cancelAll()
        }
    }
}
