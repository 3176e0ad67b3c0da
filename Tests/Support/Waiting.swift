import Foundation
import Synchronized

/// Something the test support could not do, with what it saw.
package struct SupportError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// Runs blocking work on a thread of its own, so that the cooperative pool, which has one thread a core, keeps turning.
package func onOwnThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        let thread = Thread {
            do { continuation.resume(returning: try work()) } catch { continuation.resume(throwing: error) }
        }
        thread.name = "test support"
        thread.start()
    }
}

/// Asks again and again, 5 ms apart, until `condition` holds. For what announces no event that could be awaited.
///
/// - Throws: ``SupportError`` naming `what` once `seconds` have passed, or the condition's last error.
package func eventually(
    _ what: String = "the condition", within seconds: Double = 10,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = Date(timeIntervalSinceNow: seconds)
    while true {
        var failure: (any Error)?
        do { if try await condition() { return } } catch { failure = error }
        if Date() >= deadline {
            throw failure ?? SupportError("\(what) did not come true within \(seconds) s")
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}
