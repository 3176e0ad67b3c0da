import EventLoop
import Glibc

/// Runs `body` on `loop` and waits for it on this thread: for a program's main thread, which has nothing else to do.
package func runBlocking<Value: Sendable>(
    on loop: EventLoop, _ body: @escaping @Sendable () async throws -> Value
) throws -> Value {
    let result = BlockingResult<Value>()
    Task(executorPreference: loop) {
        let outcome: Result<Value, any Error>
        do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
        result.set(outcome)
    }
    return try result.wait().get()
}

/// `@unchecked Sendable`: the value is written once before the semaphore is posted and read after it was waited for.
private final class BlockingResult<Value: Sendable>: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private var value: Result<Value, any Error>?

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func set(_ result: Result<Value, any Error>) {
        value = result
        sem_post(semaphore)
    }

    func wait() -> Result<Value, any Error> {
        while sem_wait(semaphore) != 0 {}
        return value ?? .failure(CancellationError())
    }
}
