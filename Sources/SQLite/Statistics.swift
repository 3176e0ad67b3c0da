/// Counts of values up to each bound; the last bucket holds what is above all of them.
package struct Histogram: Sendable, Equatable {
    package let bounds: [Int]
    package private(set) var counts: [Int]
    package private(set) var sum = 0
    package private(set) var last = 0

    package var count: Int { counts.reduce(0, +) }

    init(bounds: [Int]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    mutating func add(_ value: Int) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum &+= value
        last = value
    }
}

/// What a database handle has done since it was opened. Durations are microseconds.
package struct Statistics: Sendable, Equatable {
    static let durations = [50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000, 100_000, 1_000_000]

    /// Commits that succeeded, and transactions in them.
    package internal(set) var commits = 0
    package internal(set) var transactions = 0
    /// Transactions that failed by themselves, and those lost with their group.
    package internal(set) var failed = 0
    package internal(set) var lost = 0
    /// Works that were not accepted because the queue was full.
    package internal(set) var refused = 0
    package internal(set) var reads = 0
    /// Transactions of each commit.
    package internal(set) var batch = Histogram(bounds: [1, 2, 4, 8, 16, 32, 64, 128, 256])
    /// COMMIT alone, with its sync.
    package internal(set) var commitTime = Histogram(bounds: durations)
    /// Waiting for the lock between processes, per group.
    package internal(set) var lockTime = Histogram(bounds: durations)
    package internal(set) var checkpointTime = Histogram(bounds: durations)
    /// Checkpoints that copied the whole log.
    package internal(set) var completeCheckpoints = 0
    /// Pages in the write-ahead log, as last seen, and its greatest size.
    package internal(set) var walPages = 0
    package internal(set) var greatestWalPages = 0
    /// Whether the storage (a full disk, a failing or read-only one, a damaged file) refused the last change.
    package internal(set) var isRefusingChanges = false
    /// Transactions in the queue now; works for later.
    package internal(set) var waiting = 0
    package internal(set) var later = 0
}

/// The outcome of one checkpoint.
package struct Checkpoint: Sendable, Equatable {
    /// Pages in the log.
    package let logPages: Int
    /// How many of them are in the database file now.
    package let copiedPages: Int
    package var isComplete: Bool { copiedPages == logPages }
}
