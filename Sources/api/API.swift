import Delivery
import EventLoop
import HTTP
import Messaging
import Notifications
import Payments
import SQLite
import Service
import Upkeep
import Web

/// `api`: takes customers' orders, stores them, and announces them to the broker.
@main
struct API {
    private static let port = 8080

    static func main() {
        Program(
            name: "api", summary: "takes customers' orders and publishes them to RabbitMQ",
            settings: CommonSettings.list(port: port) + OrderSettings.list + PruningSettings.list + PaymentSettings.list
                + WebhookSettings.list,
            commands: DatabaseCommands.all + [ReconcileCommand.command]
        ).run(port: port) { settings, group, log in try await serve(settings, group, log) }
    }

    private static func serve(_ settings: CommonSettings, _ group: EventLoopGroup, _ log: Logger) async throws {
        let terms = try OrderSettings.read(.process)
        let pruning = try PruningSettings.read(.process)
        let payment = try PaymentSettings(.process)
        let webhookAddress = try WebhookSettings.address(.process)
        let broker = try Broker(settings.rabbitMQ, service: "api", log: log)
        let setup = try await ServiceSetup(settings, group, log)
        let leases = try await OutboxLeases.begin(service: "api", setup.database)
        let relay = OutboxRelay(
            on: group.first, database: setup.database, leases: leases, broker: broker, metrics: setup.metrics,
            log: log)
        let hints = try FeedHints(on: group.first, broker: broker, metrics: setup.metrics, log: log)
        let streams = EventStreams(
            group.loops, database: setup.database, metrics: setup.metrics, log: log, grown: { hints.grew(to: $0) })
        let news = OrderNews(
            instance: leases.own, terms: terms, outbox: { relay.offer($0) }, feed: { streams.offer($0) })
        setup.health.add("broker") { await relay.isConnected ? .up : .degraded }
        setup.health.add("hints") { await hints.isConnected ? .up : .degraded }

        let passwords = PasswordWorker()
        let accounts = Accounts(database: setup.database, passwords: passwords)
        OperationRoutes.observe(accounts.limits, metrics: setup.metrics)
        let processor = payment.url.map { url in
            PaymentProcessor(
                on: group.first, database: setup.database,
                gateway: HTTPPaymentGateway(url, on: group.first, deadline: payment.deadline), settings: payment,
                news: news, metrics: setup.metrics, log: log)
        }
        if let processor {
            setup.health.add("payments") { processor.guardian.breakerState == .closed ? .up : .degraded }
        }
        var router = Router(basePath: settings.basePath)
        Routes(
            database: setup.database,
            accounts: accounts,
            orders: Orders(database: setup.database, news: news, hasGateway: processor != nil),
            payments: PaymentRoutes(database: setup.database, processor: processor, log: log), streams: streams,
            proxies: settings.trustedProxies, basePath: settings.basePath, log: log
        ).add(to: &router)
        CustomerSteps(database: setup.database, news: news).add(to: &router)
        try PageRoutes(
            accounts: accounts, cookie: .customer(settings), proxies: settings.trustedProxies,
            basePath: settings.basePath,
            document: { [payment] in Description.document(hasSandbox: payment.hasSandbox) },
            ended: { streams.offer([$0]) }
        ).add(to: &router)
        if payment.hasSandbox {
            SandboxRoutes(database: setup.database, loop: group.first).add(to: &router)
            log.warning("SANDBOX=1: under /sandbox a payment gateway without any money is open to everybody")
        }
        OrderViewRoutes(database: setup.database).add(to: &router)
        WebhookRoutes(database: setup.database, address: webhookAddress, basePath: settings.basePath).add(to: &router)
        let server = try await setup.serve(router)
        let deadlines = OrderDeadlines(
            on: group.first, database: setup.database, news: news, metrics: setup.metrics, log: log)
        let pruner = Pruner(
            on: group.first, database: setup.database, terms: pruning, metrics: setup.metrics, log: log)

        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask(executorPreference: group.first) {
                do { try await relay.run() } catch { setup.lifecycle.fail(error) }
            }
            tasks.addTask(executorPreference: group.first) {
                do { try await hints.run { streams.hint(upTo: $0) } } catch { setup.lifecycle.fail(error) }
            }
            tasks.addTask(executorPreference: group.first) { await deadlines.run() }
            tasks.addTask(executorPreference: group.first) { await pruner.run() }
            if let processor {
                tasks.addTask(executorPreference: group.first) { await PaymentWorker(processor).run() }
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
                    ("payments", { await processor?.stop(within: .milliseconds(500)) }),
                    ("relay", { await relay.stop(within: .seconds(1)) }),
                    ("hints", { await hints.stop() }),
                    ("database", { await setup.database.close() }),
                ])
            // What still waits for a broker that never answered.
            tasks.cancelAll()
        }
    }
}
