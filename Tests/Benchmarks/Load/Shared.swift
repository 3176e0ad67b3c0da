import Synchronized

/// A value that threads share.
final class Shared<Value: Sendable>: Sendable {
    private let value: Lock<Value>

    init(_ value: Value) { self.value = Lock(value) }

    @discardableResult
    func update<Result: Sendable>(_ body: (inout Value) -> Result) -> Result { value.withLock { body(&$0) } }
    func read<Result: Sendable>(_ body: (Value) -> Result) -> Result { value.withLock { body($0) } }
}
