import SQLite

/// How long is kept what only helps for a while.
package struct PruningTerms: Equatable, Sendable {
    /// Events of the log: a tab that was away for longer is told to begin anew.
    package var feed = Duration.seconds(3 * 86_400)
    /// The messages in the log of changes, from which the table of where orders are can be built again. The changes stay.
    package var changes = Duration.seconds(7 * 86_400)
    /// Notifications that were delivered or given up.
    package var notifications = Duration.seconds(30 * 86_400)

    package init() {}

    /// What is older than this at `now` goes.
    func cutoff(_ subject: Pruning.Subject, at now: Timestamp) -> Timestamp {
        switch subject {
        case .feed: now.adding(.zero - feed)
        case .changes: now.adding(.zero - changes)
        case .notifications: now.adding(.zero - notifications)
        case .keys: now.adding(.zero - Orders.keyLifetime)
        case .tokens: now.adding(.zero - Accounts.afterlife)
        }
    }
}

/// Removes rows whose time is over, a few in a transaction, oldest first: other transactions wait for a step, not for all.
///
/// Whoever removes and however often, what is left is the same: several processes may do it at once.
package enum Pruning {
    package enum Subject: String, CaseIterable, Sendable {
        /// Events of the log. Readers below the mark get a reset; see `Feed.markPruned`.
        case feed
        /// Bodies of the log of changes, of orders that have come to their end.
        case changes
        /// `Idempotency-Key`s.
        case keys
        case tokens
        case notifications
    }

    /// What a step may take.
    package struct Budget: Sendable {
        /// Rows at most.
        package var rows = 500
        /// Asked after every few rows; true ends the step.
        package var isSpent: @Sendable () -> Bool

        package init(rows: Int = 500, isSpent: @escaping @Sendable () -> Bool) {
            self.rows = rows
            self.isSpent = isSpent
        }

        /// For the time of a transaction.
        package static func time(_ duration: Duration, rows: Int = 500) -> Budget {
            let end = ContinuousClock.now + duration
            return Budget(rows: rows) { ContinuousClock.now >= end }
        }
    }

    package struct Step: Equatable, Sendable {
        package var removed = 0
        /// Nothing that is left is old enough.
        package var isComplete = false
    }

    /// Rows between two looks at the budget.
    static let chunk = 20

    /// Part of the caller's write transaction.
    package static func step(
        _ subject: Subject, _ terms: PruningTerms = PruningTerms(), at now: Timestamp, _ budget: Budget,
        in db: Connection
    ) throws -> Step {
        var step = Step()
        while step.removed < budget.rows {
            let most = min(chunk, budget.rows - step.removed)
            let (removed, isComplete) = try remove(subject, terms.cutoff(subject, at: now), at: now, most, in: db)
            step.removed += removed
            step.isComplete = isComplete
            if isComplete || budget.isSpent() { break }
        }
        return step
    }

    /// Whether a step would find something: a read, so that an idle system writes nothing.
    package static func isDue(
        _ subject: Subject, _ terms: PruningTerms = PruningTerms(), at now: Timestamp, in db: Connection
    ) throws -> Bool {
        let cutoff = terms.cutoff(subject, at: now)
        switch subject {
        case .feed: return try !PruningRecords.oldEvents(before: cutoff, at: now, most: chunk, in: db).isEmpty
        case .changes: return try !PruningRecords.oldChanges(before: cutoff, at: now, most: chunk, in: db).isEmpty
        case .keys, .tokens, .notifications:
            return try PruningRecords.oldest(subject, in: db).map { $0 < cutoff } ?? false
        }
    }

    /// When the oldest row that is kept was made; nil for none.
    package static func oldest(_ subject: Subject, in db: Connection) throws -> Timestamp? {
        try PruningRecords.oldest(subject, in: db)
    }

    private static func remove(
        _ subject: Subject, _ cutoff: Timestamp, at now: Timestamp, _ most: Int, in db: Connection
    ) throws -> (removed: Int, isComplete: Bool) {
        let removed: Int
        switch subject {
        case .feed: removed = try removeEvents(before: cutoff, at: now, most, in: db)
        case .changes: removed = try emptyChanges(before: cutoff, at: now, most, in: db)
        case .keys: removed = try IdempotencyRecords.prune(before: cutoff, most: most, in: db)
        case .tokens: removed = try AccountRecords.pruneTokens(before: cutoff, most: most, in: db)
        case .notifications: removed = try NotificationRecords.prune(before: cutoff, most: most, in: db)
        }
        return (removed, removed < most)
    }

    /// Together with an event goes what keeps the promises that hang on it: a cursor below the mark is lost, and an order
    /// that was announced by it is not announced again.
    private static func removeEvents(
        before cutoff: Timestamp, at now: Timestamp, _ most: Int, in db: Connection
    ) throws -> Int {
        let old = try PruningRecords.oldEvents(before: cutoff, at: now, most: most, in: db)
        guard let last = old.last else { return 0 }
        for event in old {
            if let order = event.newOrder { try OrderRecords.markAnnounced(order, in: db) }
            try PruningRecords.deleteEvent(event.id, in: db)
        }
        try FeedRecords.setPruned(last.id, in: db)
        return old.count
    }

    private static func emptyChanges(
        before cutoff: Timestamp, at now: Timestamp, _ most: Int, in db: Connection
    ) throws -> Int {
        let old = try PruningRecords.oldChanges(before: cutoff, at: now, most: most, in: db)
        guard let last = old.last else { return 0 }
        for change in old where try OrderRecords.isClosed(change.order, in: db) {
            try PruningRecords.emptyChange(change.id, in: db)
        }
        try PruningRecords.setLastChange(last.id, in: db)
        return old.count
    }
}
