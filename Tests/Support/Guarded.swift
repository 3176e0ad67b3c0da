import Foundation

/// A value behind a lock, with a way to wait until it changes: the one primitive on which this library's waiting rests.
package final class Guarded<Value>: @unchecked Sendable {
    // `value` is touched only while `condition` is locked.
    private let condition = NSCondition()
    private var value: Value

    package init(_ value: sending Value) {
        self.value = value
    }

    /// Runs `body` under the lock and wakes everybody who waits.
    @discardableResult
    package func update<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        condition.lock()
        defer {
            condition.broadcast()
            condition.unlock()
        }
        return try body(&value)
    }

    /// Reads under the lock.
    package func read<Result>(_ body: (Value) throws -> Result) rethrows -> Result {
        condition.lock()
        defer { condition.unlock() }
        return try body(value)
    }

    /// Blocks the calling thread until `body` returns something, which is handed back, or the deadline passes: nil.
    package func wait<Result>(until deadline: Date, _ body: (inout Value) throws -> Result?) rethrows -> Result? {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let result = try body(&value) { return result }
            // NSCondition traps on dates that are too far away.
            let step = min(deadline, Date(timeIntervalSinceNow: 3600))
            if !condition.wait(until: step) && step == deadline { return try body(&value) }
        }
    }
}
