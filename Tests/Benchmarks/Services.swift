import Delivery
import Glibc
import SQLite

/// The two services on one database, by default without a broker: what they announce waits.
struct Services: Sendable {
    static let names = ["api", "store-admin"]

    private let programs: String
    private let database: String
    private let closedPort: Probe.ClosedPort?
    private let broker: String

    /// Makes the database: demo data, and `orders` orders of the demo customers that are announced and closed but for
    /// the youngest hundred.
    /// - Parameter broker: its URL.
    init(_ options: Options, broker: String? = nil) async throws {
        programs = try Self.programs(options)
        closedPort = broker == nil ? try Probe.ClosedPort() : nil
        self.broker = broker ?? "amqp://guest:guest@127.0.0.1:\(closedPort?.number ?? 0)/"
        database = "\(try CleanUp.makeFolder())/delivery.db"
        let file = try await DeliveryDatabase.open(path: database, demoData: true)
        let orders = options.orders
        if orders > 0 { try await file.write { db in try Services.fill(db, orders) } }
        // As in operation, where the write-ahead log is short: the first commit after a checkpoint begins it anew.
        _ = try await file.checkpoint()
        try await file.write { db in try db.run("UPDATE store SET star = star") }
        await file.close()
    }

    /// With a database that is there.
    init(_ options: Options, database: String, broker: String) throws {
        programs = try Self.programs(options)
        (self.database, self.broker, closedPort) = (database, broker, nil)
    }

    private static func programs(_ options: Options) throws -> String {
        for name in names where access("\(options.programs)/\(name)", X_OK) != 0 {
            throw BenchmarkError(
                "\(options.programs)/\(name) is not there; build it: swift build -c release --product \(name)")
        }
        return options.programs
    }

    /// On a database that is there already.
    init(programs: String, database: String, broker: String) {
        (self.programs, self.database, self.broker, closedPort) = (programs, database, broker, nil)
    }

    private static func fill(_ db: Connection, _ orders: Int) throws {
        try db.run(
            """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
            INSERT INTO user_order(customer_id, store_id, status, amount, ordered_at, paid_at, acknowledged_at,
              closed_at)
            SELECT i % 2 + 1, m.store_id, 'ORDER', m.amount * 2, 1767225600000 + i * 1000, 1767225600000 + i * 1000,
              CASE WHEN i < ?1 - 100 THEN 1767225600000 + i * 1000 END,
              CASE WHEN i < ?1 - 100 THEN 1767225600000 + i * 1000 END
            FROM n JOIN store_menu m ON m.id = i % (SELECT count(*) FROM store_menu) + 1
            """, orders)
        try db.run(
            """
            INSERT INTO user_order_item(order_id, position, store_menu_id, name, amount, quantity)
            SELECT o.id, 0, m.id, m.name, m.amount, 2 FROM user_order o
            JOIN store_menu m ON m.id = o.id % (SELECT count(*) FROM store_menu) + 1
            """)
        try db.run(
            """
            INSERT INTO feed_event(topic, name, data, new_order_id, created_at)
            SELECT 'store/' || store_id, 'order', CAST(printf('{"order_id":%d,"filler":"%.400c"}', id, 'x') AS BLOB), id,
              ordered_at
            FROM user_order
            """)
    }

    /// Starts a service, on a free port unless one is named. Returns when it says that it listens.
    func start(
        _ name: String, port: Int = 0, _ environment: [String: String] = [:]
    ) throws -> (child: Child, port: Int) {
        let child = try Child(
            "\(programs)/\(name)", [],
            environment: [
                "DATABASE_PATH": database, "PORT": "\(port)", "HOST": "127.0.0.1", "LOG_FORMAT": "json",
                "RABBITMQ_URL": broker,
            ].merging(environment) { $1 })
        while let line = child.readLine() {
            guard line.contains("\"listening\""), let start = line.firstRange(of: "\"port\":") else { continue }
            guard let port = Int(line[start.upperBound...].prefix { $0.isNumber }) else { break }
            return (child, port)
        }
        throw BenchmarkError("\(name) did not start")
    }

    /// Returns when `/health/live` answers 200.
    func startLive(_ name: String, _ environment: [String: String] = [:]) throws -> (child: Child, port: Int) {
        let (child, port) = try start(name, environment)
        let reply = try Probe.get("/health/live", port: port)
        guard reply.status == 200 else { throw BenchmarkError("\(name): /health/live answers \(reply.status)") }
        return (child, port)
    }
}
