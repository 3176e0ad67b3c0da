import Synchronized

/// The thread that makes all changes: it runs every waiting transaction in one commit (group commit), and checkpoints.
///
/// `@unchecked Sendable`: the queue is Sendable, the hooks are guarded by `hooksMonitor`; everything else is used by the
/// opening thread until `start` and by the writer's thread from then on; starting the thread orders the two.
final class Writer: @unchecked Sendable {
    let queue: JobQueue
    private let readers: JobQueue
    private let configuration: Configuration
    private let connection: Connection
    private let checkpointer: Checkpointer
    private let lock: FairLock
    private let hooksMonitor = Monitor()
    private var hooks: [@Sendable (Int) -> Void] = []
    /// Taken out of the queue, but beyond the bounds of the last group.
    private var pending: [Job] = []

    init(
        connection: Connection, checkpointer: Checkpointer, lock: FairLock, readers: JobQueue,
        configuration: Configuration
    ) {
        queue = JobQueue(
            limit: configuration.queueLimit,
            patience: UInt64(clamping: max(0, configuration.laterMilliseconds)) &* 1_000_000, threads: 1)
        self.connection = connection
        self.checkpointer = checkpointer
        self.lock = lock
        self.readers = readers
        self.configuration = configuration
    }

    func start() throws(SQLiteError) {
        try Thread.start("sqlite-writer") { [self] in run() }
    }

    func addHook(_ hook: @escaping @Sendable (Int) -> Void) {
        hooksMonitor.locked { hooks.append(hook) }
    }

    private func run() {
        connection.hooks.pointee.isHurried = { [queue] in queue.isHurried }
        // What an earlier process left in the log.
        _ = checkpoint()
        while !pending.isEmpty || queue.waitForWriterWork() {
            if !pending.isEmpty || queue.hasJobs { runGroup() }
            let requests = queue.takeCheckpointRequests()
            if !requests.isEmpty || checkpointer.isDue(connection.walPages) {
                let outcome = checkpoint()
                for request in requests { request.resume(with: outcome) }
            }
        }
        checkpointer.close()
        connection.close()
        queue.threadEnded()
    }

    /// At the end nobody waits for a process that does not move.
    private func acquireLock() throws(SQLiteError) {
        try lock.acquire(within: configuration.lockMilliseconds) { queue.isHurried }
    }

    /// What was waited for the turn counts: a caller must not wait for a foreign program as long again.
    private func begin(since began: UInt64) throws(SQLiteError) {
        let waited = Int(clamping: (monotonicNanoseconds() &- began) / 1_000_000)
        connection.busyMilliseconds = max(0, configuration.busyMilliseconds - waited)
        try connection.begin(.immediate)
    }

    // MARK: group commit

    /// The jobs of one commit, and what became of them.
    private struct Group {
        var kept: [Job] = []
        /// Undone alone; the others stand.
        var failed: [(job: Job, error: any Error)] = []
        /// What undid everything.
        var loss: (any Error)?
        var count: Int { kept.count + failed.count }
    }

    private func runGroup() {
        let began = monotonicNanoseconds()
        do {
            try acquireLock()
        } catch {
            return refuse(error)
        }
        let locked = monotonicNanoseconds()
        do {
            try begin(since: began)
        } catch {
            lock.release()
            return refuse(error)
        }
        configuration.observer?(.groupBegan)
        var group = runMembers(until: locked &+ UInt64(max(1, configuration.groupMicroseconds)) &* 1000)
        let commitBegan = monotonicNanoseconds()
        var callbacks: [Callback] = []
        let hasChanges = connection.groupHasChanges
        if group.loss == nil {
            do {
                try connection.commit()
                callbacks = connection.takeCallbacks()
            } catch {
                group.loss = error
            }
        }
        if group.loss != nil { connection.rollback() }
        let ended = monotonicNanoseconds()
        configuration.observer?(.groupEnded(committed: group.loss == nil))
        lock.release()

        noteStorage(group, hasChanges: hasChanges)
        record(group, lockTime: locked &- began, commitTime: ended &- commitBegan)
        for callback in callbacks { callback.call() }
        if group.loss == nil, hasChanges {
            for hook in hooksMonitor.locked({ hooks }) { hook(group.kept.count) }
        }
        answer(group)
    }

    private func runMembers(until deadline: UInt64) -> Group {
        var group = Group()
        let limit = max(1, configuration.groupLimit)
        var jobs = pending
        pending = []
        var next = 0
        var withLater = true
        while group.loss == nil, group.count < limit {
            if next == jobs.count {
                jobs.removeAll(keepingCapacity: true)
                next = 0
                queue.take(limit - group.count, withLater: withLater, into: &jobs)
                withLater = false
                if jobs.isEmpty { break }
            }
            runMember(jobs[next], &group)
            next += 1
            if monotonicNanoseconds() >= deadline { break }
        }
        if next < jobs.count { pending = Array(jobs[next...]) }
        return group
    }

    private func runMember(_ job: Job, _ group: inout Group) {
        let mark = connection.beginMember()
        do {
            try job.run(connection)
            try connection.keepMember()
            group.kept.append(job)
        } catch {
            group.failed.append((job, error))
            if !connection.undoMember(mark) { group.loss = error }
        }
    }

    /// All at once, after the commit: no answer is older than what it speaks about.
    private func answer(_ group: Group) {
        guard let loss = group.loss else {
            for job in group.kept { job.finish(nil) }
            for (job, error) in group.failed { job.finish(error) }
            return
        }
        // A failed member's own error may stem from what another one of the group had done, and is void with it. Only
        // the last one, which undid the group, keeps its own.
        let shared = Self.sharedError(loss)
        let cause = group.failed.last?.job
        for job in group.kept { job.finish(shared) }
        for (job, error) in group.failed { job.finish(job === cause ? error : shared) }
    }

    private static func sharedError(_ loss: any Error) -> SQLiteError {
        guard let loss = loss as? SQLiteError else {
            return SQLiteError(.abort, "rolled back with the other transactions of its commit")
        }
        return SQLiteError(
            extendedCode: loss.extendedCode,
            message: "rolled back with the other transactions of its commit: \(loss.message)", sql: loss.sql)
    }

    /// The group could not begin: everybody who waits is told.
    private func refuse(_ error: SQLiteError) {
        var jobs = pending
        pending = []
        queue.take(Int.max, withLater: true, into: &jobs)
        queue.record { statistics in
            statistics.failed += jobs.count
            statistics.isRefusingChanges = statistics.isRefusingChanges || error.isOfStorage
        }
        for job in jobs { job.finish(error) }
    }

    private func noteStorage(_ group: Group, hasChanges: Bool) {
        let errors = group.failed.map(\.error) + (group.loss.map { [$0] } ?? [])
        let isRefused = errors.contains { ($0 as? SQLiteError)?.isOfStorage == true }
        guard isRefused || hasChanges && group.loss == nil else { return }
        queue.record { $0.isRefusingChanges = isRefused }
    }

    private func record(_ group: Group, lockTime: UInt64, commitTime: UInt64) {
        let pages = connection.walPages
        queue.record { statistics in
            statistics.lockTime.add(Int(clamping: lockTime / 1000))
            if group.loss == nil, group.count > 0 {
                statistics.commits += 1
                statistics.transactions += group.kept.count
                statistics.failed += group.failed.count
                statistics.batch.add(group.kept.count)
                statistics.commitTime.add(Int(clamping: commitTime / 1000))
            } else if group.loss != nil {
                statistics.lost += group.kept.count
                statistics.failed += group.failed.count
            }
            statistics.walPages = pages
            statistics.greatestWalPages = max(statistics.greatestWalPages, pages)
        }
    }

    // MARK: checkpoint

    /// Holds SQLite's write lock on one connection while the other checkpoints: no commit, of any process, can overlap.
    private func checkpoint() -> Result<Checkpoint, any Error> {
        // Earlier attempts did not lead to a restart of the log: our own readers stand aside for a moment.
        let isLate = checkpointer.isLate(connection.walPages)
        if isLate { readers.pauseReads(upTo: 50_000_000) }
        defer { if isLate { readers.resumeReads() } }
        let began = monotonicNanoseconds()
        let checkpoint: Checkpoint
        do {
            try acquireLock()
            defer { lock.release() }
            try begin(since: began)
            defer { connection.rollback() }
            configuration.observer?(.checkpointBegan)
            defer { configuration.observer?(.checkpointEnded) }
            checkpoint = try checkpointer.run()
        } catch {
            checkpointer.postpone()
            return .failure(error)
        }
        let duration = monotonicNanoseconds() &- began
        queue.record { statistics in
            statistics.checkpointTime.add(Int(clamping: duration / 1000))
            if checkpoint.isComplete { statistics.completeCheckpoints += 1 }
            statistics.walPages = checkpoint.logPages
            statistics.greatestWalPages = max(statistics.greatestWalPages, checkpoint.logPages)
        }
        return .success(checkpoint)
    }
}
