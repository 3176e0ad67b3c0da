import Delivery
import EventLoop
import Foundation
import SQLite
import Service
import Testing

/// A database with demo data and paid or registered orders on it, removed with the value.
final class PaymentFixture: Sendable {
    let database: Database
    let group: EventLoopGroup
    let log = Logger(service: "test", level: .error, format: .json)
    private let folder: URL

    init() async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "delivery-payments-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        database = try await DeliveryDatabase.open(
            path: folder.appending(path: "test.db").path(percentEncoded: false), demoData: true)
        group = try EventLoopGroup(count: 1)
    }

    deinit {
        group.stop()
        try? FileManager.default.removeItem(at: folder)
    }

    func place(terms: OrderTerms = OrderTerms(), hasGateway: Bool) async throws -> Int {
        let token = try Secrets.token()
        let expiry = Timestamp.now.adding(.seconds(60)).milliseconds
        try await database.write { db in
            try db.run(
                "INSERT INTO token(hash, kind, owner_id, expires_at) VALUES (?, 'ACCESS', 1, ?)", Secrets.sha256(token),
                expiry)
        }
        let orders = Orders(
            database: database, news: OrderNews(instance: 1, terms: terms), hasGateway: hasGateway)
        return try await orders.place(
            OrderRequest(storeID: 1, lines: [.init(menuID: 1, quantity: 1)]), by: .token(token)
        ).order.id
    }

    func status(_ order: Int) async throws -> String {
        try await database.read { db in
            try db.one("SELECT status FROM user_order WHERE id = ?", order) { row in try row.text(0) }
        }
    }
}
