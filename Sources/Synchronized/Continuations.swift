#if THREAD_SANITIZER
    // A continuation that is resumed before its task has begun to wait orders what the resumer did before what the task
    // does next, but by an atomic word inside the concurrency library, which is not instrumented: ThreadSanitizer reports
    // what crosses. (A task that waits already is put in order by the library's own calls to the sanitizer.) So in a
    // build with `-DTHREAD_SANITIZER` these stand before the standard ones of the same names, in every file that imports
    // this module. They write an atomic word before they resume and read it after the wait. In other builds they do not
    // exist.

    /// The word that one continuation's two sides share.
    final class ContinuationOrder: Sendable {
        private let word = Atomic<UInt>(0)

        func release() { word.wrappingAdd(1, ordering: .releasing) }
        func acquire() { _ = word.load(ordering: .acquiring) }
    }

    package struct CheckedContinuation<Value, Failure: Error>: Sendable {
        let standard: _Concurrency.CheckedContinuation<Value, Failure>
        let order: ContinuationOrder

        package func resume(returning value: sending Value) {
            order.release()
            standard.resume(returning: value)
        }

        package func resume(throwing error: Failure) {
            order.release()
            standard.resume(throwing: error)
        }

        package func resume<Other: Error>(with result: sending Result<Value, Other>) where Failure == any Error {
            order.release()
            standard.resume(with: result)
        }

        package func resume(with result: sending Result<Value, Failure>) {
            order.release()
            standard.resume(with: result)
        }

        package func resume() where Value == Void {
            order.release()
            standard.resume()
        }
    }

    /// Checked too: the unchecked one resumes in code that is emitted, instrumented, into ours.
    package typealias UnsafeContinuation = CheckedContinuation

    package nonisolated(nonsending) func withCheckedContinuation<Value>(
        _ body: (CheckedContinuation<Value, Never>) -> Void
    ) async -> sending Value {
        let order = ContinuationOrder()
        let value = await _Concurrency.withCheckedContinuation {
            body(CheckedContinuation(standard: $0, order: order))
        }
        order.acquire()
        return value
    }

    package nonisolated(nonsending) func withCheckedThrowingContinuation<Value>(
        _ body: (CheckedContinuation<Value, any Error>) -> Void
    ) async throws -> sending Value {
        let order = ContinuationOrder()
        defer { order.acquire() }
        return try await _Concurrency.withCheckedThrowingContinuation {
            body(CheckedContinuation(standard: $0, order: order))
        }
    }

    package nonisolated(nonsending) func withUnsafeContinuation<Value>(
        _ body: (UnsafeContinuation<Value, Never>) -> Void
    ) async -> sending Value {
        await withCheckedContinuation(body)
    }

    package nonisolated(nonsending) func withUnsafeThrowingContinuation<Value>(
        _ body: (UnsafeContinuation<Value, any Error>) -> Void
    ) async throws -> sending Value {
        try await withCheckedThrowingContinuation(body)
    }
#endif
