import Delivery

/// Decides what becomes of a message. No I/O.
package enum DeliveryPolicy {
    /// A message that ends the process is worked on once without being counted, when it is first delivered, and so often
    /// after that.
    static let mostAttempts = 5

    /// What came of the work on a message.
    package enum Outcome: Equatable, Sendable {
        /// Done, now or before.
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

    /// - Parameters:
    ///   - attempts: all that were begun, the one that ended like this among them.
    ///   - queues: where it may wait.
    static func decide(_ outcome: Outcome, attempts: Int, retries queues: [RetryQueue]) -> Decision {
        switch outcome {
        case .settled: return .settle
        case .hopeless(let reason): return .dead(attempts: attempts, reason: reason)
        case .troubled(let reason):
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
