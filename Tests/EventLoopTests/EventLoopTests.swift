import CSystem
import EventLoop
import Glibc
import Synchronized
import Testing

/// Counts on one loop's thread; `@unchecked Sendable` since nobody else touches it.
private final class Tally: @unchecked Sendable {
    var last: [Int]
    var total = 0
    var isOrdered = true

    init(producers: Int) { last = Array(repeating: -1, count: producers) }

    func add(_ number: Int, from producer: Int) {
        if last[producer] != number - 1 { isOrdered = false }
        last[producer] = number
        total += 1
    }
}

@Suite("An event loop", .timeLimit(.minutes(1)))
struct EventLoopTests {
    @Test("runs a million calls from four other threads, each thread's in order")
    func millionCalls() async throws {
        try await withLoop { loop in
            let producers = 4
            let each = 250_000
            let tally = Tally(producers: producers)
            await withCheckedContinuation { continuation in
                for producer in 0..<producers {
                    let thread = try? spawnThread(named: "producer") {
                        for number in 0..<each {
                            loop.execute {
                                tally.add(number, from: producer)
                                if tally.total == producers * each { continuation.resume() }
                            }
                        }
                    }
                    if let thread { pthread_detach(thread) }
                }
            }
            let result = await loop.perform { (tally.total, tally.isOrdered) }
            #expect(result.0 == producers * each)
            #expect(result.1)
        }
    }

    @Test("loses no wake-up when it falls asleep between two calls, again and again")
    func wakeUps() async throws {
        try await withLoop { loop in
            let answered = Shared(0)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        for _ in 0..<5000 {
                            await withCheckedContinuation { continuation in
                                loop.execute { continuation.resume() }
                            }
                            answered.update { $0 += 1 }
                        }
                    }
                }
            }
            #expect(answered.value == 15_000)
        }
    }

    @Test("runs calls from its own thread after those that were there, and not in the midst of the caller")
    func ownCalls() async throws {
        try await withLoop { loop in
            let order = Shared<[Int]>([])
            await withCheckedContinuation { continuation in
                loop.execute {
                    loop.execute {
                        order.update { $0.append(2) }
                        loop.execute {
                            order.update { $0.append(3) }
                            continuation.resume()
                        }
                    }
                    order.update { $0.append(1) }
                }
            }
            #expect(order.value == [1, 2, 3])
        }
    }

    @Test("lets calls that breed calls keep neither timers nor readiness waiting")
    func breeding() async throws {
        try await withLoop { loop in
            let isDone = Shared(false)
            @Sendable func breed() {
                if !isDone.value { loop.execute { breed() } }
            }
            loop.execute { breed() }
            try await loop.sleep(for: .milliseconds(1))
            let (one, two) = try await endpoints(loop, loop)
            await one.write([7])
            #expect(await two.read(1) == [7])
            isDone.set(true)
        }
    }

    @Test("knows whether the caller is on it")
    func isCurrent() async throws {
        try await withLoop { loop in
            #expect(!loop.isCurrent)
            #expect(await loop.perform { loop.isCurrent })
            try await withLoop { other in
                #expect(await other.perform { !loop.isCurrent && other.isCurrent })
            }
        }
    }

    @Test("tells readiness handlers the time of this turn, not of the one before it fell asleep")
    func freshTime() async throws {
        try await withLoop { loop in
            let (times, continuation) = AsyncStream.makeStream(of: ContinuousClock.Instant.self)
            let (one, two) = try connectedPair()
            let endpoint = try await loop.performing {
                try Endpoint.open(OwnedDescriptor(one), on: loop) { stream, event in
                    if case .received = event { continuation.yield(stream.loop.now) }
                }
            }
            await loop.turns()
            let sent = ContinuousClock.now
            send(two, "x", 1, 0)
            var iterator = times.makeAsyncIterator()
            let told = try #require(await iterator.next())
            #expect(told >= sent)
            close(two)
            _ = await endpoint.readToEnd()
        }
    }

    @Test("goes on when a signal interrupts its waiting")
    func interruption() async throws {
        try await withLoop { loop in
            signal(SIGURG) { _ in }
            let thread = await loop.perform { pthread_self() }
            for _ in 0..<100 {
                pthread_kill(thread, SIGURG)
                await loop.perform {}
            }
        }
    }

    @Test("a group hands out its loops in turn, each with a thread of its own")
    func group() async throws {
        let group = try EventLoopGroup(count: 3)
        let names = (0..<6).map { _ in group.next().name }
        #expect(names == ["loop-0", "loop-1", "loop-2", "loop-0", "loop-1", "loop-2"])
        #expect(group.first.name == "loop-0")
        var threads: Set<UInt> = []
        for loop in group.loops { threads.insert(await loop.perform { UInt(pthread_self()) }) }
        #expect(threads.count == 3)
        group.stop()
        #expect(!group.first.execute {})
    }

    @Test("a group has at least one loop")
    func smallGroup() throws {
        let group = try EventLoopGroup(count: 0)
        #expect(group.loops.count == 1)
        group.stop()
    }
}
