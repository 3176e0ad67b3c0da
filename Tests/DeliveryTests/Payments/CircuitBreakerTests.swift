import Delivery
import Testing

@Suite("The circuit breaker")
struct CircuitBreakerTests {
    /// A breaker and a clock that stands still until it is told to go on.
    private final class Transcript {
        var breaker: CircuitBreaker
        var now = ContinuousClock.now

        init(_ change: (inout CircuitBreaker.Settings) -> Void = { _ in }) {
            var settings = CircuitBreaker.Settings()
            change(&settings)
            breaker = CircuitBreaker(settings)
        }

        func acquire() -> CircuitBreaker.Permit? { breaker.acquire(at: now) }

        /// One call; false if it was not let through.
        @discardableResult
        func call(_ outcome: CircuitBreaker.Outcome, isSlow: Bool = false) -> Bool {
            guard let permit = acquire() else { return false }
            breaker.record(permit, outcome, isSlow: isSlow, at: now)
            return true
        }

        func calls(_ count: Int, _ outcome: CircuitBreaker.Outcome, isSlow: Bool = false) {
            for _ in 0..<count { call(outcome, isSlow: isSlow) }
        }

        func open() { calls(10, .failure) }
    }

    @Test("nine failures open nothing, the tenth call gives a rate and opens it")
    func minimum() {
        let it = Transcript()
        it.calls(9, .failure)
        #expect(it.breaker.state == .closed)
        it.call(.failure)
        #expect(it.breaker.state == .open)
        #expect(!it.call(.success))
    }

    @Test("it opens at half of the calls, not below", arguments: [(49, false), (50, true)])
    func rate(_ failures: Int, _ opens: Bool) {
        let it = Transcript()
        it.calls(100 - failures, .success)
        it.calls(failures, .failure)
        #expect(it.breaker.state == (opens ? .open : .closed))
    }

    @Test("slow calls that succeed open it too")
    func slow() {
        let it = Transcript()
        it.calls(5, .success)
        it.calls(5, .success, isSlow: true)
        #expect(it.breaker.state == .open)
    }

    @Test("only the last hundred calls count")
    func window() {
        let it = Transcript()
        it.calls(60, .success)
        it.calls(40, .failure)
        #expect(it.breaker.state == .closed)
        // The successes leave the window one by one while the failures stay.
        it.calls(9, .failure)
        #expect(it.breaker.state == .closed)
        it.call(.failure)
        #expect(it.breaker.state == .open)
    }

    @Test("failures that have left the window are forgotten")
    func forgotten() {
        let it = Transcript()
        it.calls(60, .success)
        it.calls(40, .failure)
        it.calls(100, .success)
        it.calls(49, .failure)
        #expect(it.breaker.state == .closed)
    }

    @Test("it stays open for ten seconds, then lets five calls through, and closes when they succeed")
    func recovery() {
        let it = Transcript()
        it.open()
        it.now += .milliseconds(9999)
        #expect(it.breaker.permits(at: it.now) == 0)
        #expect(!it.call(.success))
        it.now += .milliseconds(1)
        #expect(it.breaker.permits(at: it.now) == 5)
        let permits = (0..<6).map { _ in it.acquire() }
        #expect(permits.compactMap(\.self).count == 5)
        #expect(it.breaker.state == .halfOpen)
        for permit in permits.compactMap(\.self) { it.breaker.record(permit, .success, isSlow: false, at: it.now) }
        #expect(it.breaker.state == .closed)
        // It counts anew.
        it.calls(9, .failure)
        #expect(it.breaker.state == .closed)
    }

    @Test("half of the trial calls failing or slow opens it for another ten seconds", arguments: [true, false])
    func relapse(_ isSlow: Bool) {
        let it = Transcript { $0.permittedInHalfOpen = 4 }
        it.open()
        it.now += .seconds(10)
        it.calls(2, .success)
        it.calls(2, isSlow ? .success : .failure, isSlow: isSlow)
        #expect(it.breaker.state == .open)
        it.now += .seconds(9)
        #expect(!it.call(.success))
        it.now += .seconds(1)
        #expect(it.call(.success))
    }

    @Test("a trial call that was not made leaves its permit for another one")
    func released() {
        let it = Transcript { $0.permittedInHalfOpen = 1 }
        it.open()
        it.now += .seconds(10)
        let permit = it.acquire()
        #expect(it.acquire() == nil)
        if let permit { it.breaker.release(permit) }
        #expect(it.call(.success))
        #expect(it.breaker.state == .closed)
    }

    @Test("what a call that began before says does not count afterwards")
    func late() throws {
        let it = Transcript { $0.permittedInHalfOpen = 1 }
        let early = (0..<3).compactMap { _ in it.acquire() }
        #expect(early.count == 3)
        it.open()
        // While it is open,
        it.breaker.record(early[0], .success, isSlow: false, at: it.now)
        #expect(it.breaker.state == .open)
        // while it is half open,
        it.now += .seconds(10)
        let trial = try #require(it.acquire())
        it.breaker.record(early[1], .failure, isSlow: true, at: it.now)
        it.breaker.release(early[1])
        #expect(it.breaker.state == .halfOpen)
        #expect(it.breaker.permits(at: it.now) == 0)
        it.breaker.record(trial, .success, isSlow: false, at: it.now)
        #expect(it.breaker.state == .closed)
        // and when it has closed again.
        it.calls(9, .failure)
        it.breaker.record(early[2], .failure, isSlow: false, at: it.now)
        #expect(it.breaker.state == .closed)
    }
}
