import Delivery
import SQLite
import Testing

/// Every SQL statement of the domain's sources is found in their text, so that none that is written later is forgotten.
@Suite("Query plans")
struct QueryPlanTests {
    /// Plans that read from the start of a table on purpose, and why that stays cheap.
    private static let allowedScans = [
        // The first row only.
        "SELECT 1 FROM store LIMIT 1", "SELECT 1 FROM customer LIMIT 1",
        "SELECT ordered_at, id FROM user_order WHERE id <= ? ORDER BY id DESC LIMIT 1",
        // Bounded by its limit.
        "SELECT count(*), min(created_at) FROM (SELECT created_at FROM outbox LIMIT ?)",
        "SELECT order_id, version, created_at FROM outbox LIMIT ?",
        "SELECT count(*) FROM (SELECT 1 FROM payment WHERE next_attempt_at IS NOT NULL LIMIT ?)",
        // One row for each AUTOINCREMENT table.
        "SELECT seq FROM sqlite_sequence WHERE name = 'feed_event'",
        "UPDATE sqlite_sequence SET seq = ? WHERE name = 'feed_event' AND seq < ?",
        """
        INSERT INTO sqlite_sequence(name, seq)
                    SELECT 'feed_event', ? WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'feed_event')
        """,
        "SELECT name, seq FROM sqlite_sequence", "DELETE FROM sqlite_sequence WHERE name = ?",
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'",
        "SELECT id FROM user_order ORDER BY id DESC LIMIT 1",
    ]

    /// What the sources put into a statement's text.
    private static let interpolations = [
        #"\(condition)"#: [
            "o.customer_id = ?1 AND o.closed_at IS NULL", "o.customer_id = ?1 AND o.closed_at IS NOT NULL",
            "o.store_id = ?1 AND o.closed_at IS NULL AND o.paid_at IS NOT NULL",
            "o.store_id = ?1 AND o.closed_at IS NOT NULL AND o.paid_at IS NOT NULL",
        ]
    ]

    @Test("every statement finds its rows by an index or a row id, and sorts nothing")
    func plans() async throws {
        let fixture = try await Fixture()
        let connection = try Connection(path: fixture.database.path)
        defer { connection.close() }
        let statements = try Self.statements()
        for statement in statements.flatMap(Self.expand) {
            #expect(!statement.contains(#"\("#), "an interpolation that this test does not know: \(statement)")
            // Every value is the same one: a plan does not depend on them.
            let text = statement.replacing(/\?[0-9]*/, with: "?1")
            var plan: [String] = []
            let explain = SQL(unchecked: "EXPLAIN QUERY PLAN " + text)
            if text.contains("?1") {
                try connection.each(explain, 1) { row in plan.append(try row.text(3)) }
            } else {
                try connection.each(explain) { row in plan.append(try row.text(3)) }
            }
            let sorts = plan.filter { $0.contains("TEMP B-TREE") || $0.contains("AUTOMATIC") }
            #expect(sorts.isEmpty, "\(statement): \(plan)")
            if Self.allowedScans.contains(statement) { continue }
            // A range of row ids with a filter on something else is a scan by another name.
            let scans = plan.filter {
                ($0.hasPrefix("SCAN") && $0 != "SCAN CONSTANT ROW" && !Self.isOneRow($0, of: statement))
                    || ($0.contains(/\(rowid[<>]/) && !Self.isPageOfTable(statement))
            }
            #expect(scans.isEmpty, "\(statement): \(plan)")
        }
    }

    /// Whether it reads what a subquery found, and that finds one row.
    private static func isOneRow(_ step: String, of statement: String) -> Bool {
        step.hasPrefix("SCAN (subquery") && statement.contains("LIMIT 1)")
    }

    /// Whether it reads a table page by page in the order of its row ids, without any other condition.
    private static func isPageOfTable(_ statement: String) -> Bool {
        ["instance", "feed_event", "order_event", "user_order", "store"].contains {
            statement.contains("FROM \($0) WHERE id > ? ORDER BY id LIMIT")
                || statement.contains("FROM \($0) WHERE id > 0 ORDER BY id LIMIT 1")
        } || statement.contains("FROM order_view WHERE order_id > ? ORDER BY order_id LIMIT")
    }

    @Test("no file of the sources can run a statement whose plan is not asked for")
    func complete() throws {
        let sources = try StatementSource.all()
        #expect(sources.count > 200)
        for source in sources {
            let strays = source.strays
            #expect(strays.isEmpty, "\(source.name): \(strays)")
        }
        #expect(try Self.statements().count > 100)
    }

    @Test(
        "a statement that could not be seen is told of",
        arguments: [
            #"try db.run("WITH x AS (SELECT 1) DELETE FROM store")"#,
            #"try db.first(text) { row in try row.int(0) }"#,
            #"func find(in connection: Connection) throws { try connection.run("DELETE FROM store") }"#,
            #"try await database.read { [id] connection in try find(id, connection) }"#,
            #"try await database.write { try $0.run("DELETE FROM store") }"#,
            #"try db.run(SQL(unchecked: "DELETE FROM \(table)"))"#,
            #"try db.execute(script: "DELETE FROM store")"#,
            #"static let lists: SQL = "DELETE FROM store""#,
        ])
    func strays(_ line: String) {
        #expect(!StatementSource(name: "Some.swift", text: "import SQLite\n\(line)\n").strays.isEmpty)
    }

    @Test("a file that keeps to the rules is not complained of")
    func rules() {
        let source = StatementSource(
            name: "Some.swift",
            text: """
                import SQLite
                func find(_ id: Int, in db: Connection) throws -> Int? {
                    try db.first("SELECT star FROM store WHERE id = ?", id) { row in try row.int(0) }
                }
                let star = try await database.read { [id] db in try find(id, in: db) }
                """)
        #expect(source.strays.isEmpty)
        #expect(source.statements == ["SELECT star FROM store WHERE id = ?"])
    }

    private static func statements() throws -> [String] { try StatementSource.all().flatMap(\.statements) }

    private static func expand(_ statement: String) -> [String] {
        interpolations.reduce([statement]) { texts, interpolation in
            texts.flatMap { text in
                text.contains(interpolation.key)
                    ? interpolation.value.map { text.replacing(interpolation.key, with: $0) } : [text]
            }
        }
    }
}
