import Bytes
import CSystem
import Glibc
import Synchronization
import Synchronized

/// One thread that waits for readiness and time, and runs the jobs of the actors and tasks that live on it.
///
/// It is the `SerialExecutor` of connections and other actors (a handler of readiness calls `assumeIsolated` without
/// a hop) and the `TaskExecutor` of their tasks. A loop must outlive its actors.
///
/// `@unchecked Sendable`: the inbox is behind a lock; everything else mutable is touched by the loop's thread only,
/// which each method that is not safe to call from elsewhere checks.
package final class EventLoop: SerialExecutor, TaskExecutor, @unchecked Sendable {
    package typealias TimerToken = TimerHeap<() -> Void>.Token

    private enum Work {
        case job(UnownedJob)
        case call(@Sendable () -> Void)
    }

    private struct Inbox {
        var work: [Work] = []
        var isWakePending = false
        var isStopping = false
        var hasEnded = false
    }

    package let name: String
    private let inbox = Lock(Inbox())
    private let wakeDescriptor: CInt
    private let threadNumber = Atomic<UInt>(0)
    private let thread = Lock<pthread_t?>(nil)

    // The loop's thread only.
    private let poller: Poller
    private var localWork: [Work] = []
    private var spareWork: [Work] = []
    private var timers = TimerHeap<() -> Void>()
    private var flushes: [Stream] = []
    private var spareFlushes: [Stream] = []
    private var isStopping = false
    private var waits: [ObjectIdentifier: () -> Void] = [:]
    private var turnTime: ContinuousClock.Instant
    private var pool = BufferPool()
    let scratch: UnsafeMutableRawBufferPointer

    /// - Throws: `SystemError` when the process is out of descriptors.
    package init(name: String) throws(SystemError) {
        self.name = name
        poller = try Poller()
        wakeDescriptor = try system("eventfd") { eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK)) }
        scratch = .allocate(byteCount: 64 * 1024, alignment: 64)
        turnTime = .now
        // No other thread knows the poller yet.
        try poller.add(wakeDescriptor, .readable, Waker(self))
    }

    deinit {
        scratch.deallocate()
        _ = close(wakeDescriptor)
    }

    // MARK: - Life

    /// Starts the loop's thread. Call once.
    package func start() throws(SystemError) {
        let thread = try spawnThread(named: name) { self.run() }
        self.thread.withLock { $0 = thread }
    }

    /// Asks the loop to end after the turn it is in: what is registered is closed (`ECANCELED`), those who sleep or
    /// connect get a `CancellationError`, and the work that comes of it is done. Work that arrives later is dropped, so
    /// actors and tasks that live on the loop must have ended, or a task that returns to it waits for ever.
    package func stop() {
        inbox.withLock { $0.isStopping = true }
        wake()
    }

    /// Waits until the thread has ended. Not from the loop itself.
    package func join() {
        precondition(!isCurrent, "a loop cannot wait for itself")
        let thread = self.thread.withLock { value in
            let taken = value
            value = nil
            return taken
        }
        if let thread { pthread_join(thread, nil) }
    }

    /// Whether the caller runs on the loop's thread.
    @inline(__always)
    package var isCurrent: Bool { threadNumber.load(ordering: .relaxed) == UInt(pthread_self()) }

    private func run() {
        threadNumber.store(UInt(pthread_self()), ordering: .relaxed)
        do {
            while !isStopping { try turn() }
        } catch {
            // epoll fails on a descriptor of ours only by a defect; without it nothing can go on.
            fatalError("event loop \(name): \(error)")
        }
        end()
        // A later thread may get the same number.
        threadNumber.store(0, ordering: .relaxed)
    }

    private func end() {
        poller.stop()
        for cancel in waits.values { cancel() }
        // What the callbacks above left to do is done. Jobs that breed jobs for ever are cut off.
        for _ in 0..<1000 {
            takeInbox()
            if localWork.isEmpty { break }
            runRound()
        }
        inbox.withLock { inbox in
            inbox.hasEnded = true
            inbox.work = []
        }
        // These may hold the loop.
        localWork = []
        flushes = []
        timers = TimerHeap()
    }

    // MARK: - A turn

    private func turn() throws(SystemError) {
        let count = try poller.wait(milliseconds: waitTime())
        turnTime = .now
        poller.dispatch(count)
        while let action = timers.popExpired(turnTime) { action() }
        // Bounded, so that jobs that breed jobs do not keep readiness waiting. A few that each breed one, as pipelined
        // requests do, may go on for longer, so that all their replies leave in one write.
        var rounds = 0
        var jobs = 0
        while !localWork.isEmpty, rounds < 16 || jobs < 512 {
            jobs += localWork.count
            runRound()
            rounds += 1
        }
        if !flushes.isEmpty {
            swap(&flushes, &spareFlushes)
            for stream in spareFlushes { stream.turnDidEnd() }
            spareFlushes.removeAll(keepingCapacity: spareFlushes.capacity <= 4096)
        }
    }

    private func runRound() {
        swap(&localWork, &spareWork)
        for work in spareWork { perform(work) }
        spareWork.removeAll(keepingCapacity: spareWork.capacity <= 4096)
    }

    private func waitTime() -> CInt {
        if !localWork.isEmpty || !flushes.isEmpty { return 0 }
        guard let deadline = timers.nextDeadline else { return -1 }
        // Rounded up, so that the loop does not spin through the last millisecond.
        return (deadline - .now).wholeMilliseconds
    }

    private func perform(_ work: Work) {
        switch work {
        case .job(let job):
            job.runSynchronously(
                isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
        case .call(let body): body()
        }
    }

    // MARK: - Work from anywhere

    package func enqueue(_ job: consuming ExecutorJob) {
        add(.job(UnownedJob(job)))
    }

    /// Runs `body` on the loop, after what was added before.
    /// - Returns: false when the loop has ended, and `body` will not run.
    @discardableResult
    package func execute(_ body: @escaping @Sendable () -> Void) -> Bool {
        add(.call(body))
    }

    @discardableResult
    private func add(_ work: Work) -> Bool {
        if isCurrent {
            localWork.append(work)
            return true
        }
        let (isTaken, needsWake) = inbox.withLock { inbox in
            if inbox.hasEnded { return (false, false) }
            inbox.work.append(work)
            if inbox.isWakePending { return (true, false) }
            inbox.isWakePending = true
            return (true, true)
        }
        if needsWake { wake() }
        return isTaken
    }

    private func wake() {
        var one: UInt64 = 1
        // It can only fail when the counter is full, and then the loop is awake anyway.
        _ = write(wakeDescriptor, &one, 8)
    }

    /// The eventfd is read before the flag is cleared: the other way round a wake-up between the two would be
    /// swallowed, with the flag set for ever.
    private final class Waker: ReadinessHandler {
        private unowned let loop: EventLoop
        init(_ loop: EventLoop) { self.loop = loop }

        func ready(_: Readiness) {
            var count: UInt64 = 0
            _ = read(loop.wakeDescriptor, &count, 8)
            loop.takeInbox()
        }

        func loopDidStop() { loop.poller.remove(loop.wakeDescriptor) }
    }

    private func takeInbox() {
        inbox.withLock { inbox in
            inbox.isWakePending = false
            if inbox.isStopping { isStopping = true }
            if localWork.isEmpty {
                swap(&localWork, &inbox.work)
            } else {
                localWork.append(contentsOf: inbox.work)
                inbox.work.removeAll(keepingCapacity: inbox.work.capacity <= 4096)
            }
        }
    }

    package func checkIsolated() {
        precondition(isCurrent, "not on the event loop \(name)")
    }

    package func isIsolatingCurrentContext() -> Bool? { isCurrent }

    // MARK: - On the loop's thread

    /// The time at the start of the turn.
    package var now: ContinuousClock.Instant {
        checkIsolated()
        return turnTime
    }

    /// Runs `action` on the loop when `delay` has passed. On the loop only.
    @discardableResult
    package func schedule(after delay: Duration, _ action: @escaping () -> Void) -> TimerToken {
        checkIsolated()
        return timers.set(.now + delay, action)
    }

    /// - Returns: false when the timer has run or was cancelled before. On the loop only.
    @discardableResult
    package func cancel(_ token: TimerToken) -> Bool {
        checkIsolated()
        return timers.cancel(token)
    }

    package func register(
        _ descriptor: CInt, _ interest: Readiness, _ handler: any ReadinessHandler
    ) throws(SystemError) {
        checkIsolated()
        try poller.add(descriptor, interest, handler)
    }

    package func setInterest(_ descriptor: CInt, _ interest: Readiness) throws(SystemError) {
        checkIsolated()
        try poller.modify(descriptor, interest)
    }

    /// Must come before the descriptor is closed.
    package func deregister(_ descriptor: CInt) {
        checkIsolated()
        poller.remove(descriptor)
    }

    /// Lets `once` be finished on the loop: by a cancellation when the loop stops, if by nothing before. `letGo` runs
    /// before the waiting task goes on.
    func wait<Value: Sendable>(for once: Once<Value>, letGo: @escaping () -> Void) {
        if isStopping { return once.finish(.failure(CancellationError())) }
        let key = ObjectIdentifier(once)
        waits[key] = { once.finish(.failure(CancellationError())) }
        once.beforeFinish = {
            self.waits[key] = nil
            letGo()
        }
    }

    func flushAtEndOfTurn(_ stream: Stream) {
        flushes.append(stream)
    }

    func takeBuffer(for octets: Int) -> ByteBuffer { pool.take(for: octets) }
    func giveBack(_ buffer: consuming ByteBuffer) { pool.give(buffer) }
}
