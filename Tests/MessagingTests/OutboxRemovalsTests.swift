import Delivery
import Foundation
import Service
import Testing

@testable import Messaging
@testable import SQLite

@Suite("The removal of confirmed rows", .timeLimit(.minutes(1)))
struct OutboxRemovalsTests {
    @Test("a row that could not be removed goes later, although nothing more is confirmed")
    func later() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "delivery-removals-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "test.db").path(percentEncoded: false)
        var configuration = Configuration()
        configuration.busyMilliseconds = 10
        let database = try await DeliveryDatabase.open(path: path, demoData: false, configuration: configuration)
        let key = OutboxKey(instance: 1, order: 2, version: 1)
        try await database.write { db in
            try db.run(
                "INSERT INTO outbox(instance_id, order_id, version, created_at) VALUES (?, ?, ?, 0)", key.instance,
                key.order, key.version)
        }
        let removals = OutboxRemovals(
            database, Logger(service: "test", level: .error, format: .json, descriptor: -1))
        let (rows, removed) = AsyncStream.makeStream(of: [OutboxKey].self)
        removals.removed = { removed.yield($0) }

        let other = try Connection(path: path)
        try other.begin(.immediate)
        removals.add(key)
        // It shares the failure of this one.
        await #expect(throws: SQLiteError.self) { try await database.write { _ in } }
        other.rollback()
        other.close()

        removals.tryAgain()
        #expect(await rows.first { _ in true } == [key])
        let left = try await database.read { db in try db.one("SELECT count(*) FROM outbox") { try $0.int(0) } }
        #expect(left == 0)
        await database.close()
    }
}
