import AMQP
import Delivery
import Foundation
import SQLite
import Support

/// A database file with orders that only a message announces: they are so young that they do not count as forgotten for
/// almost two minutes.
struct UnannouncedOrders: Sendable {
    let ids: [Int]

    static func make(at path: String, count: Int) async throws -> UnannouncedOrders {
        let database = try await DeliveryDatabase.open(path: path, demoData: true)
        let ids = try await database.write { db in
            try (0..<count).map { _ in
                try db.run(
                    """
                    INSERT INTO user_order(customer_id, store_id, status, amount, ordered_at, paid_at)
                    VALUES (1, 1, 'ORDER', 8000, (unixepoch() + 80) * 1000, 1)
                    """)
                let id = Int(db.lastInsertRowID)
                try db.run(
                    """
                    INSERT INTO user_order_item(order_id, position, store_menu_id, name, amount, quantity)
                    VALUES (?, 0, 1, '김치찌개', 8000, 1)
                    """, id)
                try db.run(
                    """
                    INSERT INTO order_event(order_id, version, action, status, actor, actor_id, at, body)
                    SELECT id, 1, 'PLACE', status, 'CUSTOMER', customer_id, ordered_at, CAST('{}' AS BLOB)
                    FROM user_order WHERE id = ?
                    """, id)
                return id
            }
        }
        await database.close()
        return UnannouncedOrders(ids: ids)
    }

    static func body(_ id: Int) -> [UInt8] { Array(#"{"user_order_id":\#(id)}"#.utf8) }
}

extension AMQPChannel {
    /// Publishes the message of an order as `api` does.
    func announce(_ id: Int, headers: FieldTable? = nil) async throws {
        try await publish(
            UnannouncedOrders.body(id), to: "delivery.exchange", routingKey: "delivery.key",
            properties: BasicProperties(headers: headers, deliveryMode: .persistent, messageID: "order-\(id)"))
    }

    /// Takes all that stands in a queue.
    func drain(_ queue: String) async throws -> [AMQPDelivery] {
        var deliveries: [AMQPDelivery] = []
        while let delivery = try await get(queue) {
            try await delivery.ack()
            deliveries.append(delivery)
        }
        return deliveries
    }
}

extension AMQPDelivery {
    func header(_ name: String) -> FieldValue? { properties.headers?[name] }
    var orderID: Int? {
        (try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Int])?["user_order_id"]
    }
}
