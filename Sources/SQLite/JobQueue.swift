import Synchronized

/// The queue between tasks and the thread, or threads, that run their work on a connection.
///
/// `@unchecked Sendable`: every stored variable is used inside `monitor` only.
final class JobQueue: @unchecked Sendable {
    private let monitor = Monitor()
    private let limit: Int
    private let patience: UInt64
    private var waiting = JobList()
    private var pinned = JobList()
    private var later = JobList()
    private var laterDeadline: UInt64 = 0
    private var checkpointRequests: [UnsafeContinuation<Checkpoint, any Error>] = []
    private var idle = 0
    private var active = 0
    private var isPaused = false
    private var isClosing = false
    private var isPressed = false
    private var threads: Int
    private var closers: [UnsafeContinuation<Void, Never>] = []
    private var recorded = Statistics()

    /// `limit`: jobs that may wait. `patience`: nanoseconds that later work waits for a commit to join.
    init(limit: Int, patience: UInt64, threads: Int) {
        self.limit = max(1, limit)
        self.patience = patience
        self.threads = threads
    }

    /// Nobody shall wait long for other programs any more: `hurry` or `beginClosing` was called.
    var isHurried: Bool { monitor.locked { isPressed || isClosing } }

    // MARK: for tasks

    func perform<Value: Sendable>(
        pinned: Bool = false, patience: UInt64? = nil, _ body: @escaping @Sendable (Connection) throws -> Value
    ) async throws -> Value {
        let job = ResultJob(isPinned: pinned, patience: patience, body)
        return try await withTaskCancellationHandler {
            // Unsafe only in that nobody checks it: `finish` clears the continuation before it resumes it, and each job
            // that was accepted is finished exactly once, by `cancel` or by the thread that took it.
            try await withUnsafeThrowingContinuation { continuation in
                job.continuation = continuation
                if let refusal = submit(job) { job.finish(refusal) }
            }
        } onCancel: {
            cancel(job)
        }
    }

    private func submit(_ job: Job) -> (any Error)? {
        var mustWake = false
        let refusal: (any Error)? = monitor.locked {
            if job.phase == .cancelled { return CancellationError() }
            if isClosing { return SQLiteError(.closed, "the database is closed") }
            if let patience = job.patience { return addLater(job, patience, &mustWake) }
            if waiting.count + pinned.count >= limit {
                waiting.dropCancelled()
                pinned.dropCancelled()
                guard waiting.count + pinned.count < limit else {
                    recorded.refused += 1
                    return SQLiteError(.overloaded, "\(limit) transactions are waiting already")
                }
            }
            job.phase = .waiting
            if job.isPinned {
                pinned.append(job)
                monitor.broadcast()
            } else {
                waiting.append(job)
                mustWake = idle > 0
            }
            return nil
        }
        // Outside of the lock, which the woken thread takes first.
        if mustWake { monitor.signal() }
        return refusal
    }

    private func cancel(_ job: Job) {
        let wasWaiting = monitor.locked {
            let wasWaiting = job.phase == .waiting
            if wasWaiting {
                if job.patience != nil {
                    later.cancelled += 1
                } else if job.isPinned {
                    pinned.cancelled += 1
                } else {
                    waiting.cancelled += 1
                }
            }
            if wasWaiting || job.phase == .new { job.phase = .cancelled }
            return wasWaiting
        }
        if wasWaiting { job.finish(CancellationError()) }
    }

    func submitLater(_ job: Job) throws(SQLiteError) {
        var mustWake = false
        let refusal = monitor.locked {
            isClosing ? SQLiteError(.closed, "the database is closed") : addLater(job, patience, &mustWake)
        }
        if mustWake { monitor.signal() }
        if let refusal { throw refusal }
    }

    /// Inside the monitor.
    private func addLater(_ job: Job, _ patience: UInt64, _ mustWake: inout Bool) -> SQLiteError? {
        if later.count >= limit { later.dropCancelled() }
        guard later.count < limit else {
            recorded.refused += 1
            return SQLiteError(.overloaded, "\(limit) works for later are waiting already")
        }
        job.phase = .waiting
        let deadline = monotonicNanoseconds() &+ patience
        if later.isEmpty || deadline < laterDeadline {
            laterDeadline = deadline
            // A thread that sleeps for longer, or without limit, must learn about it.
            mustWake = idle > 0
        }
        later.append(job)
        return nil
    }

    func requestCheckpoint() async throws -> Checkpoint {
        try await withUnsafeThrowingContinuation { continuation in
            let isAccepted = monitor.locked {
                if isClosing { return false }
                checkpointRequests.append(continuation)
                monitor.signal()
                return true
            }
            if !isAccepted { continuation.resume(throwing: SQLiteError(.closed, "the database is closed")) }
        }
    }

    func hurry() { monitor.locked { isPressed = true } }

    /// No more work is accepted; what waits is still done.
    func beginClosing() {
        monitor.locked {
            isClosing = true
            monitor.broadcast()
        }
    }

    /// Returns when the last thread has ended.
    func waitForEnd() async {
        await withUnsafeContinuation { continuation in
            let isOver = monitor.locked {
                if threads > 0 { closers.append(continuation) }
                return threads == 0
            }
            if isOver { continuation.resume() }
        }
    }

    // MARK: for the threads

    /// Waits until there is something for the writer to do. False: closed, and everything is done.
    func waitForWriterWork() -> Bool {
        monitor.locked {
            while true {
                if !waiting.isEmpty || !checkpointRequests.isEmpty { return true }
                if later.isEmpty {
                    if isClosing { return false }
                    idle += 1
                    monitor.wait()
                    idle -= 1
                } else {
                    if isClosing || monotonicNanoseconds() >= laterDeadline { return true }
                    idle += 1
                    monitor.wait(until: laterDeadline)
                    idle -= 1
                }
            }
        }
    }

    var hasJobs: Bool { monitor.locked { !waiting.isEmpty || !later.isEmpty } }

    /// Takes what waits, up to `limit`; with the later work first, if asked for.
    func take(_ limit: Int, withLater: Bool, into target: inout [Job]) {
        monitor.locked {
            if withLater {
                later.take(limit, into: &target)
                if !later.isEmpty { laterDeadline = monotonicNanoseconds() }
            }
            waiting.take(limit - target.count, into: &target)
        }
    }

    func takeCheckpointRequests() -> [UnsafeContinuation<Checkpoint, any Error>] {
        monitor.locked {
            defer { checkpointRequests = [] }
            return checkpointRequests
        }
    }

    /// Waits for one job for a reader; `isFirst`: for the thread that gets the pinned ones. Nil: closed and drained.
    func nextRead(isFirst: Bool, wasActive: Bool) -> Job? {
        monitor.locked {
            if wasActive {
                active -= 1
                if isPaused && active == 0 { monitor.broadcast() }
            }
            var taken: [Job] = []
            while true {
                if !isPaused {
                    if isFirst { pinned.take(1, into: &taken) }
                    if taken.isEmpty { waiting.take(1, into: &taken) }
                    if let job = taken.first {
                        active += 1
                        return job
                    }
                    if isClosing && (!isFirst || pinned.isEmpty) { return nil }
                }
                idle += 1
                monitor.wait()
                idle -= 1
            }
        }
    }

    /// Keeps readers from starting and waits, up to `nanoseconds`, until none is at work.
    func pauseReads(upTo nanoseconds: UInt64) {
        let deadline = monotonicNanoseconds() &+ nanoseconds
        monitor.locked {
            isPaused = true
            while active > 0, monotonicNanoseconds() < deadline { monitor.wait(until: deadline) }
        }
    }

    func resumeReads() {
        monitor.locked {
            isPaused = false
            monitor.broadcast()
        }
    }

    func threadEnded() {
        let closers = monitor.locked {
            threads -= 1
            guard threads == 0 else { return [UnsafeContinuation<Void, Never>]() }
            defer { self.closers = [] }
            return self.closers
        }
        for closer in closers { closer.resume() }
    }

    // MARK: statistics

    func record(_ change: (inout Statistics) -> Void) { monitor.locked { change(&recorded) } }

    var statistics: Statistics {
        monitor.locked {
            var copy = recorded
            copy.waiting = waiting.count - waiting.cancelled
            copy.later = later.count
            return copy
        }
    }
}
