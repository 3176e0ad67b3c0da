import Delivery
import SQLite

extension Benchmark {
    /// The same lists from the orders' own tables and from the table that the events feed, on one reader's connection.
    static let view = Benchmark(
        name: "view", summary: "lists of orders by join, and from the table of where orders are"
    ) {
        arguments in
        var options = try Options(arguments)
        if !arguments.contains("--orders") { options.orders = 100_000 }
        let database = try await DeliveryDatabase.open(path: "\(try CleanUp.makeFolder())/delivery.db", demoData: true)
        try await database.write { [count = options.orders] db in try fill(count, db) }
        let open = try await database.read { db in
            try Orders.current(store: 1, Orders.Page(limit: 500), in: db).orders.map(\.order.id)
        }
        guard let some = open.first else { throw BenchmarkError("there are no orders") }
        let page = Orders.Page(limit: 100)
        let queries: [Query] = [
            Query("store's open orders (100), join") { db in try Orders.current(store: 1, page, in: db).orders.count },
            Query("store's open orders (100), table") { db in try OrderViews.list(store: 1, page, in: db).count },
            Query("one order of a customer, join") { db in
                try Orders.find(some, customer: 1, in: db).menus.count
            },
            Query("one order of a customer, table") { db in
                try OrderViews.find(some, customer: 1, in: db).items.isEmpty ? 0 : 1
            },
        ]
        var report = Report("view", columns: [.init(name: "µs a query", digits: 1)])
        for round in 0...options.rounds {
            for query in queries {
                let time = try await database.read { db in
                    var count = 0
                    let start = ContinuousClock.now
                    while ContinuousClock.now - start < .milliseconds(300) {
                        for _ in 0..<20 { _ = try query.run(db) }
                        count += 20
                    }
                    return (ContinuousClock.now - start) / .microseconds(count)
                }
                // The first round fills the caches.
                if round > 0 { report.add(query.name, [time]) }
            }
        }
        await database.close()
        print("\(options.orders) orders, \(open.count) of them open at the store; \(options.rounds) rounds\n")
        try report.print(
            ratios: [
                ("list: join / table", report.series(queries[0].name, 0).ratio(to: report.series(queries[1].name, 0))),
                ("one: join / table", report.series(queries[2].name, 0).ratio(to: report.series(queries[3].name, 0))),
            ])
    }

    private struct Query: Sendable {
        let name: String
        let run: @Sendable (SQLite.Connection) throws -> Int

        init(_ name: String, _ run: @escaping @Sendable (SQLite.Connection) throws -> Int) {
            (self.name, self.run) = (name, run)
        }
    }

    /// Orders of three items each, of the customer 1; the last thousand are open.
    private static func fill(_ count: Int, _ db: SQLite.Connection) throws {
        try db.run(
            """
            WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
            INSERT INTO user_order(customer_id, store_id, status, amount, ordered_at, status_changed_at, paid_at, address,
              closed_at)
            SELECT 1, 1 + i % 3, CASE WHEN i > ?1 - 1000 THEN 'ORDER' ELSE 'RECEIVE' END, 24000, i, i, i, '서울 마포구 1',
              CASE WHEN i > ?1 - 1000 THEN NULL ELSE i END FROM n
            """, count)
        try db.execute(
            script: """
                INSERT INTO user_order_item(order_id, position, store_menu_id, name, amount, quantity)
                  SELECT o.id, p.i, (o.store_id - 1) * 4 + 1 + p.i, '메뉴 ' || p.i, 8000, 1
                  FROM user_order o, (SELECT 0 AS i UNION ALL SELECT 1 UNION ALL SELECT 2) p;
                INSERT INTO order_view(order_id, version, status, is_open, customer_id, store_id, store_name, amount, items,
                  address, ordered_at, paid_at, changed_at)
                  SELECT id, version, status, closed_at IS NULL, customer_id, store_id, '한식당', amount,
                    '메뉴 0 1, 메뉴 1 1, 메뉴 2 1', address, ordered_at, paid_at, status_changed_at FROM user_order;
                """)
    }
}
