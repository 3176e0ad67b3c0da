import Foundation
import Glibc
import SQLite
import Testing

/// Processes that write, read, checkpoint and make backups of one file without pause, while they are killed.
///
/// The short form is part of every run. The long one:
/// `SQLITE_STRESS_ROUNDS=300 swift test --filter '^SQLiteTests\.StressTests'`; `SQLITE_STRESS_SEED` repeats a schedule.
@Suite(.timeLimit(.minutes(60)), .serialized) struct StressTests {
    private struct Totals {
        var kills = 0
        var committed = 0
        var unreported = 0
        var checkpoints = 0
        var backups = 0
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    private struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    /// One process after the other under one number, each killed after its time.
    private struct Lives: Sendable {
        let index: Int
        let milliseconds: [Int]
        let checkpointPages: [Int]
    }

    private static func setting(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test("what was reported as committed is there once and whole, whoever is killed whenever")
    func kills() async throws {
        let rounds = Int(Self.setting("SQLITE_STRESS_ROUNDS") ?? 4)
        let seed = Self.setting("SQLITE_STRESS_SEED") ?? UInt64.random(in: 0...UInt64(UInt32.max))
        var random = Random(state: seed)
        var totals = Totals()
        let folder = try Folder()
        let start = monotonicNanoseconds()
        for round in 0..<rounds {
            let lives = (0..<Int.random(in: 2...3, using: &random)).map { index in
                let count = Int.random(in: 2...3, using: &random)
                return Lives(
                    index: index, milliseconds: (0..<count).map { _ in Int.random(in: 5...400, using: &random) },
                    checkpointPages: (0..<count).map { _ in [1, 4, 20, 100].randomElement(using: &random) ?? 1 })
            }
            try await run(lives, round, folder)
            try await check(round, folder, &totals)
        }
        let seconds = Double(monotonicNanoseconds() - start) / 1e9
        print(
            "SQLite stress: seed \(seed), \(rounds) rounds in \(Int(seconds)) s, \(totals.kills) kills, "
                + "\(totals.committed) commits reported, \(totals.unreported) stored and not yet reported, "
                + "\(totals.checkpoints) checkpoints, \(totals.backups) backups")
        #expect(totals.committed > 0 && totals.checkpoints > 0 && totals.backups > 0, "seed \(seed)")
    }

    private func run(_ lives: [Lives], _ round: Int, _ folder: Folder) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for process in lives {
                tasks.addTask {
                    for (life, milliseconds) in process.milliseconds.enumerated() {
                        let origin = "\(round)-\(process.index)-\(life)"
                        let helper = try Helper(
                            "ledger", folder.database, origin, folder.file("ledger-\(origin)"),
                            "\(process.checkpointPages[life])")
                        // Some die while they open the file.
                        if milliseconds > 20 { try await helper.ready() }
                        try await Task.sleep(nanoseconds: UInt64(milliseconds) * 1_000_000)
                        try await helper.die()
                    }
                }
            }
            try await tasks.waitForAll()
        }
    }

    private func check(_ round: Int, _ folder: Folder, _ totals: inout Totals) async throws {
        let database = try Database(path: folder.database)
        #expect(try await database.integrityCheck() == [])
        guard try await database.read({ try $0.exists("SELECT 1 FROM sqlite_schema WHERE name = 'scratch'") }) else {
            // Everybody died before the tables were there.
            return await database.close()
        }
        let stored = try await database.read { db in
            try db.all("SELECT origin, number FROM entry") { "\(try $0.text(0)) \(try $0.int(1))" }
        }
        let halves = try await database.read { db in
            try db.all(
                """
                SELECT e.origin, e.number FROM entry e
                WHERE (SELECT count(*) FROM part p WHERE p.entry = e.id) <> 3
                """
            ) { "\(try $0.text(0)) \(try $0.int(1))" }
        }
        #expect(halves == [])
        let present = Set(stored)
        #expect(present.count == stored.count)
        var reported: Set<String> = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasPrefix("ledger-") {
            let file = folder.file(name)
            if name.contains(".copy") {
                if name.hasSuffix(".copy") { try checkCopy(file) }
            } else {
                let origin = name.dropFirst("ledger-".count)
                totals.kills += 1
                for line in try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n") {
                    switch line.first {
                    case "w":
                        #expect(reported.insert("\(origin) \(line.dropFirst(2))").inserted)
                    case "c": totals.checkpoints += 1
                    case "b": totals.backups += 1
                    default: Issue.record("\(origin) of round \(round): \(line)")
                    }
                }
            }
            unlink(file)
        }
        #expect(reported.subtracting(present) == [])
        totals.committed += reported.count
        totals.unreported += present.count - reported.count
        // The next round meets a file full of free pages.
        try await database.write { db in
            try db.run("DELETE FROM part")
            try db.run("DELETE FROM entry")
        }
        await database.close()
    }

    /// The last backup of a process.
    private func checkCopy(_ path: String) throws {
        let copy = try Connection(path: path, Connection.Options(.readOnly))
        defer { copy.close() }
        #expect(try copy.all("PRAGMA integrity_check") { try $0.text(0) } == ["ok"])
        #expect(try copy.all("PRAGMA foreign_key_check") { try $0.text(0) } == [])
    }
}
