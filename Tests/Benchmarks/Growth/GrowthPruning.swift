import Delivery
import EventLoop
import Glibc
import SQLite
import Service
import Synchronized
import Upkeep

/// How long orders wait while old rows are removed.
struct GrowthPruning {
    let path: String
    let data: GrowthData
    let rows: Int
    let rate: Int

    private struct Figures: Sendable {
        var latencies: [Double] = []
        var seconds = 0.0
        var rows = 0
    }

    /// Orders come at a steady rate; first nothing is removed, then the oldest rows of the log.
    func run() async throws {
        let longest = Lock(0.0)
        let began = Lock(ContinuousClock.now)
        var configuration = Configuration()
        configuration.observer = { event in
            switch event {
            case .groupBegan: began.withLock { $0 = .now }
            case .groupEnded:
                let time = (ContinuousClock.now - began.withLock { $0 }) / .milliseconds(1)
                longest.withLock { $0 = max($0, time) }
            case .checkpointBegan, .checkpointEnded: break
            }
        }
        let database = try await DeliveryDatabase.open(path: path, demoData: false, configuration: configuration)
        let token = "pruning-\(getpid())"
        try await database.write { db in
            try db.run(
                "INSERT OR REPLACE INTO token(hash, kind, owner_id, expires_at) VALUES (?, 'ACCESS', 1, ?)",
                Secrets.sha256(token), Timestamp.now.adding(.seconds(3600)).milliseconds)
        }
        var report = Report(
            "pruning",
            columns: [
                .init(name: "orders", digits: 0), .init(name: "p50 ms", digits: 2), .init(name: "p99 ms", digits: 2),
                .init(name: "most ms", digits: 1), .init(name: "longest group ms", digits: 1),
                .init(name: "rows removed", digits: 0), .init(name: "rows/s", digits: 0),
                .init(name: "free pages", digits: 0), .init(name: "pages", digits: 0),
            ])
        func note(_ name: String, _ figures: Figures) async throws {
            let sorted = figures.latencies.sorted()
            let (free, pages) = try await database.read { db in
                (
                    try db.one("PRAGMA freelist_count") { try $0.int(0) },
                    try db.one("PRAGMA page_count") { try $0.int(0) }
                )
            }
            report.add(
                name,
                [
                    Double(sorted.count), sorted[sorted.count / 2], sorted[sorted.count * 99 / 100],
                    sorted.last ?? .nan, longest.withLock { $0 }, Double(figures.rows),
                    Double(figures.rows) / figures.seconds, Double(free), Double(pages),
                ])
            longest.withLock { $0 = 0 }
        }
        _ = try await load(database, token, until: ContinuousClock.now + .seconds(2))
        longest.withLock { $0 = 0 }
        try await note("without", try await load(database, token, until: .now + .seconds(10)))
        try await note("while \(rows) rows are removed", try await prune(database, token))
        try await note("after it", try await load(database, token, until: .now + .seconds(10)))
        await database.close()
        print("\(rate) orders a second, \(data.orders) stored ones\n")
        try report.print()
    }

    private func load(
        _ database: Database, _ token: String, until end: ContinuousClock.Instant? = nil,
        isOver: @Sendable () -> Bool = { false }
    ) async throws -> Figures {
        let orders = Orders(database: database, news: OrderNews(instance: 1))
        var figures = Figures()
        let start = ContinuousClock.now
        var due = start
        while !isOver(), end.map({ ContinuousClock.now < $0 }) ?? true {
            let store = .random(in: 1...data.stores) as Int
            let menu = (store - 1) * GrowthData.menusPerStore + 1
            // From when it is due, so that a stall is seen in all orders that fall into it.
            _ = try await orders.place(
                OrderRequest(storeID: store, lines: [.init(menuID: menu, quantity: 2)]), by: .token(token),
                key: try Orders.Key(Secrets.hex(try Secrets.random(12)), body: []))
            figures.latencies.append((ContinuousClock.now - due) / .milliseconds(1))
            due += .microseconds(1_000_000 / rate)
            let pause = due - .now
            if pause > .zero { try await Task.sleep(for: pause, tolerance: .zero) }
        }
        figures.seconds = (ContinuousClock.now - start) / .seconds(1)
        return figures
    }

    private func prune(_ database: Database, _ token: String) async throws -> Figures {
        let newest = try await database.read { [rows] db in
            try db.one("SELECT created_at FROM feed_event ORDER BY id LIMIT 1 OFFSET ?", rows) { try $0.int(0) }
        }
        var terms = PruningTerms()
        terms.feed = .milliseconds(Timestamp.now.milliseconds - newest)
        let loop = try EventLoop(name: "prune")
        try loop.start()
        let metrics = Metrics()
        let removed = metrics.counter("pruned_rows_total", ["of": "feed"], help: "")
        let pruner = Pruner(
            on: loop, database: database, terms: terms, metrics: metrics,
            log: Logger(service: "bench", level: .error, format: .text))
        let isOver = Lock(false)
        let task = Task(executorPreference: loop) {
            defer { isOver.withLock { $0 = true } }
            try await pruner.prune(.feed)
        }
        var figures = try await load(database, token, isOver: { isOver.withLock { $0 } })
        try await task.value
        loop.stop()
        figures.rows = removed.current
        return figures
    }
}
