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
    private let news: OrderNews
    private let appended: @Sendable ([FeedEvent]) -> Void
    private let begun = BegunWork()

    package init(
        on loop: EventLoop, database: Database, metrics: Metrics, log: Logger, news: OrderNews,
        appended: @escaping @Sendable ([FeedEvent]) -> Void
    ) {
        self.loop = loop
        self.database = database
        self.log = log
        self.news = news
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
        while !Task.isCancelled,
            let page = try await database.read({ db in
                try Feed.forgottenPage(storedBefore: time, limit: Self.page, in: db)
            })
        {
            let count = try await announce(page, storedBefore: time)
            if count > 0 {
                found.add(count)
                log.warning("orders were announced without their message", ["count": .number(count)])
            }
            if page.isComplete { return }
        }
    }

    /// What ends the process here would do so at each start. So the attempt at a page is counted before the work, and a page
    /// that was begun before is gone through order by order.
    private func announce(_ page: Feed.ForgottenPage, storedBefore time: Timestamp) async throws -> Int {
        let key = "forgotten orders up to change \(page.last)"
        let attempt = page.orders.isEmpty ? 1 : try await begin(key)
        if attempt == 1 {
            do {
                let count = try await database.write { [news, appended] db in
                    let events = try Feed.announceForgotten(storedBefore: time, limit: Self.page, in: db).events
                    if !page.orders.isEmpty { try DeliveryAttempts.end(key, in: db) }
                    if !events.isEmpty { db.afterCommit { appended(events) } }
                    for event in events {
                        try event.newOrder.flatMap { try AutoAccept.due(order: $0.id, in: db) }?
                            .accept(telling: news, in: db)
                    }
                    return events.count
                }
                begun.end(key)
                return count
            } catch  where Trouble(error) == .permanent {
                log.warning("an order of many cannot be read", ["error": LogValue("\(error)")])
            }
        }
        var count = 0
        for order in page.orders where try await announceAlone(order) { count += 1 }
        try await database.write { db in
            try Feed.didCheckChanges(upTo: page.last, in: db)
            try DeliveryAttempts.end(key, in: db)
        }
        begun.end(key)
        return count
    }

    /// - Returns: false for an order that has an event, or will never have one.
    private func announceAlone(_ order: Int) async throws -> Bool {
        let key = "forgotten order \(order)"
        let attempts = try await begin(key)
        do {
            guard DeliveryPolicy.refuse(attempts: attempts) == nil else {
                log.error(
                    "an order is given up: to announce it was begun too often and never ended",
                    ["order_id": .number(order)])
                try await database.write { db in try DeliveryAttempts.end(key, in: db) }
                return false
            }
            let isAppended = try await database.write { [news, appended] db in
                try DeliveryAttempts.end(key, in: db)
                guard case .appended(let event) = try Feed.announce(order: order, traceParent: nil, in: db) else {
                    return false
                }
                db.afterCommit { appended([event]) }
                try AutoAccept.due(order: order, in: db)?.accept(telling: news, in: db)
                return true
            }
            begun.end(key)
            return isAppended
        } catch  where Trouble(error) == .permanent {
            log.error(
                "an order is given up: it cannot be read",
                ["order_id": .number(order), "error": LogValue("\(error)")])
            return false
        }
    }

    /// Counts an attempt in a commit of its own, once in the life of a process.
    private func begin(_ key: String) async throws -> Int {
        if let counted = begun[key] { return counted.count }
        let attempt = try await database.write { db in try DeliveryAttempts.begin(key, in: db) }
        begun.begin(key, attempt)
        return attempt.count
    }
}
