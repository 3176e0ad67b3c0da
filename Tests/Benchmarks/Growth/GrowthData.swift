import CSQLite
import Delivery
import Glibc
import SQLite

/// Databases as the services would have left them after so many orders: closed but for the youngest, spread over stores,
/// customers and time, with the rows that are kept of them after pruning.
struct GrowthData: Sendable {
    let orders: Int
    let stores: Int
    var customers: Int { max(1_000, orders / 10) }
    static let menusPerStore = 8

    /// Between two orders, in milliseconds: 10,000,000 of them are half a year.
    static let interval = 1_500
    static let day = 86_400_000

    /// About as many octets as the file has.
    var expectedOctets: Int { orders * 1_150 + min(orders, 400_000) * 8_000 + stores * 2_000 + (64 << 20) }

    /// Makes the file. Takes a few minutes for ten million orders.
    func make(_ path: String, telling: (String) -> Void) async throws {
        try await DeliveryDatabase.open(path: path, demoData: false).close()
        let file = try GrowthFile(path)
        defer { file.close() }
        let now = Timestamp.now.milliseconds
        try file.run("PRAGMA journal_mode=DELETE")
        try file.run("PRAGMA journal_mode=OFF")
        try file.run("PRAGMA synchronous=OFF")
        try file.run("PRAGMA locking_mode=EXCLUSIVE")
        try file.run("PRAGMA cache_size=-1000000")
        // Made from sorted rows when most of them are there, which is much faster than row by row. The last tenth is then
        // put in between, so that pages are as full as they are in a file that has grown, and not packed.
        let indexes = try file.texts("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
        let texts = try file.texts("SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
        try file.run("BEGIN")
        for index in indexes { try file.run("DROP INDEX \(index)") }
        func run(_ parts: [(String, String)]) throws {
            for (name, sql) in parts {
                telling(name)
                try file.run(sql)
            }
        }
        let most = orders - orders / 10
        try run(people(now: now) + parts(1...most, now: now))
        try run(Array(zip(indexes.map { "index \($0)" }, texts)))
        try run(parts(most + 1...orders, now: now) + kept())
        try file.run("COMMIT")
    }

    /// Of an order's number: spreads it over a range that begins with 1.
    private func spread(_ column: String, _ factor: Int, over count: Int) -> String {
        "1 + ((\(column) * \(factor)) % 4294967296) % \(count)"
    }

    private func series(_ count: Int) -> String {
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < \(count))"
    }

    /// The youngest order that is older than so many days.
    private func last(beforeDays days: Int) -> Int { max(0, orders - days * Self.day / Self.interval) }

    private func people(now: Int) -> [(String, String)] {
        [
            (
                "stores",
                """
                \(series(stores)) INSERT INTO store
                  SELECT i, '가게 ' || i, '서울시 마포구 와우산로 ' || i, 'REGISTERED',
                    CASE i % 4 WHEN 0 THEN 'PIZZA' WHEN 1 THEN 'CHICKEN' WHEN 2 THEN 'KOREAN_FOOD' ELSE 'COFFEE_TEA' END,
                    (i * 7919 % 50) / 10.0, '', 5000, 2000, '02-330-' || i FROM n;
                INSERT INTO store_menu(id, store_id, name, amount, status, thumbnail_url, like_count, sequence)
                  SELECT (s.id - 1) * \(Self.menusPerStore) + k.i + 1, s.id, '메뉴 ' || k.i, 8000 + k.i * 500, 'REGISTERED', '',
                    s.id % 300, k.i FROM store s CROSS JOIN (\(numbers(Self.menusPerStore))) k;
                INSERT INTO store_setting(store_id) SELECT id FROM store WHERE id % 3 = 0;
                """
            ),
            (
                "customers",
                """
                \(series(customers)) INSERT INTO customer
                  SELECT i, '손님 ' || i, 'customer' || i || '@example.com', '서울시 마포구 월드컵로 ' || i || ', 301호',
                    '\(String(repeating: "x", count: 120))', 'REGISTERED', 0 FROM n;
                INSERT INTO token(hash, kind, owner_id, expires_at)
                  SELECT randomblob(32), k.kind, c.id, \(now) + c.id % 1209600000
                  FROM customer c CROSS JOIN (SELECT 'ACCESS' AS kind UNION ALL SELECT 'REFRESH') k WHERE c.id % 5 = 0;
                """
            ),
        ]
    }

    private func parts(_ range: ClosedRange<Int>, now: Int) -> [(String, String)] {
        let open = min(2_000, orders / 10)
        let start = now - orders * Self.interval
        let part = "BETWEEN \(range.lowerBound) AND \(range.upperBound)"
        return [
            (
                "orders",
                """
                WITH RECURSIVE n(i) AS (
                  VALUES (\(range.lowerBound)) UNION ALL SELECT i + 1 FROM n WHERE i < \(range.upperBound))
                INSERT INTO user_order(id, customer_id, store_id, status, amount, ordered_at, note,
                    acknowledged_at, closed_at, version, status_changed_at, paid_at, address, prep_minutes, ready_at, deadline_at)
                  SELECT i, \(spread("i", 2_246_822_519, over: customers)), \(spread("i", 2_654_435_761, over: stores)),
                    CASE WHEN i > \(orders - open) THEN CASE i % 3 WHEN 0 THEN 'ORDER' WHEN 1 THEN 'ACCEPT' ELSE 'COOKING' END
                      WHEN i % 25 = 0 THEN 'CANCEL' WHEN i % 40 = 0 THEN 'REJECT' ELSE 'RECEIVE' END,
                    16500, \(start) + i * \(Self.interval), CASE WHEN i % 4 = 0 THEN '문 앞에 놓아 주세요' END,
                    \(start) + i * \(Self.interval) + 20000,
                    CASE WHEN i <= \(orders - open) THEN \(start) + i * \(Self.interval) + 2400000 END,
                    CASE WHEN i > \(orders - open) THEN 1 + i % 3 WHEN i % 25 = 0 OR i % 40 = 0 THEN 2 ELSE 7 END,
                    \(start) + i * \(Self.interval) + 2400000, \(start) + i * \(Self.interval),
                    '서울시 마포구 월드컵로 ' || i % 1000 || ', 301호', 20, \(start) + i * \(Self.interval) + 1200000,
                    CASE WHEN i > \(orders - open) AND i % 3 = 0 THEN \(now) + 1800000 + i % 1000 END
                  FROM n;
                INSERT INTO user_order_item(order_id, position, store_menu_id, name, amount, quantity)
                  SELECT o.id, k.i, (o.store_id - 1) * \(Self.menusPerStore) + 1 + k.i, '메뉴 ' || k.i, 8000 + k.i * 500, 1
                  FROM user_order o CROSS JOIN (\(numbers(2))) k WHERE o.id \(part);
                """
            ),
            (
                "books",
                """
                INSERT INTO ledger_entry(order_id, kind, amount, at)
                  SELECT id, k.kind, CASE k.kind WHEN 'CHARGE' THEN amount ELSE -amount END, ordered_at
                  FROM user_order CROSS JOIN (SELECT 'CHARGE' AS kind UNION ALL SELECT 'REFUND') k
                  WHERE id \(part) AND (k.kind = 'CHARGE' OR status IN ('CANCEL', 'REJECT'));
                INSERT INTO settlement_entry(order_id, kind, store_id, day, amount, fee, at)
                  SELECT id, k.kind, store_id, strftime('%Y-%m-%d', ordered_at / 1000 + 32400, 'unixepoch'),
                    CASE k.kind WHEN 'SALE' THEN amount ELSE -amount END,
                    CASE k.kind WHEN 'SALE' THEN amount / 10 ELSE -amount / 10 END, ordered_at
                  FROM user_order CROSS JOIN (SELECT 'SALE' AS kind UNION ALL SELECT 'REFUND') k
                  WHERE id \(part) AND (k.kind = 'SALE' OR status IN ('CANCEL', 'REJECT'));
                """
            ),
            (
                "views",
                """
                INSERT INTO order_view(order_id, version, status, is_open, customer_id, store_id, store_name, amount, items,
                    address, prep_minutes, ready_at, ordered_at, paid_at, changed_at)
                  SELECT id, version, status, closed_at IS NULL, customer_id, store_id, '가게 ' || store_id, amount,
                    '메뉴 0 1, 메뉴 1 1', address, prep_minutes, ready_at, ordered_at, paid_at, status_changed_at
                  FROM user_order WHERE id \(part);
                """
            ),
            ("changes", changes(range, bodiesFrom: last(beforeDays: 7))),
        ]
    }

    /// What is kept for a while only.
    private func kept() -> [(String, String)] {
        [
            ("log", log(from: last(beforeDays: 3))),
            (
                "keys",
                """
                INSERT INTO idempotency_key(customer_id, key, request_hash, order_id, created_at)
                  SELECT customer_id, lower(hex(randomblob(16))), randomblob(32), id, ordered_at
                  FROM user_order WHERE id > \(last(beforeDays: 1));
                INSERT INTO progress(name, value) SELECT 'announced_order_events', max(id) FROM order_event;
                """
            ),
        ]
    }

    private func numbers(_ count: Int) -> String {
        (0..<count).map { "SELECT \($0) AS i" }.joined(separator: " UNION ALL ")
    }

    /// What was done to the orders of each kind, in turn.
    private static let stories: [(status: String, steps: [(action: String, status: String, actor: String)])] = {
        let steps = [
            ("PLACE", "ORDER", "CUSTOMER"), ("ACCEPT", "ACCEPT", "STORE"), ("START_COOKING", "COOKING", "STORE"),
            ("FINISH_COOKING", "COOKED", "STORE"), ("START_DELIVERY", "DELIVERY", "STORE"),
            ("RECEIVE_DELIVERY", "DELIVERED", "STORE"), ("CONFIRM", "RECEIVE", "CUSTOMER"),
        ]
        return [
            ("ORDER", Array(steps.prefix(1))), ("ACCEPT", Array(steps.prefix(2))), ("COOKING", Array(steps.prefix(3))),
            ("RECEIVE", steps), ("CANCEL", [steps[0], ("CANCEL", "CANCEL", "CUSTOMER")]),
            ("REJECT", [steps[0], ("REJECT", "REJECT", "STORE")]),
        ]
    }()

    private func changes(_ range: ClosedRange<Int>, bodiesFrom first: Int) -> String {
        let rows = Self.stories.flatMap { story in
            story.steps.enumerated().map {
                "('\(story.status)', \($0 + 1), '\($1.action)', '\($1.status)', '\($1.actor)')"
            }
        }
        return """
            CREATE TEMP TABLE IF NOT EXISTS story(kind TEXT, version INTEGER, action TEXT, status TEXT, actor TEXT,
              PRIMARY KEY (kind, version)) WITHOUT ROWID;
            INSERT OR IGNORE INTO story VALUES \(rows.joined(separator: ", "));
            INSERT INTO order_event(order_id, version, action, status, actor, actor_id, at, body)
              SELECT o.id, s.version, s.action, s.status, s.actor, o.customer_id, o.ordered_at + (s.version - 1) * 400000,
                CASE WHEN o.id > \(first) THEN CAST(printf('{"order_id":%d,"filler":"%.420c"}', o.id, 'x') AS BLOB)
                  ELSE X'' END
              FROM user_order o CROSS JOIN story s ON s.kind = o.status
              WHERE o.id BETWEEN \(range.lowerBound) AND \(range.upperBound);
            """
    }

    private func log(from first: Int) -> String {
        """
        INSERT INTO feed_event(topic, name, data, new_order_id, created_at)
          SELECT CASE t.i WHEN 0 THEN 'store/' || o.store_id WHEN 1 THEN 'user/' || o.customer_id ELSE 'riders' END,
            CASE WHEN s.version = 1 THEN '' WHEN t.i = 2 THEN 'delivery-changed' ELSE 'order-status' END,
            CAST(printf('{"id":%d,"filler":"%.*c"}', o.id, CASE s.version WHEN 1 THEN 1100 ELSE 150 END, 'x') AS BLOB),
            CASE s.version WHEN 1 THEN o.id END, o.ordered_at + (s.version - 1) * 400000
          FROM user_order o CROSS JOIN story s ON s.kind = o.status CROSS JOIN (\(numbers(3))) t
          WHERE o.id > \(first) AND (t.i = 0 OR s.version > 1)
            AND (t.i < 2 OR s.status IN ('COOKED', 'DELIVERY', 'DELIVERED'));
        INSERT INTO progress(name, value) SELECT 'feed_pruned', 0 WHERE NOT EXISTS (
          SELECT 1 FROM progress WHERE name = 'feed_pruned');
        """
    }
}

/// A file that nobody else has open, written without a log and without a sync: for filling it.
final class GrowthFile {
    private var handle: OpaquePointer?

    init(_ path: String) throws {
        guard sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nil) == SQLITE_OK else {
            throw BenchmarkError("cannot open \(path)")
        }
    }

    func close() {
        sqlite3_close_v2(handle)
        handle = nil
    }

    func run(_ sql: String) throws {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else {
            throw BenchmarkError("\(String(cString: sqlite3_errmsg(handle))): \(sql.prefix(300))")
        }
    }

    func texts(_ sql: String) throws -> [String] {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK else {
            throw BenchmarkError(String(cString: sqlite3_errmsg(handle)))
        }
        defer { sqlite3_finalize(statement) }
        var texts: [String] = []
        while sqlite3_step(statement) == SQLITE_ROW {
            texts.append(sqlite3_column_text(statement, 0).map { String(cString: $0) } ?? "")
        }
        return texts
    }
}
