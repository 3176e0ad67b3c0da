import Delivery
import Testing

@Suite("Limits of failed logins")
struct LoginLimiterTests {
    private let start = ContinuousClock.now
    private let owner = LoginLimiter.Pair(account: "owner@example.com", client: "198.51.100.7")

    private func pair(_ client: Int, _ account: String = "owner@example.com") -> LoginLimiter.Pair {
        LoginLimiter.Pair(account: account, client: "203.0.113.\(client)")
    }

    /// Fails until it is refused, at most `most` times.
    private func fail(
        _ limiter: inout LoginLimiter, _ pair: LoginLimiter.Pair, most: Int = 1000, at time: ContinuousClock.Instant
    ) -> Int {
        for count in 0..<most where limiter.begin(pair, at: time) != nil { return count }
        return most
    }

    @Test("a client has ten failures at an account, then one each 30 s, and is told how long to wait")
    func one() {
        var limiter = LoginLimiter()
        #expect(fail(&limiter, pair(1), at: start) == 10)
        #expect(limiter.begin(pair(1), at: start) == .seconds(30))
        let rest = limiter.wait(pair(1), at: start + .seconds(20)) ?? .zero
        #expect((.milliseconds(9_999)...(.milliseconds(10_001))).contains(rest))
        #expect(fail(&limiter, pair(1), at: start + .seconds(60)) == 2)
        #expect(fail(&limiter, pair(1), at: start + .seconds(3600)) == 10)
        // Another account, another client.
        #expect(limiter.begin(pair(1, "other@example.com"), at: start) == nil)
        #expect(limiter.begin(pair(2), at: start) == nil)
    }

    @Test("what is refused is not counted: the wait grows no longer by asking")
    func refused() {
        var limiter = LoginLimiter()
        _ = fail(&limiter, pair(1), at: start)
        for _ in 0..<1000 { #expect(limiter.begin(pair(1), at: start) == .seconds(30)) }
        #expect(limiter.begin(pair(1), at: start + .seconds(30)) == nil)
    }

    @Test("a success empties the count, and right logins are never limited")
    func success() {
        var limiter = LoginLimiter()
        for _ in 0..<1000 {
            #expect(limiter.begin(owner, at: start) == nil)
            limiter.succeed(owner, at: start)
        }
        #expect(fail(&limiter, owner, most: 9, at: start) == 9)
        #expect(limiter.begin(owner, at: start) == nil)
        limiter.succeed(owner, at: start)
        #expect(fail(&limiter, owner, at: start) == 10)
    }

    @Test("one address does not lock the owner out, neither at home nor elsewhere")
    func oneAttacker() {
        var limiter = LoginLimiter()
        for second in 0..<3600 { _ = fail(&limiter, pair(1), at: start + .seconds(second)) }
        let now = start + .seconds(3600)
        #expect(limiter.wait(owner, at: now) == nil)
        #expect(limiter.wait(pair(99), at: now) == nil)
    }

    @Test("many addresses together have 60 failures, then one each 6 s; where the owner has logged in, that counts not")
    func manyAttackers() {
        var limiter = LoginLimiter()
        #expect(limiter.begin(owner, at: start) == nil)
        limiter.succeed(owner, at: start)
        #expect((0..<200).reduce(0) { $0 + fail(&limiter, pair($1), at: start) } == 60)
        #expect(limiter.begin(pair(201), at: start) == .seconds(6))
        let later = start + .seconds(60)
        #expect((0..<200).reduce(0) { $0 + fail(&limiter, pair($1), at: later) } == 10)
        #expect(limiter.begin(owner, at: later) == nil)
        limiter.succeed(owner, at: later)
        // A known client that guesses has its own limit still.
        #expect(fail(&limiter, owner, at: later) == 10)
        // Another account is not touched.
        #expect(limiter.begin(pair(1, "other@example.com"), at: later) == nil)
    }

    @Test("a flood of accounts and clients is remembered in bounded memory and does not free who is limited")
    func flood() {
        var limiter = LoginLimiter()
        // As fast as one scrypt after the other can be on a fast machine.
        let pace = Duration.milliseconds(50)
        var (now, guesses) = (start, 0)
        for round in 0..<30_000 {
            now += pace
            if limiter.begin(pair(1), at: now) == nil {
                guesses += 1
            } else {
                #expect(limiter.begin(pair(1, "\(round)@example.com"), at: now) == nil)
            }
        }
        // 1,500 s: the ten, and one each 30 s.
        #expect(guesses <= 10 + 1500 / 30)
        #expect(limiter.count <= 30_000)
    }

    @Test("a clock that goes back gives nothing and breaks nothing")
    func clock() {
        var limiter = LoginLimiter()
        _ = fail(&limiter, pair(1), at: start)
        #expect(limiter.begin(pair(1), at: start - .seconds(3600)) != nil)
        #expect(limiter.begin(pair(1), at: start + .seconds(30)) == nil)
    }

    @Test("the bounded dictionary forgets what was touched longest ago")
    func leastRecentlyUsed() {
        var table = LeastRecentlyUsed<Int, Int>(most: 3)
        var model: [(key: Int, value: Int)] = []
        var random = SystemRandomNumberGenerator()
        for step in 0..<5_000 {
            let key = Int.random(in: 0..<6, using: &random)
            if Int.random(in: 0..<4, using: &random) == 0 {
                table.remove(key)
                model.removeAll { $0.key == key }
            } else {
                table.set(step, of: key)
                model.removeAll { $0.key == key }
                model.append((key, step))
                if model.count > 3 { model.removeFirst() }
            }
            for key in 0..<6 { #expect(table.value(of: key) == model.first { $0.key == key }?.value) }
            #expect(table.count == model.count)
        }
    }
}
