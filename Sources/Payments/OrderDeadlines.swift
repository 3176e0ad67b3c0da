import Delivery
import EventLoop
import Failpoints
import SQLite
import Service

/// Changes orders for which nobody did in time: what is not paid or not accepted expires, what was delivered long ago counts
/// as received. Any number of instances may run it: the first change wins, the others find nothing to do.
package struct OrderDeadlines: Sendable {
    private static let interval = Duration.milliseconds(500)
    private static let page = 100

    private let loop: EventLoop
    private let database: Database
    private let news: OrderNews
    private let log: Logger
    private let expired: Counter
    private let confirmed: Counter

    package init(on loop: EventLoop, database: Database, news: OrderNews, metrics: Metrics, log: Logger) {
        self.loop = loop
        self.database = database
        self.news = news
        self.log = log
        expired = metrics.counter("orders_expired_total", help: "Orders that were not paid or not accepted in time.")
        confirmed = metrics.counter(
            "orders_confirmed_total", help: "Delivered orders that counted as received in the end.")
    }

    /// Runs until its task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            do {
                while try await look(), !Task.isCancelled {}
            } catch {
                if Task.isCancelled || (error as? SQLiteError)?.isClosed == true { return }
                log.warning("orders whose time is over cannot be looked for", ["error": LogValue("\(error)")])
            }
            try? await loop.sleep(for: Self.interval)
        }
    }

    /// - Returns: whether more may be due.
    private func look() async throws -> Bool {
        let due = try await database.read { db in try Orders.due(at: .now, limit: Self.page, in: db) }
        var changed = 0
        for order in due where try await change(order) { changed += 1 }
        return changed > 0 && due.count == Self.page
    }

    private func change(_ order: Int) async throws -> Bool {
        try Failpoint.reach("deadline.before-change", ["order": "\(order)"])
        do {
            let status = try await database.write { [news] db in
                try Orders.passDeadline(order, at: .now, telling: news, in: db)
            }
            try Failpoint.reach("deadline.after-change", ["order": "\(order)"])
            guard let status else { return false }
            (status == .expired ? expired : confirmed).add()
            return true
        } catch  where error is DeliveryError || error is UnreadableRecord {
            // Of this order alone: those behind it have their turn.
            log.warning(
                "an order's time is over and it cannot be changed",
                ["order_id": .number(order), "error": LogValue("\(error)")])
            return false
        }
    }
}
