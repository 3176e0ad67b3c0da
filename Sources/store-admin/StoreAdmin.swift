import Delivery
import EventLoop
import HTTP
import Messaging
import Notifications
import SQLite
import Service
import Upkeep
import Web

/// `store-admin`: consumes announced orders, logs them durably, and pushes them to the store owners' tabs.
@main
struct StoreAdmin {
    private static let port = 8081

    static func main() {
        Program(
            name: "store-admin", summary: "shows new orders to store owners as they arrive from RabbitMQ",
            settings: CommonSettings.list(port: port) + OrderSettings.list + PruningSettings.list + Prefetch.settings
                + OperatorSettings.list + SettlementSettings.list + WebhookSettings.list + WebhookSettings.sending,
            commands: DatabaseCommands.all + RebuildCommands.all
        ).run(port: port) { settings, group, log in try await serve(settings, group, log) }
    }

    private static func serve(_ settings: CommonSettings, _ group: EventLoopGroup, _ log: Logger) async throws {
        let terms = try OrderSettings.read(.process)
        let pruning = try PruningSettings.read(.process)
        let broker = try Broker(settings.rabbitMQ, service: "store-admin", log: log)
        let prefetch = try Prefetch.read(.process)
        let fee = try SettlementSettings.fee(.process)
        let operatorLogin = try OperatorSettings.read(.process)
        let (webhookAddress, webhookBounds) = (
            try WebhookSettings.address(.process), try WebhookSettings.bounds(.process)
        )
        let setup = try await ServiceSetup(settings, group, log)
        let hints = try FeedHints(on: group.first, broker: broker, metrics: setup.metrics, log: log)
        let streams = EventStreams(
            group.loops, database: setup.database, metrics: setup.metrics, log: log, grown: { hints.grew(to: $0) })
        let leases = try await OutboxLeases.begin(service: "store-admin", setup.database)
        let relay = OutboxRelay(
            on: group.first, database: setup.database, leases: leases, broker: broker, metrics: setup.metrics,
            log: log)
        let news = OrderNews(
            instance: leases.own, terms: terms, outbox: { relay.offer($0) }, feed: { streams.offer($0) })
        let consumer = OrderConsumer(
            on: group.first, database: setup.database, broker: broker, prefetch: prefetch, metrics: setup.metrics,
            log: log, news: news, appended: { streams.offer($0) })
        let sender = WebhookSender(
            on: group.first, database: setup.database, address: webhookAddress, bounds: webhookBounds,
            metrics: setup.metrics, log: log)
        let groups = Groups.all(setup, broker, fee: fee, sender: sender)
        setup.health.add("groups") { await groups.areConnected ? .up : .degraded }
        setup.health.add("broker") { await consumer.isConnected ? .up : .degraded }
        setup.health.add("hints") { await hints.isConnected ? .up : .degraded }

        let passwords = PasswordWorker()
        let operators = Operators(
            database: setup.database, passwords: passwords, wanted: operatorLogin, hasDemoData: settings.hasDemoData)
        try await prepare(operators)
        let accounts = Accounts(database: setup.database, passwords: passwords, operators: operators)
        OperationRoutes.observe(accounts.limits, metrics: setup.metrics)
        var router = Router(basePath: settings.basePath)
        try PageRoutes(
            database: setup.database, accounts: accounts, streams: streams, cookie: SessionCookie.store(settings),
            proxies: settings.trustedProxies, basePath: settings.basePath
        ).add(to: &router)
        Routes(
            database: setup.database, accounts: accounts, streams: streams, news: news,
            proxies: settings.trustedProxies, basePath: settings.basePath
        ).add(to: &router)
        try RiderRoutes(
            database: setup.database, accounts: accounts, news: news, cookie: SessionCookie.store(settings),
            basePath: settings.basePath
        ).add(to: &router)
        OrderRoutes(database: setup.database, news: news, log: log).add(to: &router)
        StoreRoutes(database: setup.database, streams: streams, news: news, log: log).add(to: &router)
        try DeadLetterRoutes(
            database: setup.database, accounts: accounts,
            queue: DeadLetterQueue(
                broker, on: group.first, metrics: setup.metrics, log: log,
                forget: DeadLetterQueue.forgetAttempts(in: setup.database)),
            cookie: SessionCookie.store(settings), basePath: settings.basePath, log: log
        ).add(to: &router)
        try SettlementRoutes(
            database: setup.database, accounts: accounts, cookie: .store(settings),
            basePath: settings.basePath
        ).add(to: &router)
        OrderViewRoutes(database: setup.database).add(to: &router)
        let server = try await setup.serve(router)

        let forgotten = ForgottenOrders(
            on: group.first, database: setup.database, metrics: setup.metrics, log: log, news: news,
            appended: { streams.offer($0) })
        let pruner = Pruner(
            on: group.first, database: setup.database, terms: pruning, metrics: setup.metrics, log: log)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask(executorPreference: group.first) { await forgotten.run() }
            tasks.addTask(executorPreference: group.first) { await pruner.run() }
            tasks.addTask(executorPreference: group.first) { await sender.run() }
            tasks.addTask(executorPreference: group.first) { await settle(operators, on: group.first, log) }
            tasks.addTask(executorPreference: group.first) {
                do { try await consumer.run() } catch { setup.lifecycle.fail(error) }
            }
            tasks.addTask(executorPreference: group.first) {
                do { try await relay.run() } catch { setup.lifecycle.fail(error) }
            }
            tasks.addTask(executorPreference: group.first) {
                do { try await groups.run() } catch { setup.lifecycle.fail(error) }
            }
            tasks.addTask(executorPreference: group.first) {
                do { try await hints.run { streams.hint(upTo: $0) } } catch { setup.lifecycle.fail(error) }
            }
            try await setup.lifecycle.run(
                on: group.first, log: log,
                steps: [
                    (
                        "consumer",
                        {
                            setup.health.end()
                            passwords.close()
                            async let end: Void = groups.stop(within: .seconds(1))
                            async let sent: Void = sender.stop(within: .seconds(1))
                            await consumer.stop(within: .seconds(1))
                            await end
                            await sent
                        }
                    ),
                    (
                        "server",
                        {
                            setup.hurry(after: .seconds(1))
                            await server.shutdown(within: .seconds(2))
                        }
                    ),
                    ("relay", { await relay.stop(within: .milliseconds(500)) }),
                    ("hints", { await hints.stop() }),
                    ("database", { await setup.database.close() }),
                ])
            // What still waits for a broker that never answered.
            tasks.cancelAll()
        }
    }
    private static func prepare(_ operators: Operators) async throws {
        do {
            try await operators.prepare()
        } catch let error as DeliveryError where error == .emailTaken {
            throw Program.StartError("OPERATOR_EMAIL: the address belongs to a user of a store")
        }
    }

    /// Until it has worked once, the operator's logins wait.
    private static func settle(_ operators: Operators, on loop: EventLoop, _ log: Logger) async {
        while !Task.isCancelled {
            do {
                return try await operators.settle()
            } catch {
                log.warning("the operator cannot log in yet", ["error": LogValue("\(error)")])
            }
            try? await loop.sleep(for: .seconds(1))
        }
    }
}
