import CSystem
import EventLoop
import Glibc
import Synchronized
import Testing

/// Lives on a loop, as a connection does.
private actor Connection: StreamHandler {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    private var received: [UInt8] = []
    private var end: CheckedContinuation<[UInt8], Never>?
    private var isOpen = true
    private var stream: Stream?

    init(_ loop: EventLoop) { self.loop = loop }

    func open(_ descriptor: CInt) throws {
        stream = try Stream(OwnedDescriptor(descriptor), on: loop, handler: self)
    }

    func contents() async -> [UInt8] {
        await withCheckedContinuation { continuation in
            if isOpen { end = continuation } else { continuation.resume(returning: received) }
        }
    }

    func isOnLoop() -> Bool { loop.isCurrent }

    /// A call of another actor and back.
    func visit(_ other: Connection) async -> Bool {
        let before = loop.isCurrent
        let there = await other.isOnLoop()
        return before && there && loop.isCurrent
    }

    nonisolated func streamDidReceive(_ received: ReceivedBytes) {
        assumeIsolated { $0.received += [UInt8](received.bytes) }
    }

    nonisolated func streamDidDrain() {}

    nonisolated func streamDidEnd() { assumeIsolated { $0.stream?.close() } }

    nonisolated func streamDidClose(_ error: SystemError?) {
        assumeIsolated {
            $0.isOpen = false
            $0.stream = nil
            $0.end?.resume(returning: $0.received)
        }
    }
}

private func helper(_ loop: EventLoop) async -> Bool {
    await Task.yield()
    return loop.isCurrent
}

@Suite("An event loop as executor", .timeLimit(.minutes(1)))
struct ExecutorTests {
    @Test("readiness enters an actor of the loop without a hop")
    func assumeIsolated() async throws {
        try await withLoop { loop in
            let (one, two) = try connectedPair()
            let connection = Connection(loop)
            try await connection.open(one)
            send(two, "hello", 5, 0)
            close(two)
            #expect(await connection.contents() == Array("hello".utf8))
        }
    }

    @Test("calls of its actors run on it, from outside and between two loops")
    func actors() async throws {
        try await withLoop { first in
            try await withLoop { second in
                let one = Connection(first)
                let two = Connection(second)
                #expect(await one.isOnLoop())
                for _ in 0..<500 {
                    #expect(await one.visit(two))
                    #expect(await two.visit(one))
                }
            }
        }
    }

    @Test("a task that prefers it stays on it, across awaits, plain async helpers, sleeps and child tasks")
    func preference() async throws {
        try await withLoop { loop in
            try await withLoop { other in
                let elsewhere = Connection(other)
                let task = Task(executorPreference: loop) { () -> [Bool] in
                    var places = [loop.isCurrent]
                    places.append(await helper(loop))
                    try await loop.sleep(for: .milliseconds(1))
                    places.append(loop.isCurrent)
                    // Another loop's actor takes the task there, and it comes back.
                    places.append(await elsewhere.isOnLoop())
                    places.append(loop.isCurrent)
                    try await other.sleep(for: .milliseconds(1))
                    places.append(loop.isCurrent)
                    async let child = helper(loop)
                    places.append(await child)
                    let grandchildren = await withTaskGroup(of: Bool.self) { group in
                        for _ in 0..<3 { group.addTask { loop.isCurrent } }
                        return await group.reduce(into: []) { $0.append($1) }
                    }
                    return places + grandchildren
                }
                let places = try await task.value
                #expect(places == Array(repeating: true, count: 10))
            }
        }
    }

    @Test("a hundred thousand calls of an actor from several tasks are all made, one at a time")
    func load() async throws {
        actor Counter {
            nonisolated let loop: EventLoop
            nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
            var count = 0
            init(_ loop: EventLoop) { self.loop = loop }
            func add() { count += 1 }
        }
        try await withLoop { loop in
            let counter = Counter(loop)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<10 {
                    group.addTask { for _ in 0..<10_000 { await counter.add() } }
                }
            }
            #expect(await counter.count == 100_000)
        }
    }
}
