import Delivery
import SQLite
import Testing

@Suite("Readers of a log that is pruned")
struct FeedPruningPropertyTests {
    @Test(
        "a reader with any cursor gets everything behind it, or a reset and then everything that is kept",
        arguments: 0..<4)
    func anyCursor(part: Int) async throws {
        let fixture = try await Fixture()
        for seed in part * 15..<(part + 1) * 15 {
            let steps = try await fixture.database.write { db in
                try db.execute(script: "DELETE FROM feed_event; DELETE FROM sqlite_sequence WHERE name = 'feed_event'")
                try db.execute(script: "DELETE FROM progress WHERE name = 'feed_pruned'")
                var log = PrunedLog(seed: seed)
                return try log.run(in: db)
            }
            #expect(steps > 0)
        }
    }
}

/// Appends, prunes and reads in any order, a page at a time. Time is the number of the event.
private struct PrunedLog {
    private struct Reader {
        let topic: FeedTopic
        let given: Int?
        var replay: FeedReplay
        var cursor: Int?
        /// Behind here it must get everything.
        var start: Int?
        var received: [Int] = []
        var isLive = false
        var resets = 0
    }

    private let seed: Int
    private var random: SeededRandom
    private var history: [FeedEvent] = []
    private var pruned = 0
    private var readers: [Reader] = []

    init(seed: Int) {
        self.seed = seed
        random = SeededRandom(UInt64(seed) + 77)
    }

    mutating func run(in db: Connection) throws -> Int {
        var steps = 0
        for _ in 0..<150 {
            steps += 1
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4: try append(in: db)
            case 4: try prune(in: db)
            case 5:
                guard readers.count < 12 else { continue }
                let head = try Feed.head(in: db)
                let given: Int? = Bool.random(using: &random) ? .random(in: 0...head + 1, using: &random) : nil
                readers.append(
                    Reader(
                        topic: .store(.random(in: 1...2, using: &random)), given: given,
                        replay: FeedReplay(after: given)))
            default: if let index = readers.indices.randomElement(using: &random) { try read(index, in: db) }
            }
        }
        for index in readers.indices {
            var pages = 0
            while !readers[index].isLive, pages < 1_000 {
                try read(index, in: db)
                pages += 1
            }
            check(readers[index])
        }
        return steps
    }

    private mutating func append(in db: Connection) throws {
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let store = Int.random(in: 1...2, using: &random)
            history.append(try Feed.push(store: store, data: .null, in: db))
        }
        try db.run("UPDATE feed_event SET created_at = id WHERE id > ?", pruned)
    }

    private mutating func prune(in db: Connection) throws {
        var terms = PruningTerms()
        terms.feed = .milliseconds(Int.random(in: 0...10, using: &random))
        let now = Timestamp(milliseconds: try Feed.head(in: db))
        let rows = Int.random(in: 1...8, using: &random)
        _ = try Pruning.step(.feed, terms, at: now, .init(rows: rows) { false }, in: db)
        pruned = try Feed.pruned(in: db)
    }

    /// What a stream does with one page.
    private mutating func read(_ index: Int, in db: Connection) throws {
        var reader = readers[index]
        defer { readers[index] = reader }
        guard !reader.isLive else { return }
        let place = reader.replay.place(reader.cursor)
        let page = try Feed.page(reader.topic, after: place, limit: 3, in: db)
        let opening = reader.replay.opening(page)
        guard reader.replay.step(page, at: reader.cursor) == .take else {
            reader.cursor = 0
            reader.received = []
            reader.start = page.pruned
            reader.resets += 1
            return
        }
        if let opening {
            reader.cursor = opening
            reader.start = opening
        }
        // Nothing was given since the reset: what is pruned by now is behind the reader's place.
        if reader.resets > 0, reader.received.isEmpty { reader.start = max(reader.start ?? 0, page.pruned) }
        for event in page.events {
            reader.received.append(event.id)
            reader.cursor = event.id
        }
        reader.isLive = page.isComplete
        guard reader.isLive, let start = reader.start else { return }
        let wanted = history.filter { $0.topic == reader.topic && $0.id > start && $0.id <= page.head }.map(\.id)
        #expect(reader.received == wanted, "seed \(seed), from \(String(describing: reader.given))")
    }

    private func check(_ reader: Reader) {
        #expect(reader.isLive, "seed \(seed)")
        if let given = reader.given, reader.resets == 0 {
            #expect(reader.start == given, "seed \(seed): a reader got less than it asked for, without a reset")
        }
    }
}
