import Delivery
import Synchronized

/// The attempts that this process has counted and not brought to an end. When such a message comes again, because its
/// connection was lost, the process did not die of it, and the attempt is not counted a second time: a broker that restarts
/// again and again never makes a good message a dead one.
final class BegunWork: Sendable {
    /// Of those that came again elsewhere, and were settled there, this process never hears.
    private static let most = 4096

    private let attempts = Lock<[String: DeliveryAttempt]>([:])

    func begin(_ key: String, _ attempt: DeliveryAttempt) {
        attempts.withLock { attempts in
            if attempts.count >= Self.most { attempts = [:] }
            attempts[key] = attempt
        }
    }

    func end(_ key: String) { attempts.withLock { $0[key] = nil } }

    subscript(key: String) -> DeliveryAttempt? { attempts.withLock { $0[key] } }
}
