import Delivery
import SQLite
import Support

/// Riders with sessions, and orders for them, put into the database directly: a hundred logins would cost a hundred scrypts.
struct RiderCrowd: Sendable {
    struct Rider: Sendable {
        let id: Int
        let cookie: String
    }

    let riders: [Rider]
    private let database: Database

    /// - Parameter path: of a database file with the demo data.
    static func make(_ count: Int, at path: String) async throws -> RiderCrowd {
        let database = try await DeliveryDatabase.open(path: path, demoData: false)
        let riders = try await database.write { db in
            try (0..<count).map { number in
                try db.run(
                    """
                    INSERT INTO store_user(store_id, email, password, status, role, registered_at)
                    VALUES (NULL, ?, 'x', 'REGISTERED', 'RIDER', 0)
                    """, "crowd\(number)@example.com")
                let id = Int(db.lastInsertRowID)
                try db.run("INSERT INTO rider(user_id, name, area_codes) VALUES (?, ?, '[]')", id, "라이더 \(number)")
                let token = try Secrets.token()
                try db.run(
                    "INSERT INTO token(hash, kind, owner_id, expires_at) VALUES (?, 'SESSION', ?, ?)",
                    Secrets.sha256(token), id, Timestamp.now.adding(.seconds(3600)).milliseconds)
                return Rider(id: id, cookie: "store_session=\(token)")
            }
        }
        return RiderCrowd(riders: riders, database: database)
    }

    /// Brings a paid order to where riders see it.
    func cook(_ order: Int) async throws {
        try await database.write { db in
            for action in [OrderAction.accept, .startCooking, .finishCooking] {
                _ = try Orders.change(
                    order, OrderChange(action, by: .store(1)), telling: OrderNews(instance: 0), in: db)
            }
        }
    }

    /// The riders who took an order, by its events.
    func takers(of order: Int) async throws -> [Int] {
        try await database.read { db in
            try db.all(
                "SELECT actor_id FROM order_event WHERE order_id = ? AND action = 'TAKE'", order
            ) { try $0.int(0) }
        }
    }

    func close() async { await database.close() }
}
