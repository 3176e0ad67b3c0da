import Delivery
import EventLoop
import SQLite
import Service

/// What a crash, an overflow or another instance left in the outbox.
extension OutboxRelay {
    private static let sweepInterval = Duration.seconds(5)
    /// A younger row may still be on its way from its commit to this queue.
    private static let sweepAge = Duration.seconds(2)
    private static let sweepPage = 1000
    /// How soon the rows of an instance that has gone are looked for.
    private static let takeOverInterval = Duration.milliseconds(500)

    func scheduleSweep() {
        loop.schedule(after: Self.sweepInterval) { [weak self] in
            guard let self else { return }
            Task(executorPreference: loop) { await self.sweepAgain() }
        }
    }

    private func sweepAgain() async {
        guard !isStopping else { return }
        removals.tryAgain()
        await sweep(olderThan: Self.sweepAge)
        if let state = try? await database.read({ db in try Outbox.state(in: db) }) { metrics.show(state) }
        scheduleSweep()
    }

    // MARK: - Instances that are gone

    func takeOver() async {
        guard !isStopping else { return }
        do {
            let taken = try await leases.takeOver()
            if !taken.isEmpty {
                metrics.takenOver.add(taken.count)
                log.info(
                    "took over the outbox of instances that are gone",
                    ["instances": LogValue(taken.map { "\($0)" }.joined(separator: ", "))])
                await sweep()
            }
            try await leases.releaseEmpty()
        } catch {
            log.debug("instances that are gone cannot be looked for", ["error": LogValue("\(error)")])
        }
        loop.schedule(after: Self.takeOverInterval) { [weak self] in
            guard let self else { return }
            Task(executorPreference: loop) { await self.takeOver() }
        }
    }

    /// - Parameter age: of the rows that are taken; nil takes every row. One that is dated into the future, since the clock
    ///   was set back, is taken always: it would wait until the clock has come there again.
    /// - Returns: whether it found something to publish.
    @discardableResult
    func sweep(olderThan age: Duration? = nil) async -> Bool {
        guard let room = queue.beginSweep() else { return false }
        var found: [OutboxEntry] = []
        var unreadable = 0
        let now = Timestamp.now
        let youngest = age.map { now.adding(.zero - $0) } ?? now
        var isComplete = true
        do {
            for instance in leases.held where found.count < room {
                var after: OutboxKey?
                isComplete = false
                while found.count < room, !isComplete {
                    let start = after
                    let page = try await database.read { db in
                        try Outbox.waiting(instance: instance, after: start, limit: Self.sweepPage, in: db)
                    }
                    found += page.entries.filter { $0.createdAt <= youngest || $0.createdAt > now }
                    unreadable += page.unreadable
                    after = page.last ?? after
                    isComplete = page.isComplete
                }
            }
        } catch {
            isComplete = true
            log.warning("the outbox cannot be read", ["error": LogValue("\(error)")])
        }
        queue.endSweep(found, isComplete: isComplete && found.count < room)
        if unreadable > 0 {
            log.error("rows of the outbox have no event that can be read, and stay", ["count": .number(unreadable)])
        }
        didFill()
        return queue.ready > 0
    }
}
