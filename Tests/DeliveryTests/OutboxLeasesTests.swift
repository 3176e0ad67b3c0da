import Foundation
import SQLite
import Testing

@testable import Delivery

/// Every instance has a `Database` of its own here: a lock is held by an open description, within a process as well as between
/// processes.
@Suite("Who publishes which rows of the outbox")
final class OutboxLeasesTests {
    private let folder: URL
    private var path: String { folder.appending(path: "test.db").path(percentEncoded: false) }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "delivery-leases-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func open() async throws -> Database { try await DeliveryDatabase.open(path: path, demoData: false) }

    private func store(_ count: Int, _ leases: OutboxLeases, _ database: Database) async throws {
        try await database.write { db in
            for order in 1...count {
                let key = OutboxKey(instance: leases.own, order: order, version: 1)
                try OutboxRecords.insert(key, traceParent: nil, at: .now, in: db)
            }
        }
    }

    private func remove(_ instance: Int, _ database: Database) async throws {
        try await database.write { db in
            try db.run("DELETE FROM outbox WHERE instance_id = ?", instance)
        }
    }

    private func locks() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))
            .filter { $0.contains("instance") }.sorted()
    }

    private func instances(_ database: Database) async throws -> [Int] {
        try await database.read { db in try InstanceRecords.ids(in: db).sorted() }
    }

    @Test("the rows of an instance that is alive are nobody else's")
    func alive() async throws {
        let (one, two) = (try await open(), try await open())
        let first = try await OutboxLeases.begin(service: "api", one)
        let second = try await OutboxLeases.begin(service: "api", two)
        #expect(first.own != second.own)
        try await store(3, first, one)
        #expect(try await second.takeOver() == [])
        #expect(second.held == [second.own])
        let mine = try await two.read { db in try Outbox.waiting(instance: second.own, limit: 10, in: db) }
        #expect(mine.last == nil && mine.isComplete)
        await one.close()
        await two.close()
        withExtendedLifetime((first, second)) {}
    }

    @Test("the rows of an instance that is gone are taken over by one other, and its traces go with the last of them")
    func gone() async throws {
        let (one, two, three) = (try await open(), try await open(), try await open())
        var first: OutboxLeases? = try await OutboxLeases.begin(service: "api", one)
        let id = try #require(first?.own)
        if let first { try await store(3, first, one) }
        let second = try await OutboxLeases.begin(service: "api", two)
        let third = try await OutboxLeases.begin(service: "api", three)
        // What the kernel does for a process that dies.
        first = nil

        async let a = second.takeOver()
        async let b = third.takeOver()
        let taken = try await [a, b]
        #expect(taken.contains([id]) && taken.contains([]))
        let (winner, database) = second.held.contains(id) ? (second, two) : (third, three)
        #expect(try await winner.releaseEmpty() == [id])
        #expect(try locks().contains("test.db.instance-\(id).lock"))

        try await remove(id, database)
        #expect(try await winner.releaseEmpty() == [])
        #expect(winner.held == [winner.own])
        #expect(try !locks().contains("test.db.instance-\(id).lock"))
        #expect(try await instances(one) == [second.own, third.own])
        for database in [one, two, three] { await database.close() }
    }

    @Test("who takes over and dies too hands on what it had")
    func chain() async throws {
        let (one, two) = (try await open(), try await open())
        var first: OutboxLeases? = try await OutboxLeases.begin(service: "api", one)
        if let first { try await store(1, first, one) }
        let id = try #require(first?.own)
        first = nil
        var second: OutboxLeases? = try await OutboxLeases.begin(service: "api", one)
        #expect(try await second?.takeOver() == [id])
        if let second { try await store(1, second, one) }
        let other = try #require(second?.own)
        second = nil
        let third = try await OutboxLeases.begin(service: "api", two)
        #expect(try await third.takeOver() == [id, other])
        await one.close()
        await two.close()
    }

    @Test("one that ends in order leaves a trace only while it leaves rows")
    func end() async throws {
        let (one, two) = (try await open(), try await open())
        let idle = try await OutboxLeases.begin(service: "api", one)
        try await idle.end()
        #expect(try locks() == [])
        #expect(try await instances(one) == [])

        let busy = try await OutboxLeases.begin(service: "api", one)
        #expect(busy.own > idle.own)
        try await store(2, busy, one)
        try await busy.end()
        let next = try await OutboxLeases.begin(service: "api", two)
        #expect(try await next.takeOver() == [busy.own])
        await one.close()
        await two.close()
    }

    @Test("rows whose instance left no file and no entry are found, too")
    func orphans() async throws {
        let one = try await open()
        try await one.write { db in
            try OutboxRecords.insert(OutboxKey(instance: 77, order: 1, version: 1), traceParent: nil, at: .now, in: db)
        }
        let leases = try await OutboxLeases.begin(service: "api", one)
        #expect(try await leases.takeOver() == [77])
        try await remove(77, one)
        try await leases.end()
        #expect(try locks() == [])
        await one.close()
    }

    @Test("a file that is left without an entry goes with the next that begins, or with the last that ends")
    func leftFiles() async throws {
        let one = try await open()
        let first = try await OutboxLeases.begin(service: "api", one)
        let left = OutboxLeases.file(of: 41, one.path)
        _ = try FileLock(path: left)
        // Not ours to remove: somebody holds it, or it is of another kind.
        let held = try FileLock(path: OutboxLeases.file(of: 42, one.path))
        #expect(try held.tryLock())
        _ = try FileLock(path: one.path + ".instance-x.lock")
        let second = try await OutboxLeases.begin(service: "api", one)
        let kept = ["test.db.instance-42.lock", "test.db.instance-x.lock"]
        #expect(
            try locks() == ["test.db.instance-\(first.own).lock", "test.db.instance-\(second.own).lock"] + kept)
        _ = try FileLock(path: left)
        try await second.end()
        #expect(try locks() == ["test.db.instance-\(first.own).lock"] + kept)
        await one.close()
        withExtendedLifetime((first, held)) {}
    }

    @Test("a number whose file another process holds is passed over")
    func held() async throws {
        let one = try await open()
        let lock = try FileLock(path: OutboxLeases.file(of: 1, one.path))
        #expect(try lock.tryLock())
        let leases = try await OutboxLeases.begin(service: "api", one)
        #expect(leases.own == 2)
        await one.close()
        withExtendedLifetime(lock) {}
    }
}
