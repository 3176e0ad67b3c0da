import Synchronized

/// A unit of work that waits in a queue for a thread that has a connection.
///
/// `@unchecked Sendable`: `phase` is read and written inside the queue's monitor only. Everything else belongs to the
/// submitter until `submit`, then to the thread that took the job out of the queue, or to `cancel` if that came first;
/// the monitor orders these.
class Job: @unchecked Sendable {
    enum Phase {
        case new, waiting, taken, cancelled
    }

    final var phase = Phase.new
    /// Only for the first thread of its queue.
    final let isPinned: Bool
    /// Nanoseconds that it waits for a commit to join; nil for one that wants a commit now.
    final let patience: UInt64?

    init(isPinned: Bool = false, patience: UInt64? = nil) { (self.isPinned, self.patience) = (isPinned, patience) }

    /// Does the work and keeps its result.
    func run(_ connection: Connection) throws {}

    /// Answers: with the kept result, or with `error`.
    func finish(_ error: (any Error)?) {}
}

/// A job whose task waits for its result.
final class ResultJob<Value: Sendable>: Job, @unchecked Sendable {
    private var body: (@Sendable (Connection) throws -> Value)?
    private var value: Value?
    var continuation: UnsafeContinuation<Value, any Error>?

    init(isPinned: Bool, patience: UInt64?, _ body: @escaping @Sendable (Connection) throws -> Value) {
        self.body = body
        super.init(isPinned: isPinned, patience: patience)
    }

    override func run(_ connection: Connection) throws {
        value = try body?(connection)
        body = nil
    }

    override func finish(_ error: (any Error)?) {
        // Cleared first: resuming twice is impossible.
        let waiting = continuation
        continuation = nil
        body = nil
        if let value, error == nil {
            waiting?.resume(returning: value)
        } else {
            waiting?.resume(throwing: error ?? SQLiteError(.misuse, "the work was not run"))
        }
    }
}

/// A job for which nobody waits.
final class LaterJob: Job, @unchecked Sendable {
    private let body: @Sendable (Connection) throws -> Void
    private let onFailure: @Sendable (any Error) -> Void

    init(_ body: @escaping @Sendable (Connection) throws -> Void, _ onFailure: @escaping @Sendable (any Error) -> Void)
    {
        self.body = body
        self.onFailure = onFailure
    }

    override func run(_ connection: Connection) throws { try body(connection) }
    override func finish(_ error: (any Error)?) { if let error { onFailure(error) } }
}

/// Jobs in order of arrival. Bounded by its owner.
struct JobList {
    private var jobs: [Job] = []
    private var head = 0
    /// Jobs that were cancelled while they waited, and still have a place.
    var cancelled = 0

    var count: Int { jobs.count - head }
    var isEmpty: Bool { head == jobs.count }

    mutating func append(_ job: Job) { jobs.append(job) }

    /// Takes up to `limit` jobs into `target`.
    mutating func take(_ limit: Int, into target: inout [Job]) {
        var taken = 0
        while taken < limit, head < jobs.count {
            let job = jobs[head]
            head += 1
            if job.phase == .cancelled {
                cancelled -= 1
            } else {
                job.phase = .taken
                target.append(job)
                taken += 1
            }
        }
        if head == jobs.count {
            jobs.removeAll(keepingCapacity: jobs.capacity <= 1024)
            head = 0
        } else if head >= 1024 && head * 2 >= jobs.count {
            jobs.removeSubrange(..<head)
            head = 0
        }
    }

    mutating func dropCancelled() {
        guard cancelled > 0 else { return }
        jobs.removeSubrange(..<head)
        head = 0
        jobs.removeAll { $0.phase == .cancelled }
        cancelled = 0
    }
}
