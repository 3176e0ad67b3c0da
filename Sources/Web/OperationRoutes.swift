import Delivery
import EventLoop
import HTTP
import HTTPWire
import SQLite
import Service

/// Health and metrics: the routes for those who run the service.
package enum OperationRoutes {
    package static func add(to router: inout Router, health: Health, metrics: Metrics) {
        router.onInline(.get, "/health/live") { _ in .json("{\"status\":\"UP\"}") }
        router.on(.get, "/health/ready") { _ in
            let report = await health.report()
            return .json(report.json, status: report.isReady ? .ok : .serviceUnavailable)
        }
        router.onInline(.get, "/metrics") { _ in
            Response(contentType: "text/plain; version=0.0.4; charset=utf-8", body: .bytes(metrics.render()))
        }
    }

    /// What the server tells of its connections.
    static func observe(_ server: HTTPServer, metrics: Metrics) {
        let statistics = server.statistics
        metrics.reading("http_connections_open", help: "Connections that are open.") {
            Double(statistics.openConnections)
        }
        metrics.countReading("http_connections_accepted_total", help: "Connections accepted.") {
            Double(statistics.acceptedConnections)
        }
        metrics.countReading("http_connections_evicted_total", help: "Connections ended to make room for others.") {
            Double(statistics.evictedConnections)
        }
    }

    /// What the logins tell of themselves.
    package static func observe(_ limits: LoginLimits, metrics: Metrics) {
        metrics.countReading(
            "logins_limited_total", help: "Logins and registrations refused because there were too many."
        ) { Double(limits.refusals) }
    }

    /// What the database tells of itself.
    package static func observe(_ database: Database, on loop: EventLoop, health: Health, metrics: Metrics) {
        health.add("database") {
            do {
                // A turn of the writer that changes nothing: it fails or takes long when orders would. After a change that
                // the disk refused only another change tells whether it takes them again.
                let mustProbe = database.statistics.isRefusingChanges
                try await loop.withTimeout(.seconds(1), throwing: CancellationError()) {
                    try await database.write { db in if mustProbe { try Outbox.probe(in: db) } }
                }
                return try await database.read { db in try Outbox.isReadable(in: db) } ? .up : .down
            } catch {
                return .down
            }
        }
        metrics.countReading("sqlite_commits_total", help: "Commits of the writer.") {
            Double(database.statistics.commits)
        }
        metrics.countReading("sqlite_transactions_total", help: "Transactions of the writer; several share a commit.") {
            Double(database.statistics.transactions)
        }
        metrics.countReading("sqlite_commit_seconds_total", help: "Time spent in commits.") {
            Double(database.statistics.commitTime.sum) / 1e6
        }
        metrics.countReading("sqlite_lock_wait_seconds_total", help: "Time spent waiting for the other process's turn.")
        {
            Double(database.statistics.lockTime.sum) / 1e6
        }
        metrics.reading("sqlite_wal_pages", help: "Pages in the write-ahead log.") {
            Double(database.statistics.walPages)
        }
        metrics.reading("sqlite_queue_length", help: "Transactions that wait for the writer.") {
            Double(database.statistics.waiting)
        }
    }
}
