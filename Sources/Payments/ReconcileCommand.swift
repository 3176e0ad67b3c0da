import Delivery
import EventLoop
import Glibc
import SQLite
import Service

/// `--reconcile`: runs a `Reconciler` in a process of its own.
package enum ReconcileCommand {
    /// Exit code 1 with one line for what is left to a person.
    package static let command = Program.Command(
        "--reconcile",
        "compares orders, ledger, payments and gateway, while services run, and repairs what a crash left"
    ) { settings, say in
        let report = try run(settings, say)
        guard report.left == 0 else { throw Program.StartError("--reconcile: \(report.description)") }
        return report.description
    }

    private static func run(_ settings: CommonSettings, _ say: (String) -> Void) throws -> Reconciler.Report {
        let payments = try PaymentSettings(.process)
        guard access(settings.databasePath, F_OK) == 0 else {
            throw Program.StartError("--reconcile: DATABASE_PATH=\"\(settings.databasePath)\" is not there")
        }
        let loop = try EventLoop(name: "reconcile")
        try loop.start()
        let lines = Lines()
        do {
            let report = try runBlocking(on: loop) {
                let database = try await DeliveryDatabase.open(path: settings.databasePath, demoData: false)
                let leases = try await OutboxLeases.begin(service: "reconcile", database)
                // Their claims mean nothing any more.
                _ = try await leases.takeOver()
                let reconciler = Reconciler(
                    on: loop, database: database,
                    gateway: payments.url.map { HTTPPaymentGateway($0, on: loop, deadline: payments.deadline) },
                    news: OrderNews(instance: leases.own), gone: Set(leases.held).subtracting([leases.own]))
                let report = try await reconciler.run { lines.add($0) }
                // Running services take what was stored for the broker.
                try await leases.end()
                await database.close()
                return report
            }
            for line in lines.all { say(line) }
            return report
        } catch {
            for line in lines.all { say(line) }
            throw Program.StartError("--reconcile with DATABASE_PATH=\"\(settings.databasePath)\": \(error)")
        }
    }
}
