import Delivery
import Foundation
import SQLite
import Testing

@Suite("The schema grows with the program")
struct SchemaTests {
    @Test("a file of the first version keeps its users, and its outbox rows belong to an instance that is not alive")
    func second() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "delivery-schema-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "test.db").path(percentEncoded: false)
        let old = try Database(path: path, migrations: Array(Schema.migrations.prefix(1)))
        try await old.write { db in
            try db.execute(
                script: """
                    INSERT INTO store VALUES (3, 'A', 'B', 'REGISTERED', 'CAFE', 1, '', 0, 0, '');
                    INSERT INTO store_user VALUES (9, 3, 'a@example.com', 'x', 'REGISTERED', 'MASTER', 5);
                    INSERT INTO outbox(message_id, exchange, routing_key, type, body, created_at)
                      VALUES ('m', 'e', 'k', 't', x'00', 7);
                    """)
        }
        await old.close()

        let new = try await DeliveryDatabase.open(path: path, demoData: false)
        let (user, row) = try await new.read { db in
            (
                try db.one("SELECT id, store_id, role FROM store_user") { row in
                    "\(try row.int(0)) \(try row.int(1)) \(try row.text(2))"
                },
                try db.one("SELECT o.instance_id, i.id FROM outbox o JOIN instance i ON i.id = o.instance_id") { row in
                    [try row.int(0), try row.int(1)]
                }
            )
        }
        #expect(user == "9 3 MASTER")
        #expect(row == [0, 0])
        #expect(try await new.integrityCheck() == [])
        // The next one has another number.
        let next = try await new.write { db in
            try db.run("INSERT INTO instance(service, started_at) VALUES ('api', 1)")
            return Int(db.lastInsertRowID)
        }
        #expect(next == 1)
        await new.close()
    }
}
