import Delivery
import EventLoop
import HTTP
import SQLite
import Service

/// What both services build before their routes, in the order in which it must happen.
package struct ServiceSetup: Sendable {
    package let settings: CommonSettings
    package let group: EventLoopGroup
    package let log: Logger
    package let metrics = Metrics()
    package let health = Health()
    package let lifecycle: Lifecycle
    package let database: Database

    /// Opens the database: the port is not open before it is migrated and filled.
    package init(_ settings: CommonSettings, _ group: EventLoopGroup, _ log: Logger) async throws {
        self.settings = settings
        self.group = group
        self.log = log
        lifecycle = Lifecycle(on: group.first, log: log)
        do {
            database = try await DeliveryDatabase.open(path: settings.databasePath, demoData: settings.hasDemoData)
        } catch {
            throw Program.StartError("DATABASE_PATH=\"\(settings.databasePath)\" cannot be used: \(error)")
        }
        OperationRoutes.observe(database, on: group.first, health: health, metrics: metrics)
    }

    /// Opens the port.
    package func serve(_ router: Router) async throws -> HTTPServer {
        var router = router
        OperationRoutes.add(to: &router, health: health, metrics: metrics)
        for route in router.routes {
            log.debug("route", ["method": LogValue("\(route.method)"), "route": LogValue(route.pattern)])
        }
        var configuration = ServerConfiguration()
        configuration.eventStreams.heartbeat = { EventStreams.heartbeat() }
        // The largest order is far below it.
        configuration.bodyLimit = 64 * 1024
        // The database, the broker and the log need some descriptors too; at their limit nobody could be let in.
        configuration.connectionLimit = min(20_000, max(64, Descriptors.limit - 200))
        configuration.eventStreams.limit = configuration.connectionLimit * 9 / 10
        let hooks = CommonHooks(publicOrigin: settings.publicOrigin, metrics: metrics, log: log).hooks
        do {
            guard let address = try await address() else {
                throw Program.StartError("HOST=\"\(settings.host)\" has no address")
            }
            let server = try await HTTPServer.start(
                address, router, configuration: configuration, hooks: hooks, on: group)
            OperationRoutes.observe(server, metrics: metrics)
            log.info(
                "listening",
                [
                    "host": LogValue(server.address.host), "port": .number(server.address.port),
                    "url": LogValue("http://\(server.address)\(settings.basePath)/"),
                ])
            return server
        } catch let error as SystemError {
            throw Program.StartError("cannot listen on \(settings.host) port \(settings.port): \(error.reason)")
        }
    }

    /// At the end: who waits for a lock of another program's by then gets an answer before the connections are cut.
    package func hurry(after time: Duration) {
        let (loop, database) = (group.first, database)
        loop.execute { loop.schedule(after: time) { database.hurry() } }
    }

    /// Names are resolved here, before anything else runs on the loop.
    private func address() async throws -> SocketAddress? {
        if let numeric = SocketAddress.numeric(settings.host, port: settings.port) { return numeric }
        do {
            return try SocketAddress.resolve(settings.host, port: settings.port, passive: true).first
        } catch {
            throw Program.StartError("HOST=\"\(settings.host)\": \(error.reason)")
        }
    }
}
