import Delivery
import EventLoop
import SQLite
import Service

/// Looks for orders that have no event although their message was confirmed long ago: a broker that lost its disk, a queue
/// that somebody deleted. They are appended to the log directly; should the message still come, it is known.
package actor ForgottenOrders {
    package nonisolated let loop: EventLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private static let interval = Duration.seconds(10)
    /// An order that is younger may still be on its way.
    private static let age = Duration.seconds(30)
    private static let page = 500

    private let database: Database
    private let log: Logger
    private let found: Counter
    private let appended: @Sendable ([FeedEvent]) -> Void

    package init(
        on loop: EventLoop, database: Database, metrics: Metrics, log: Logger,
        appended: @escaping @Sendable ([FeedEvent]) -> Void
    ) {
        self.loop = loop
        self.database = database
        self.log = log
        self.appended = appended
        found = metrics.counter("forgotten_orders_total", help: "Orders announced without their message.")
    }

    /// Runs until its task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            do {
                try await look()
                try await loop.sleep(for: Self.interval)
            } catch {
                if Task.isCancelled || (error as? SQLiteError)?.isClosed == true { return }
                log.warning("orders without an event cannot be looked for", ["error": LogValue("\(error)")])
                try? await loop.sleep(for: Self.interval)
            }
        }
    }

    private func look() async throws {
        let time = Timestamp.now.adding(.zero - Self.age)
        guard try await database.read({ db in try Feed.hasUnchecked(storedBefore: time, in: db) }) else { return }
        var isComplete = false
        while !isComplete, !Task.isCancelled {
            let (events, isLast) = try await database.write { [appended] db in
                let result = try Feed.announceForgotten(storedBefore: time, limit: Self.page, in: db)
                if !result.events.isEmpty { db.afterCommit { appended(result.events) } }
                return result
            }
            isComplete = isLast
            guard !events.isEmpty else { continue }
            found.add(events.count)
            log.warning("orders were announced without their message", ["count": .number(events.count)])
        }
    }
}
