import Delivery

/// A queue in which a message waits until its time to live is over and the broker moves it back to the orders.
struct RetryQueue: Equatable, Sendable {
    let name: String
    let delay: Duration
}

extension Topology {
    /// In the order in which a message goes through them.
    static let retryQueues = [
        RetryQueue(name: "delivery.retry.1s", delay: .seconds(1)),
        RetryQueue(name: "delivery.retry.5s", delay: .seconds(5)),
        RetryQueue(name: "delivery.retry.25s", delay: .seconds(25)),
    ]
}

/// Decides what becomes of a message. No I/O.
enum DeliveryPolicy {
    /// A message that ends the process is worked on once without being counted, when it is first delivered, and so often
    /// after that.
    static let mostAttempts = 5

    /// What came of the work on a message.
    enum Outcome: Equatable, Sendable {
        /// In the log, from now or from before.
        case settled
        /// It never will be, and why.
        case hopeless(String)
        /// It failed, and why, while the database as a whole works: another attempt may go better.
        case troubled(String)
    }

    enum Decision: Equatable, Sendable {
        case settle
        case retry(RetryQueue, attempts: Int, reason: String)
        case dead(attempts: Int, reason: String)
    }

    /// - Parameter attempts: all that were begun, the one that ended like this among them.
    static func decide(_ outcome: Outcome, attempts: Int) -> Decision {
        switch outcome {
        case .settled: return .settle
        case .hopeless(let reason): return .dead(attempts: attempts, reason: reason)
        case .troubled(let reason):
            let queues = Topology.retryQueues
            guard attempts <= queues.count else { return .dead(attempts: attempts, reason: reason) }
            return .retry(queues[max(1, attempts) - 1], attempts: attempts, reason: reason)
        }
    }

    /// What to do instead of the work; nil: work on it.
    /// - Parameter attempts: all that were begun, with the one that is about to.
    static func refuse(attempts: Int) -> Decision? {
        guard attempts > mostAttempts else { return nil }
        return .dead(
            attempts: attempts - 1,
            reason: "work on it was begun \(attempts - 1) times and never ended, as when it ends the process")
    }
}
