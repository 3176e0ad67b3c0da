@testable import Delivery
import SQLite

extension Fixture {
    static let news = OrderNews(instance: 1)

    /// A rider who delivers in these areas; without any, everywhere.
    func rider(_ email: String = "rider2@example.com", areas: [String] = []) async throws -> Rider {
        try await database.write { db in
            try db.run(
                """
                INSERT INTO store_user(store_id, email, password, status, role, registered_at)
                VALUES (NULL, ?, 'x', 'REGISTERED', 'RIDER', 0)
                """, email)
            let id = Int(db.lastInsertRowID)
            try db.run(
                "INSERT INTO rider(user_id, name, area_codes) VALUES (?, ?, ?)", id, email,
                String(decoding: try JSON.encode(areas), as: UTF8.self))
            guard let account = try AccountRecords.storeUser(id, in: db),
                let rider = try Accounts.rider(account, in: db)
            else { throw DeliveryError.forbidden }
            return rider
        }
    }

    /// Places an order at store 1 and brings it as far as this.
    func order(
        _ actions: [OrderAction] = [.accept, .startCooking, .finishCooking], to address: String
    ) async throws -> Int {
        let id = try await place(token: try await token()).order.id
        try await database.write { db in
            try db.run("UPDATE user_order SET address = ? WHERE id = ?", address, id)
            for action in actions {
                _ = try Orders.change(id, OrderChange(action, by: .store(1)), telling: Self.news, in: db)
            }
        }
        return id
    }

    func cooked(_ address: String = "서울 마포구 월드컵로 12, 301호") async throws -> Int { try await order(to: address) }

    @discardableResult
    func act(_ action: OrderAction, _ order: Int, by rider: Rider) async throws -> RiderDelivery {
        try await database.write { db in try Riders.act(action, order: order, by: rider, telling: Self.news, in: db) }
    }

    func board(of rider: Rider, at time: Timestamp = .now) async throws -> RiderBoard {
        try await database.read { db in try Riders.board(of: rider, at: time, in: db).board }
    }
}
