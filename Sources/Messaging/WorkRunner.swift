import AMQP
import Delivery
import EventLoop
import SQLite
import Service

/// Does the work on messages: all of a batch in one transaction where that works.
///
/// Trouble of the whole database is waited for in place, with what is in work unacknowledged: at most the prefetch waits.
/// Trouble of one message is its outcome.
struct WorkRunner<Work: MessageWork>: Sendable {
    typealias Outcome = DeliveryPolicy.Outcome
    typealias Reading = MessageReading<Work.Message>

    let work: Work
    private let loop: EventLoop
    private let database: Database
    private let metrics: ConsumerMetrics
    private let log: Logger
    /// In the log when the database cannot be written.
    private let source: MessageSource

    init(
        _ work: Work, _ source: MessageSource, _ loop: EventLoop, _ database: Database, _ metrics: ConsumerMetrics,
        _ log: Logger
    ) {
        self.work = work
        self.source = source
        self.loop = loop
        self.database = database
        self.metrics = metrics
        self.log = log
    }

    // MARK: - Work

    /// - Throws: when the database is closed or the task is cancelled: nothing may be acknowledged then. So do all of these.
    func run(_ readings: [Reading]) async throws -> [Outcome] {
        if readings.count == 1 { return [try await runAlone(readings[0])] }
        do {
            return try await persist { [work] db in try Self.apply(work, readings, in: db) }
        } catch  where Trouble(error) != .end {
            // One of them breaks the transaction of all: the others must not suffer.
            var outcomes: [Outcome] = []
            for reading in readings { outcomes.append(try await runAlone(reading)) }
            return outcomes
        }
    }

    /// Works on one message whose attempt is counted, and settles the count with it.
    ///
    /// - Parameter next: a message that is worked on next; its attempt is counted in the same commit, which is not the one
    ///   of its own work.
    /// - Returns: what came of it, and the attempt at `next` if that was counted.
    func run(_ reading: Reading, key: String, next: String?) async throws -> (Outcome, DeliveryAttempt?) {
        if case .unreadable(let reason) = reading { return (.hopeless(reason), nil) }
        return try await alone { [work] db in
            let outcome = try Self.apply(work, reading, in: db)
            // The count of one that goes elsewhere is needed until it is there.
            if outcome == .settled { try DeliveryAttempts.end(key, in: db) }
            return (outcome, try next.map { try DeliveryAttempts.begin($0, in: db) })
        } otherwise: {
            ($0, nil)
        }
    }

    private func runAlone(_ reading: Reading) async throws -> Outcome {
        try await alone { [work] db in
            try Self.apply(work, reading, in: db)
        } otherwise: {
            $0
        }
    }

    private static func apply(_ work: Work, _ reading: Reading, in db: SQLite.Connection) throws -> Outcome {
        try apply(work, [reading], in: db).first ?? .settled
    }

    private static func apply(_ work: Work, _ readings: [Reading], in db: SQLite.Connection) throws -> [Outcome] {
        var done = try work.apply(readings.compactMap(\.message), in: db)[...]
        return readings.map { reading in
            switch reading {
            case .unreadable(let reason): .hopeless(reason)
            case .message: done.popFirst() ?? .settled
            }
        }
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

    /// Runs a transaction of one message until it is known whose trouble its failure is.
    private func alone<Value: Sendable>(
        _ body: @escaping @Sendable (SQLite.Connection) throws -> Value, otherwise: (Outcome) -> Value
    ) async throws -> Value {
        var pause = Pause()
        while true {
            do {
                return try await persist(body)
            } catch {
                switch Trouble(error) {
                case .end: throw error
                case .permanent: return otherwise(.hopeless("cannot be worked on: \(error)"))
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
        } catch  where Trouble(error) != .end {
            return false
        }
    }

    /// Runs a transaction again as long as the whole database is in trouble.
    private func persist<Value: Sendable>(
        patiently: Bool = false, _ body: @escaping @Sendable (SQLite.Connection) throws -> Value
    ) async throws -> Value {
        try await persist(
            patiently: patiently,
            { body in
                guard let pause = work.pause else { return try await database.write(body) }
                return try await database.write(joiningWithin: pause, body)
            }, body)
    }

    /// - Parameter patiently: whatever the trouble is.
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
                let trouble = Trouble(error)
                guard trouble == .database || patiently && trouble != .end else { throw error }
                try await hold(error, &pause)
            }
        }
    }

    private struct Pause {
        var next = Duration.milliseconds(50)
    }

    private func hold(_ error: any Error, _ pause: inout Pause) async throws {
        log.warning(
            source.group == nil
                ? "the event log cannot be written, trying again" : "a group cannot write, trying again",
            ["error": LogValue("\(error)"), "queue": LogValue(source.queue)])
        metrics.retried.add()
        try await loop.sleep(for: pause.next)
        pause.next = min(pause.next * 2, .seconds(2))
    }
}

/// Whose trouble an error is.
enum Trouble: Equatable {
    /// Of one message or of what is stored for it: no later attempt goes better.
    case permanent
    /// A lock, a full disk: of everybody, whatever was to be written.
    case database
    /// The database is closed, or the task is cancelled.
    case end
    /// Of this message, or of the database: only another transaction tells.
    case unclear

    init(_ error: any Error) {
        if error is CancellationError {
            self = .end
        } else if error is UnreadableRecord || error is UnreadableMessage || error is EncodingError
            || error is DecodingError
        {
            self = .permanent
        } else if let error = error as? DeliveryError {
            // A rule forbids it.
            self = error.status < 500 ? .permanent : .unclear
        } else if let error = error as? SQLiteError {
            switch error.code {
            case .closed: self = .end
            case .constraint, .mismatch: self = .permanent
            case .busy, .locked, .full, .readOnly, .outOfMemory, .cannotOpen, .overloaded, .abort: self = .database
            default: self = .unclear
            }
        } else {
            self = .unclear
        }
    }
}
