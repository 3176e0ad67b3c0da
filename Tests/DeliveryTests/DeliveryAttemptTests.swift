import Delivery
import SQLite
import Testing

@Suite("Attempts at redelivered messages")
struct DeliveryAttemptTests {
    private let time = Timestamp(milliseconds: 1_700_000_000_000)

    @Test("are counted for each message, from the first time that it was seen, until it is settled")
    func counted() async throws {
        let fixture = try await Fixture(demoData: false)
        let time = time
        let counts = try await fixture.database.write { db in
            try (1...3).map { try DeliveryAttempts.begin("m", at: time.adding(.seconds($0)), in: db) }
        }
        #expect(counts == (1...3).map { DeliveryAttempt(count: $0, firstSeen: time.adding(.seconds(1))) })
        let (begun, again) = try await fixture.database.write { db in
            _ = try DeliveryAttempts.begin("n", at: time, in: db)
            let begun = try DeliveryAttempts.begun(["n", "m", "o"], in: db)
            try DeliveryAttempts.end("m", in: db)
            return (begun, try DeliveryAttempts.begin("m", at: time, in: db).count)
        }
        #expect(begun == ["n": 1, "m": 3])
        #expect(again == 1)
    }

    @Test("are forgotten a week after the message was seen first")
    func pruned() async throws {
        let fixture = try await Fixture(demoData: false)
        let time = time
        let begun = try await fixture.database.write { db in
            for (name, days) in [("old", 0), ("young", 2), ("now", 8)] {
                _ = try DeliveryAttempts.begin(name, at: time.adding(.seconds(days * 86_400)), in: db)
            }
            return try DeliveryAttempts.begun(["old", "young", "now"], in: db)
        }
        #expect(begun == ["young": 1, "now": 1])
    }

    @Test("a probe of the log leaves nothing behind, and fails when the log cannot be written")
    func probe() async throws {
        let fixture = try await Fixture(demoData: false)
        try await fixture.database.write { db in try Feed.probe(in: db) }
        #expect(try await fixture.count("delivery_attempt") == 0)
        try await fixture.database.write { db in
            try db.execute(
                script: """
                    CREATE TRIGGER full BEFORE INSERT ON delivery_attempt BEGIN SELECT RAISE(ABORT, 'full'); END;
                    """)
        }
        await #expect(throws: SQLiteError.self) {
            try await fixture.database.write { db in try Feed.probe(in: db) }
        }
    }
}
