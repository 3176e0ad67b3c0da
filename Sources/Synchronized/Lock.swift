@_exported import Synchronization

#if THREAD_SANITIZER
    /// A `Mutex` that ThreadSanitizer understands.
    ///
    /// Swift's `Mutex` is made of futex calls inside the standard library, which is not instrumented: the sanitizer sees
    /// no order between two threads that hold it in turn, and reports what they do as a race. Here each release is also
    /// an atomic write to a word beside the mutex, and each acquisition a read of that word, which the sanitizer does
    /// see. It lives in a build with `-DTHREAD_SANITIZER` (`Docs/scripts/test --long`) only.
    package struct Lock<Value: ~Copyable>: ~Copyable, Sendable {
        @usableFromInline let mutex: Mutex<Value>
        @usableFromInline let order = Atomic<UInt>(0)

        @inlinable
        package init(_ value: consuming sending Value) {
            mutex = Mutex(value)
        }

        /// Runs `body` with the value, while no other thread has it.
        @inlinable
        package borrowing func withLock<Result: ~Copyable, Failure: Error>(
            _ body: (inout sending Value) throws(Failure) -> sending Result
        ) throws(Failure) -> sending Result {
            try mutex.withLock { value throws(Failure) in
                _ = order.load(ordering: .acquiring)
                defer { order.wrappingAdd(1, ordering: .releasing) }
                return try body(&value)
            }
        }
    }
#else
    /// The lock of the package. It has another name because `Docs/scripts/test --long` builds it in another way: so that
    /// ThreadSanitizer sees it.
    package typealias Lock = Mutex
#endif
