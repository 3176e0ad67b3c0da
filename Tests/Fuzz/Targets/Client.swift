import AMQP
import EventLoop
import Glibc
import Synchronized

/// The whole client over real sockets against a fuzzed broker, on one event loop for the life of the process.
///
/// Whatever the broker does, every operation has to end, every publish has to have an outcome, and no connection may be
/// left.
@Sendable
func fuzzClient(_ input: UnsafeRawBufferPointer) -> String? {
    guard input.count > 4 else { return nil }
    let loop: EventLoop
    switch sharedLoop {
    case .success(let shared): loop = shared
    case .failure(let error): return "the loop does not start: \(error)"
    }
    let handover = Handover<String?>()
    do {
        let run = ClientRun(Array(input), on: loop, handover)
        loop.execute { run.assumeIsolated { $0.begin() } }
    }
    return handover.take(within: 10) ?? "an operation does not end within ten seconds"
}

/// Lets the client do what it does in the raw mode of `client`, against a broker at `uri`.
package func runScene(_ uri: String) {
    guard case .success(let loop) = sharedLoop else { return }
    let handover = Handover<Void>()
    Task(executorPreference: loop) {
        do {
            let connection = try await AMQPConnection.connect(uri, on: loop)
            await scene(connection)
            await connection.close()
        } catch {
            print("the scene ends with \(error)")
        }
        handover.give(())
    }
    _ = handover.take(within: 30)
}

private let sharedLoop = Result<EventLoop, SystemError> { () throws(SystemError) in
    let loop = try EventLoop(name: "fuzz")
    try loop.start()
    return loop
}

/// Carries one value from the loop to the thread that waits for it.
final class Handover<Value: Sendable>: Sendable {
    /// `@unchecked Sendable`: a semaphore is made for several threads (sem_overview(7)); it must not move.
    private final class Semaphore: @unchecked Sendable {
        let pointer = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
        init() { sem_init(pointer, 0, 0) }
        deinit {
            sem_destroy(pointer)
            pointer.deallocate()
        }
    }

    private let value = Lock<Value?>(nil)
    private let semaphore = Semaphore()

    func give(_ value: Value) {
        self.value.withLock { $0 = value }
        sem_post(semaphore.pointer)
    }

    /// Nil if nothing comes in time.
    func take(within seconds: Int) -> Value? {
        var deadline = timespec()
        clock_gettime(CLOCK_REALTIME, &deadline)
        deadline.tv_sec += seconds
        while sem_timedwait(semaphore.pointer, &deadline) != 0 {
            if errno != EINTR { return nil }
        }
        return value.withLock { $0 }
    }
}
