import Delivery
import SQLite

/// What the tests of the services need in the database and the demo data lacks.
struct ServiceData: Sendable {
    /// For 100 won, below the minimum of store 1.
    let cheapMenu: Int
    /// Of store 1, no longer on sale.
    let formerMenu: Int
    /// Of store 1, with markup for a name.
    let hostileMenu: Int

    static let markup = "<img src=x onerror=window.harm=1><script>window.harm=1</script>"

    /// Makes the database with the demo data and this.
    static func make(at path: String) async throws -> ServiceData {
        let database = try await DeliveryDatabase.open(path: path, demoData: true)
        let data = try await database.write { db in
            func menu(_ name: String, _ amount: Int, _ status: String) throws -> Int {
                try db.run(
                    """
                    INSERT INTO store_menu(store_id, name, amount, status, thumbnail_url, like_count, sequence)
                    VALUES (1, ?, ?, ?, '', 0, 9)
                    """, name, amount, status)
                return Int(db.lastInsertRowID)
            }
            let cheap = try menu("공기밥", 100, "REGISTERED")
            let former = try menu("냉면", 9000, "UNREGISTERED")
            let hostile = try menu(markup, 9000, "REGISTERED")
            return ServiceData(cheapMenu: cheap, formerMenu: former, hostileMenu: hostile)
        }
        await database.close()
        return data
    }

    /// Adds an order that only its message announces: it is too young to count as forgotten for almost two minutes.
    static func insertUnannounced(_ order: Int, at path: String) async throws {
        let database = try await DeliveryDatabase.open(path: path, demoData: false)
        try await database.write { db in
            try db.run(
                """
                INSERT INTO user_order(id, customer_id, store_id, status, amount, ordered_at, paid_at)
                VALUES (?, 1, 1, 'ORDER', 8000, (unixepoch() + 80) * 1000, 1)
                """, order)
            try db.run(
                """
                INSERT INTO user_order_item(order_id, position, store_menu_id, name, amount, quantity)
                VALUES (?, 0, 1, '김치찌개', 8000, 1)
                """, order)
        }
        await database.close()
    }

    /// Makes a database with so many orders of long ago, all announced.
    static func makeFilled(at path: String, orders: Int) async throws {
        let database = try await DeliveryDatabase.open(path: path, demoData: true)
        try await database.write { db in
            try db.run(
                """
                WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?)
                INSERT INTO user_order(customer_id, store_id, status, amount, ordered_at, closed_at, paid_at)
                SELECT 1, 1 + i % 3, 'RECEIVE', 8000, 1.7e12 + i, 1.7e12 + i, 1.7e12 + i FROM n
                """, orders)
            try db.run(
                """
                INSERT INTO user_order_item(order_id, position, store_menu_id, name, amount, quantity)
                SELECT id, 0, 1, '김치찌개', 8000, 1 FROM user_order
                """)
            try db.run(
                """
                INSERT INTO feed_event(topic, name, data, new_order_id, created_at)
                SELECT 'store/' || store_id, '', CAST('{"user_order_response":{"id":' || id || '}}' AS BLOB), id, ordered_at
                FROM user_order
                """)
        }
        await database.close()
    }
}
