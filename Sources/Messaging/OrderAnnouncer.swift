import Delivery
import EventLoop
import Failpoints
import SQLite
import Service

/// Puts orders into the event log: all of a batch in one transaction where that works.
///
/// Trouble of the whole database is waited for in place, with what is in work unacknowledged: at most the prefetch waits.
/// Trouble of one message is its outcome.
struct OrderAnnouncer: Sendable {
    typealias Outcome = DeliveryPolicy.Outcome

    private let loop: EventLoop
    private let database: Database
    private let metrics: ConsumerMetrics
    private let log: Logger
    private let appended: @Sendable ([FeedEvent]) -> Void

    init(
        _ loop: EventLoop, _ database: Database, _ metrics: ConsumerMetrics, _ log: Logger,
        appended: @escaping @Sendable ([FeedEvent]) -> Void
    ) {
        self.loop = loop
        self.database = database
        self.metrics = metrics
        self.log = log
        self.appended = appended
    }

    // MARK: - Work

    /// - Throws: when the database is closed or the task is cancelled: nothing may be acknowledged then. So do all of these.
    func announce(_ readings: [OrderAnnouncement.Reading]) async throws -> [Outcome] {
        if readings.count == 1 { return [try await announceAlone(readings[0])] }
        do {
            return try await persist { [appended] db in
                var events: [FeedEvent] = []
                let outcomes = try readings.map { reading in try Self.append(reading, in: db, &events) }
                Self.tell(appended, events, after: db)
                return outcomes
            }
        } catch  where Self.kind(of: error) != .end {
            // One of them breaks the transaction of all: the others must not suffer.
            var outcomes: [Outcome] = []
            for reading in readings { outcomes.append(try await announceAlone(reading)) }
            return outcomes
        }
    }

    /// Works on one message whose attempt is counted, and settles the count with it.
    ///
    /// - Parameter next: a message that is worked on next; its attempt is counted in the same commit, which is not the one
    ///   of its own work.
    /// - Returns: what came of it, and the attempt at `next` if that was counted.
    func announce(
        _ reading: OrderAnnouncement.Reading, key: String, next: String?
    ) async throws -> (Outcome, DeliveryAttempt?) {
        if case .unreadable(let reason) = reading { return (.hopeless(reason), nil) }
        return try await alone { [appended] db in
            var events: [FeedEvent] = []
            let outcome = try Self.append(reading, in: db, &events)
            Self.tell(appended, events, after: db)
            // The count of one that goes elsewhere is needed until it is there.
            if outcome == .settled { try DeliveryAttempts.end(key, in: db) }
            return (outcome, try next.map { try DeliveryAttempts.begin($0, in: db) })
        } otherwise: {
            ($0, nil)
        }
    }

    private func announceAlone(_ reading: OrderAnnouncement.Reading) async throws -> Outcome {
        try await alone { [appended] db in
            var events: [FeedEvent] = []
            let outcome = try Self.append(reading, in: db, &events)
            Self.tell(appended, events, after: db)
            return outcome
        } otherwise: {
            $0
        }
    }

    private static func append(
        _ reading: OrderAnnouncement.Reading, in db: SQLite.Connection, _ events: inout [FeedEvent]
    ) throws -> Outcome {
        switch reading {
        case .unreadable(let reason): return .hopeless(reason)
        case .order(let order):
            let announcement = try Feed.announce(order: order.orderID, traceParent: order.traceParent, in: db)
            try Failpoint.reach("consumer.before-commit", ["order": "\(order.orderID)"])
            switch announcement {
            case .appended(let event):
                events.append(event)
                return .settled
            case .known: return .settled
            // The transaction began after the message was taken: it sees every order that was committed before.
            case .unknownOrder: return .hopeless("there is no order \(order.orderID)")
            }
        }
    }

    private static func tell(
        _ appended: @escaping @Sendable ([FeedEvent]) -> Void, _ events: [FeedEvent], after db: SQLite.Connection
    ) {
        if !events.isEmpty { db.afterCommit { appended(events) } }
    }

    // MARK: - Attempts

    /// Counts an attempt in a commit of its own.
    func begin(_ key: String) async throws -> DeliveryAttempt {
        try await persist(patiently: true) { db in try DeliveryAttempts.begin(key, in: db) }
    }

    /// Attempts at those of the messages that were worked on before.
    func begun(_ keys: [String]) async throws -> [String: Int] {
        try await persist(patiently: true, { body in try await database.read(body) }) { db in
            try DeliveryAttempts.begun(keys, in: db)
        }
    }

    // MARK: - Trouble

    private enum Kind {
        /// What is stored of an order cannot be read: no later attempt can either.
        case permanent
        /// A lock, a full disk: of everybody, whatever was to be written.
        case database
        /// The database is closed, or the task is cancelled.
        case end
        /// Of this message, or of the database: only another transaction tells.
        case unclear
    }

    /// Whether an error comes from what is stored of one order.
    static func isOfOneOrder(_ error: any Error) -> Bool { kind(of: error) == .permanent }

    private static func kind(of error: any Error) -> Kind {
        if error is CancellationError { return .end }
        if error is UnreadableRecord || error is EncodingError { return .permanent }
        guard let error = error as? SQLiteError else { return .unclear }
        switch error.code {
        case .closed: return .end
        case .constraint, .mismatch: return .permanent
        case .busy, .locked, .full, .readOnly, .outOfMemory, .cannotOpen, .overloaded, .abort: return .database
        default: return .unclear
        }
    }

    /// Runs a transaction of one message until it is known whose trouble its failure is.
    private func alone<Value: Sendable>(
        _ body: @escaping @Sendable (SQLite.Connection) throws -> Value, otherwise: (Outcome) -> Value
    ) async throws -> Value {
        var pause = Pause()
        while true {
            do {
                return try await persist(body)
            } catch {
                switch Self.kind(of: error) {
                case .end: throw error
                case .permanent: return otherwise(.hopeless("the order cannot be read: \(error)"))
                case .database, .unclear:
                    if try await isWorking() { return otherwise(.troubled("\(error)")) }
                    try await hold(error, &pause)
                }
            }
        }
    }

    private func isWorking() async throws -> Bool {
        do {
            try await database.write { db in try Feed.probe(in: db) }
            return true
        } catch  where Self.kind(of: error) != .end {
            return false
        }
    }

    /// Runs a transaction again as long as the whole database is in trouble.
    /// - Parameter patiently: whatever the trouble is.
    private func persist<Value: Sendable>(
        patiently: Bool = false, _ body: @escaping @Sendable (SQLite.Connection) throws -> Value
    ) async throws -> Value {
        try await persist(patiently: patiently, { body in try await database.write(body) }, body)
    }

    private func persist<Value: Sendable>(
        patiently: Bool,
        _ run: (@escaping @Sendable (SQLite.Connection) throws -> Value) async throws -> Value,
        _ body: @escaping @Sendable (SQLite.Connection) throws -> Value
    ) async throws -> Value {
        var pause = Pause()
        while true {
            do {
                return try await run(body)
            } catch {
                let kind = Self.kind(of: error)
                guard kind == .database || patiently && kind != .end else { throw error }
                try await hold(error, &pause)
            }
        }
    }

    private struct Pause {
        var next = Duration.milliseconds(50)
    }

    private func hold(_ error: any Error, _ pause: inout Pause) async throws {
        log.warning("the event log cannot be written, trying again", ["error": LogValue("\(error)")])
        metrics.retried.add()
        try await loop.sleep(for: pause.next)
        pause.next = min(pause.next * 2, .seconds(2))
    }
}
