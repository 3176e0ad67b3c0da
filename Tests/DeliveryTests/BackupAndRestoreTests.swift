import Delivery
import Foundation
import SQLite
import Testing

@Suite("Backup and restore")
struct BackupAndRestoreTests {
    private func file(_ name: String, _ fixture: Fixture) -> String {
        fixture.folder.appending(path: name).path(percentEncoded: false)
    }

    @Test("no id that was given out after the backup is used again")
    func ids() async throws {
        let fixture = try await Fixture()
        let backup = file("backup.db", fixture)
        let token = try await fixture.token()
        let first = try await fixture.place(token: token).order.id
        let report = try DeliveryDatabase.backUp(fixture.database.path, to: backup)
        #expect(report.youngestOrder == first)
        // The old file's ids count too, whatever a restore before has made of them.
        try await fixture.database.write { db in
            try db.run("UPDATE sqlite_sequence SET seq = 700000000 WHERE name = 'user_order'")
        }
        let later = try await fixture.place(token: token).order.id
        #expect(later > 700_000_000)
        let path = fixture.database.path
        #expect(throws: SQLiteError.self) { try DeliveryDatabase.restore(backup, over: path) }
        await fixture.database.close()

        let restored = try DeliveryDatabase.restore(backup, over: path)
        #expect(restored.youngestOrder == first)
        #expect(restored.firstNewOrder > later)
        let database = try await DeliveryDatabase.open(path: path, demoData: true)
        let sequences = try await database.read { db in
            try db.all("SELECT name, seq FROM sqlite_sequence") { (try $0.text(0), try $0.int(1)) }
        }
        #expect(Set(sequences.map(\.0)).isSuperset(of: ["user_order", "feed_event", "instance", "customer"]))
        #expect(sequences.allSatisfy { $0.1 >= 100_000_000 })
        let head = try await database.read { db in try Feed.head(in: db) }
        let pruned = try await database.read { db in
            try db.one("SELECT value FROM progress WHERE name = 'feed_pruned'") { try $0.int(0) }
        }
        #expect(head >= 100_000_000 && pruned == head)
        #expect(try await database.integrityCheck() == [])
        // A message of an order that the backup does not have announces nothing, also when new orders come.
        let orders = Orders(database: database, news: OrderNews(instance: 1))
        let new = try await orders.place(
            OrderRequest(storeID: 1, lines: [.init(menuID: 1, quantity: 1)]), by: .token(token))
        #expect(new.order.id == restored.firstNewOrder)
        #expect(try await database.write { try Feed.announce(order: later, traceParent: nil, in: $0) } == .unknownOrder)
        await database.close()
    }

    @Test("a file without the tables is neither backed up nor restored")
    func foreign() async throws {
        let fixture = try await Fixture()
        let foreign = file("foreign.db", fixture)
        let other = try Database(path: foreign, migrations: [Migration(1, script: "CREATE TABLE thing(id INTEGER)")])
        await other.close()
        #expect(throws: SQLiteError.self) { try DeliveryDatabase.backUp(foreign, to: file("copy.db", fixture)) }
        #expect(throws: SQLiteError.self) { try DeliveryDatabase.restore(foreign, over: file("new.db", fixture)) }
        #expect(!FileManager.default.fileExists(atPath: file("new.db", fixture)))
        #expect(!FileManager.default.fileExists(atPath: file("copy.db", fixture)))
        await fixture.database.close()
    }
}
