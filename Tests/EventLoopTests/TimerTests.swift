import EventLoop
import Synchronized
import Testing

@Suite("A loop's timers", .timeLimit(.minutes(1)))
struct TimerTests {
    @Test("fire in the order of their deadlines, and never early")
    func order() async throws {
        try await withLoop { loop in
            typealias Deadline = (earliest: ContinuousClock.Instant, latest: ContinuousClock.Instant)
            let fired = Shared<[Deadline]>([])
            let early = Shared(0)
            let delays = [9, 3, 27, 0, 15, 3, 21, 6, 1, 12].map { Duration.milliseconds($0) }
            await withCheckedContinuation { continuation in
                loop.execute {
                    for delay in delays {
                        // The clock goes on between the calls, so each deadline is known up to that.
                        let deadline = Shared<Deadline>((.now + delay, .now))
                        loop.schedule(after: delay) {
                            let deadline = deadline.value
                            if ContinuousClock.now < deadline.earliest { early.update { $0 += 1 } }
                            let count = fired.update {
                                $0.append(deadline)
                                return $0.count
                            }
                            if count == delays.count { continuation.resume() }
                        }
                        deadline.update { $0.latest = .now + delay }
                    }
                }
            }
            let deadlines = fired.value
            #expect(early.value == 0)
            let isOrdered = deadlines.indices.allSatisfy { index in
                deadlines[index...].allSatisfy { deadlines[index].earliest <= $0.latest }
            }
            #expect(isOrdered)
        }
    }

    @Test("do not fire once cancelled, also by a timer of the same deadline, and tell whether they had fired")
    func cancellation() async throws {
        try await withLoop { loop in
            let fired = Shared<[String]>([])
            let answers = await withCheckedContinuation { continuation in
                loop.execute {
                    var victim: EventLoop.TimerToken?
                    var answers: [Bool] = []
                    let first = loop.schedule(after: .milliseconds(1)) {
                        fired.update { $0.append("first") }
                        if let victim { answers.append(loop.cancel(victim)) }
                    }
                    victim = loop.schedule(after: .milliseconds(1)) { fired.update { $0.append("victim") } }
                    let early = loop.schedule(after: .milliseconds(1)) { fired.update { $0.append("early") } }
                    answers.append(loop.cancel(early))
                    loop.schedule(after: .milliseconds(2)) {
                        answers.append(loop.cancel(first))
                        continuation.resume(returning: answers)
                    }
                }
            }
            #expect(fired.value == ["first"])
            #expect(answers == [true, true, false])
        }
    }

    @Test("of a fraction of a millisecond do not fire early")
    func fractions() async throws {
        try await withLoop { loop in
            for _ in 0..<20 {
                let start = ContinuousClock.now
                try await loop.sleep(for: .microseconds(2300))
                #expect(ContinuousClock.now - start >= .microseconds(2300))
            }
        }
    }

    @Test(
        "are waited for in whole milliseconds, rounded up, so that the last one is not spent polling",
        arguments: [
            (Duration.zero, 0), (.seconds(-5), 0), (.nanoseconds(1), 1), (.microseconds(999), 1), (.milliseconds(1), 1),
            (.microseconds(2001), 3), (.seconds(2), 2000), (.seconds(Int64.max), 86_400_000),
        ] as [(Duration, CInt)])
    func rounding(_ duration: Duration, _ milliseconds: CInt) {
        #expect(duration.wholeMilliseconds == milliseconds)
    }

    @Test("may lie further ahead than any clock reads")
    func farAhead() async throws {
        try await withLoop { loop in
            let isCancelled = await loop.perform {
                loop.cancel(loop.schedule(after: .seconds(Int64.max / 4)) {})
            }
            #expect(isCancelled)
        }
    }

    @Test("of no length, set again and again, leave room for the rest")
    func zeroLength() async throws {
        try await withLoop { loop in
            let isDone = Shared(false)
            @Sendable func again() {
                if !isDone.value { loop.schedule(after: .zero) { again() } }
            }
            loop.execute { again() }
            await loop.turns(10)
            isDone.set(true)
        }
    }
}

@Suite("Sleeping on a loop", .timeLimit(.minutes(1)))
struct SleepTests {
    private struct TooLate: Error {}
    private struct Broken: Error {}

    @Test("takes at least as long as asked, for a thousand sleepers at once")
    func many() async throws {
        try await withLoop { loop in
            let short = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<1000 {
                    group.addTask {
                        let duration = Duration.microseconds(number * 20)
                        let start = ContinuousClock.now
                        try await loop.sleep(for: duration)
                        return ContinuousClock.now - start < duration
                    }
                }
                return try await group.reduce(0) { $1 ? $0 + 1 : $0 }
            }
            #expect(short == 0)
        }
    }

    @Test("ends with a cancellation, before it starts, while it lasts, and in a race with its start")
    func cancellation() async throws {
        try await withLoop { loop in
            for turns in [0, 0, 0, 1, 3] {
                for _ in 0..<100 {
                    let task = Task { try await loop.sleep(for: .seconds(3600)) }
                    if turns > 0 { await loop.turns(turns) }
                    task.cancel()
                    await #expect(throws: CancellationError.self) { try await task.value }
                }
            }
        }
    }

    @Test("with a timeout gives the value or the error of what is in time")
    func inTime() async throws {
        try await withLoop { loop in
            let value = try await loop.withTimeout(.seconds(60), throwing: TooLate()) {
                await Task.yield()
                return loop.isCurrent
            }
            #expect(value)
            let nothing: Int? = try await loop.withTimeout(.seconds(60), throwing: TooLate()) { nil }
            #expect(nothing == nil)
            await #expect(throws: Broken.self) {
                try await loop.withTimeout(.seconds(60), throwing: TooLate()) { throw Broken() }
            }
        }
    }

    @Test("with a timeout cancels what is late, and throws the given error")
    func late() async throws {
        try await withLoop { loop in
            let wasCancelled = Shared(false)
            await #expect(throws: TooLate.self) {
                try await loop.withTimeout(.milliseconds(2), throwing: TooLate()) {
                    do {
                        try await loop.sleep(for: .seconds(3600))
                    } catch {
                        wasCancelled.set(Task.isCancelled)
                        throw error
                    }
                }
            }
            #expect(wasCancelled.value)
        }
    }

    @Test("with a timeout passes on a cancellation from outside")
    func outerCancellation() async throws {
        try await withLoop { loop in
            let task = Task {
                try await loop.withTimeout(.seconds(3600), throwing: TooLate()) {
                    try await loop.sleep(for: .seconds(3600))
                }
            }
            await loop.turns()
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }
}
