import Delivery
import EventLoop
import SQLite
import Service

/// Removes what is over, in steps that are short and far apart: see `Pruning`. Every process has one; of those that share a
/// file one works, the one that holds the lock beside it.
package struct Pruner: Sendable {
    /// How it goes about it.
    package struct Pace: Sendable {
        /// Between two looks for something to do.
        package var interval = Duration.seconds(10)
        /// Of one step within its transaction, and how many rows it takes at most.
        package var step = Duration.milliseconds(2)
        package var rows = 500
        /// A pause is so many times as long as the step before it: it takes a twentieth of the writer's time.
        package var pauses = 19
        package var shortestPause = Duration.milliseconds(10)

        package init() {}
    }

    private let loop: EventLoop
    private let database: Database
    private let terms: PruningTerms
    private let pace: Pace
    private let log: Logger
    private let removed: [Pruning.Subject: Counter]
    private let oldest: [Pruning.Subject: Gauge]
    private let time: Service.Histogram
    private let isAtWork: Gauge

    package init(
        on loop: EventLoop, database: Database, terms: PruningTerms, pace: Pace = Pace(), metrics: Metrics, log: Logger
    ) {
        self.loop = loop
        self.database = database
        self.terms = terms
        self.pace = pace
        self.log = log
        var removed: [Pruning.Subject: Counter] = [:]
        var oldest: [Pruning.Subject: Gauge] = [:]
        for subject in Pruning.Subject.allCases {
            removed[subject] = metrics.counter(
                "pruned_rows_total", ["of": subject.rawValue], help: "Old rows that were removed, or emptied (changes)."
            )
            oldest[subject] = metrics.gauge(
                "oldest_kept_seconds", ["of": subject.rawValue],
                help:
                    "Age of the oldest row that could be removed one day; 0 for none, and where another process prunes."
            )
        }
        (self.removed, self.oldest) = (removed, oldest)
        time = metrics.histogram("prune_step_seconds", help: "Time of a step of pruning within its transaction.")
        isAtWork = metrics.gauge("pruning", help: "1 in the process that prunes.")
    }

    /// Runs until its task is cancelled.
    package func run() async {
        var lock: FileLock?
        while !Task.isCancelled {
            do {
                if lock == nil { lock = try await takeLock() }
                if lock != nil { try await prune() }
            } catch {
                if Task.isCancelled || (error as? SQLiteError)?.isClosed == true { return }
                log.warning("old rows cannot be removed", ["error": LogValue("\(error)")])
            }
            try? await loop.sleep(for: pace.interval)
        }
        // The kernel frees the lock with its description.
        _ = lock
    }

    /// - Returns: nil while another process has it.
    private func takeLock() async throws -> FileLock? {
        let path = database.path + ".prune.lock"
        // On a reader's thread: it opens a file.
        let lock = try await database.read { _ in
            let lock = try FileLock(path: path)
            return try lock.tryLock() ? lock : nil
        }
        isAtWork.set(lock == nil ? 0 : 1)
        return lock
    }

    /// Goes on until nothing is left that is old, of all subjects unless some are named. They take turns.
    package func prune(_ subjects: Pruning.Subject...) async throws {
        var due = subjects.isEmpty ? Pruning.Subject.allCases : subjects
        var sums: [Pruning.Subject: Int] = [:]
        let began = ContinuousClock.now
        defer { tell(sums, since: began) }
        while !due.isEmpty, !Task.isCancelled {
            for subject in due {
                guard try await isDue(subject) else {
                    due.removeAll { $0 == subject }
                    continue
                }
                let (step, time) = try await step(subject)
                sums[subject, default: 0] += step.removed
                removed[subject]?.add(step.removed)
                self.time.observe(time)
                try await loop.sleep(for: max(pace.shortestPause, time * pace.pauses))
            }
        }
    }

    private func tell(_ sums: [Pruning.Subject: Int], since began: ContinuousClock.Instant) {
        for (subject, sum) in sums {
            let fields: KeyValuePairs<String, LogValue> = [
                "of": LogValue(subject.rawValue), "rows": .number(sum),
                "ms": .number(Int((ContinuousClock.now - began) / .milliseconds(1))),
            ]
            // A few rows each time are the usual course of things.
            if sum > 10_000 {
                log.info("old rows were removed", fields)
            } else {
                log.debug("old rows were removed", fields)
            }
        }
    }

    private func isDue(_ subject: Pruning.Subject) async throws -> Bool {
        let now = Timestamp.now
        let (isDue, since) = try await database.read { [terms] db in
            (
                try Pruning.isDue(subject, terms, at: now, in: db), try Pruning.oldest(subject, in: db)
            )
        }
        oldest[subject]?.set(max(0, since.map { (now.milliseconds - $0.milliseconds) / 1000 } ?? 0))
        return isDue
    }

    private func step(_ subject: Pruning.Subject) async throws -> (Pruning.Step, Duration) {
        try await database.write { [terms, pace] db in
            let began = ContinuousClock.now
            let step = try Pruning.step(subject, terms, at: .now, .time(pace.step, rows: pace.rows), in: db)
            return (step, ContinuousClock.now - began)
        }
    }
}
