import Delivery
import EventLoop
import Foundation
import SQLite
import Service
import Testing

@testable import Upkeep

@Suite("The pruner")
struct PrunerTests {
    private final class Fixture: Sendable {
        let folder = FileManager.default.temporaryDirectory.appending(path: "delivery-upkeep-\(UUID().uuidString)")
        let loop: EventLoop

        init() throws {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
            loop = try EventLoop(name: "upkeep")
            try loop.start()
        }

        deinit {
            loop.stop()
            try? FileManager.default.removeItem(at: folder)
        }

        func database() async throws -> Database {
            try await DeliveryDatabase.open(
                path: folder.appending(path: "test.db").path(percentEncoded: false), demoData: true)
        }

        func pruner(_ database: Database, _ metrics: Metrics) -> Pruner {
            var pace = Pruner.Pace()
            pace.interval = .milliseconds(5)
            pace.shortestPause = .zero
            pace.pauses = 0
            return Pruner(
                on: loop, database: database, terms: PruningTerms(), pace: pace, metrics: metrics,
                log: Logger(service: "test", level: .error, format: .json, descriptor: -1))
        }
    }

    private func fill(_ database: Database, _ count: Int) async throws {
        try await database.write { db in
            try db.run(
                """
                WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?)
                INSERT INTO feed_event(topic, name, data, created_at) SELECT 'store/1', 'push', X'7B7D', 1000 + i FROM n
                """, count)
        }
    }

    private func events(_ database: Database) async throws -> Int {
        try await database.read { db in try db.one("SELECT count(*) FROM feed_event") { try $0.int(0) } }
    }

    private func value(_ metrics: Metrics, _ line: String) -> Int? {
        let text = String(decoding: metrics.render(), as: UTF8.self)
        return text.split(separator: "\n").first { $0.hasPrefix(line + " ") }
            .flatMap { Double($0.dropFirst(line.count + 1)) }.map { Int($0) }
    }

    @Test("removes everything that is old, in many commits, and tells what it did")
    func removes() async throws {
        let fixture = try Fixture()
        let database = try await fixture.database()
        let metrics = Metrics()
        try await fill(database, 5_000)
        try await database.write { db in _ = try Feed.push(store: 1, data: .null, in: db) }
        let before = database.statistics.commits
        let pruner = fixture.pruner(database, metrics)
        try await runOn(fixture.loop) { try await pruner.prune() }
        #expect(try await events(database) == 1)
        #expect(database.statistics.commits - before >= 10, "500 rows at most in a commit")
        #expect(value(metrics, #"pruned_rows_total{of="feed"}"#) == 5_000)
        #expect(value(metrics, #"oldest_kept_seconds{of="feed"}"#).map { $0 < 1_000 } == true)
        let commits = database.statistics.commits
        try await runOn(fixture.loop) { try await pruner.prune() }
        #expect(database.statistics.commits == commits, "an idle system writes nothing")
        await database.close()
    }

    @Test("of two that share a file one works, and the other takes over when it ends")
    func one() async throws {
        let fixture = try Fixture()
        let (first, second) = (try await fixture.database(), try await fixture.database())
        let (ours, theirs) = (Metrics(), Metrics())
        let one = start(fixture.pruner(first, ours), on: fixture.loop)
        try await waitUntil { value(ours, "pruning") == 1 }
        let other = start(fixture.pruner(second, theirs), on: fixture.loop)
        try await fill(second, 1_000)
        try await waitUntil { value(ours, #"pruned_rows_total{of="feed"}"#) == 1_000 }
        #expect(value(theirs, "pruning") == 0)
        one.cancel()
        await one.value
        try await waitUntil { value(theirs, "pruning") == 1 }
        try await fill(first, 10)
        try await waitUntil { value(theirs, #"pruned_rows_total{of="feed"}"#) == 10 }
        #expect(try await events(first) == 0)
        other.cancel()
        await other.value
        await first.close()
        await second.close()
    }

    @Test("its settings are checked", arguments: ["FEED_KEEP", "CHANGE_KEEP", "NOTIFICATION_KEEP"])
    func settings(name: String) throws {
        #expect(try PruningSettings.read(Environment([:])) == PruningTerms())
        #expect(try PruningSettings.read(Environment([name: "7200"])) != PruningTerms())
        for value in ["3599", "7d", "-1", "315360001"] {
            #expect(throws: SettingError.self) { try PruningSettings.read(Environment([name: value])) }
        }
        #expect(PruningSettings.list.map(\.name).contains(name))
    }

    private func start(_ pruner: Pruner, on loop: EventLoop) -> Task<Void, Never> {
        Task(executorPreference: loop) { await pruner.run() }
    }

    private func runOn(_ loop: EventLoop, _ body: @escaping @Sendable () async throws -> Void) async throws {
        try await Task(executorPreference: loop) { try await body() }.value
    }

    private func waitUntil(_ isTrue: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(20)
        while try await !isTrue() {
            try #require(ContinuousClock.now < end, "it takes too long")
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}
