import Synchronized

extension EventLoop {
    /// Suspends for `duration`, by the loop's timers.
    /// - Throws: `CancellationError`, also when the loop stops.
    package func sleep(for duration: Duration) async throws {
        let once = Once<Void>()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                once.wait(continuation)
                let isTaken = execute {
                    guard !once.isFinished else { return }
                    let timer = self.schedule(after: duration) { once.finish(.success(())) }
                    self.wait(for: once) { self.cancel(timer) }
                }
                if !isTaken { once.finish(.failure(CancellationError())) }
            }
        } onCancel: {
            execute { once.finish(.failure(CancellationError())) }
        }
    }

    /// Runs `operation` with a deadline: when it has passed, the operation is cancelled and `timeoutError` is thrown.
    package func withTimeout<Value: Sendable>(
        _ duration: Duration, throwing timeoutError: any Error,
        _ operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask(executorPreference: self) { try await operation() }
            group.addTask(executorPreference: self) {
                try await self.sleep(for: duration)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let value = first else { throw timeoutError }
            return value
        }
    }
}
