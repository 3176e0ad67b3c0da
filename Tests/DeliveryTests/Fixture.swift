import Delivery
import Foundation
import SQLite
import Synchronized
import Testing

/// A database file of its own with the domain on it, removed with the value.
final class Fixture: Sendable {
    let folder: URL
    let database: Database
    let accounts: Accounts
    let orders: Orders
    let told = Told()

    /// What a service would be told after the commits.
    final class Told: Sendable {
        private let kept = Lock<(entries: [OutboxEntry], events: [FeedEvent])>(([], []))

        var entries: [OutboxEntry] { kept.withLock { $0.entries } }
        var messages: [OutboxMessage] { entries.flatMap(\.messages) }
        var events: [FeedEvent] { kept.withLock { $0.events } }

        func news(_ terms: OrderTerms = OrderTerms()) -> OrderNews {
            OrderNews(
                instance: 1, terms: terms, outbox: { entry in self.kept.withLock { $0.entries.append(entry) } },
                feed: { events in self.kept.withLock { $0.events += events } })
        }
    }

    init(demoData: Bool = true) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "delivery-domain-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        database = try await DeliveryDatabase.open(
            path: folder.appending(path: "test.db").path(percentEncoded: false), demoData: demoData)
        accounts = Accounts(database: database, passwords: PasswordWorker())
        orders = Orders(database: database, news: told.news())
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Logs a demo customer in without the cost of a password.
    func token(_ email: String = "customer@example.com", expires: Duration = .seconds(60)) async throws -> String {
        let token = try Secrets.token()
        try await database.write { db in
            try db.run(
                """
                INSERT INTO token(hash, kind, owner_id, expires_at)
                SELECT ?, 'ACCESS', id, ? FROM customer WHERE email = ?
                """, Secrets.sha256(token), Timestamp.now.adding(expires).milliseconds, email)
        }
        return token
    }

    /// Logs a demo owner in without the cost of a password.
    func session(_ email: String = "owner1@example.com", expires: Duration = .seconds(60)) async throws -> String {
        let token = try Secrets.token()
        try await database.write { db in
            try db.run(
                """
                INSERT INTO token(hash, kind, owner_id, expires_at)
                SELECT ?, 'SESSION', id, ? FROM store_user WHERE email = ?
                """, Secrets.sha256(token), Timestamp.now.adding(expires).milliseconds, email)
        }
        return token
    }

    func customerID(_ email: String = "customer@example.com") async throws -> Int {
        try await database.read { db in
            try db.one("SELECT id FROM customer WHERE email = ?", email) { try $0.int(0) }
        }
    }

    func menus(store id: Int = 1) async throws -> [Menu] {
        try await database.read { db in try Stores.menus(store: id, in: db).map(\.menu) }
    }

    /// Places an order of the first menu of a store.
    func place(
        store: Int = 1, quantity: Int = 1, token: String, key: Orders.Key? = nil
    ) async throws -> Orders.Placed {
        let menu = try #require(try await menus(store: store).first)
        return try await orders.place(
            OrderRequest(storeID: store, lines: [.init(menuID: menu.id, quantity: quantity)]), by: .token(token),
            key: key)
    }

    func announce(_ order: Int) async throws -> Feed.Announcement {
        try await database.write { db in try Feed.announce(order: order, traceParent: nil, in: db) }
    }

    func count(_ table: String) async throws -> Int {
        try await database.read { db in
            try db.one(SQL(unchecked: "SELECT count(*) FROM \(table)")) { try $0.int(0) }
        }
    }

    /// Changes the database behind the domain's back.
    func execute(_ script: String) async throws {
        try await database.write { db in try db.execute(script: script) }
    }
}

/// The client from which people of the tests log in.
let home = "192.0.2.1"

/// The refusal that `body` ends with; nil if it succeeds or fails otherwise.
func refusal<Value>(_ body: () async throws -> Value) async -> DeliveryError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? DeliveryError
    }
}

func octets(_ text: String) -> [UInt8] { Array(text.utf8) }
