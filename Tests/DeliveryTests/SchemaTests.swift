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
                    INSERT INTO customer VALUES (4, 'n', 'c@example.com', 'x', 'x', 'REGISTERED', 5);
                    INSERT INTO user_order(id, customer_id, store_id, status, amount, ordered_at)
                      VALUES (11, 4, 3, 'ORDER', 9000, 7), (12, 4, 3, 'ORDER', 9000, 8);
                    INSERT INTO user_order_item VALUES (11, 0, 7, '국', 9000, 1), (12, 0, 7, '국', 9000, 1);
                    INSERT INTO outbox(message_id, exchange, routing_key, type, body, trace_parent, created_at)
                      VALUES ('m', 'e', 'k', 'UserOrderMessage', CAST('{"user_order_id":12}' AS BLOB), 'p', 7),
                      ('n', 'e', 'k', 't', x'00', NULL, 7);
                    """)
        }
        await old.close()

        let new = try await DeliveryDatabase.open(path: path, demoData: false)
        let (user, row) = try await new.read { db in
            (
                try db.one("SELECT id, store_id, role FROM store_user") { row in
                    "\(try row.int(0)) \(try row.int(1)) \(try row.text(2))"
                },
                try db.one(
                    """
                    SELECT o.instance_id, i.id, o.order_id, o.version, o.created_at
                    FROM outbox o JOIN instance i ON i.id = o.instance_id
                    """
                ) { row in try (0..<5).map { try row.int($0) } }
            )
        }
        #expect(user == "9 3 MASTER")
        #expect(row == [0, 0, 12, 1, 7])
        let page = try await new.read { db in try Outbox.waiting(instance: 0, limit: 10, in: db) }
        #expect(page.entries.map(\.messages.count) == [3])
        #expect(page.entries.first?.messages.first?.body == Array("{\"user_order_id\":12}".utf8))
        #expect(page.entries.first?.messages.first?.traceParent == "p")
        #expect(try await new.integrityCheck() == [])
        // The next one has another number.
        let next = try await new.write { db in
            try db.run("INSERT INTO instance(service, started_at) VALUES ('api', 1)")
            return Int(db.lastInsertRowID)
        }
        #expect(next == 1)
        await new.close()
    }

    @Test("orders of the second version keep their status, are charged if they were paid, and stand in every table")
    func third() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "delivery-schema-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "test.db").path(percentEncoded: false)
        let old = try Database(path: path, migrations: Array(Schema.migrations.prefix(2)))
        try await old.write { db in
            try db.execute(
                script: """
                    INSERT INTO store VALUES (3, '가게 "A"', '서울 마포구 1', 'REGISTERED', 'KOREAN_FOOD', 1, '', 0, 0, '');
                    INSERT INTO customer VALUES (4, 'n', 'c@example.com', '서울 마포구 2', 'x', 'REGISTERED', 5);
                    """)
            for (index, status) in OrderStatus.allCases.enumerated() {
                try db.run(
                    """
                    INSERT INTO user_order(id, customer_id, store_id, status, amount, ordered_at, closed_at)
                    VALUES (?, 4, 3, ?, 9000, 1763600000123, ?)
                    """, index + 1, status.rawValue, status == .reject ? 1_763_600_009_000 : nil)
                try db.run(
                    "INSERT INTO user_order_item VALUES (?, 0, 7, '국', 4000, 2), (?, 1, 8, '밥', 1000, 1)", index + 1,
                    index + 1)
            }
        }
        await old.close()

        let new = try await DeliveryDatabase.open(path: path, demoData: false)
        for (index, status) in OrderStatus.allCases.enumerated() {
            let id = index + 1
            let (entry, sum, found) = try await new.read { db in
                (
                    try Orders.find(id, customer: 4, in: db),
                    try Ledger.entries(order: id, in: db).map(\.amount).reduce(0, +),
                    try Reconciling.read(id, gone: [], at: .now, in: db).flatMap { Discrepancy.first(in: $0.books) }
                )
            }
            #expect(entry.order.status == status && entry.timeline?.count == 1, "\(status)")
            let isUnpaid = status == .registered || status == .paymentPending
            #expect(entry.order.isVisibleToStore == !isUnpaid, "\(status)")
            #expect((entry.order.closedAt != nil) == status.isEnd, "\(status)")
            #expect(sum == (isUnpaid || status.isRefunded ? 0 : 9000), "\(status)")
            #expect(found?.repair == nil && (isUnpaid || found == nil), "\(status): \(found?.description ?? "")")
        }
        // The table of where orders are says what their events say.
        let rebuilt = try await new.write { db in try OrderViews.rebuildPage(after: 0, limit: 100, in: db) }
        #expect(rebuilt?.orders == OrderStatus.allCases.count && rebuilt?.mended == 0 && rebuilt?.unreadable == 0)
        #expect(try await new.integrityCheck() == [])
        await new.close()
    }
}
