import EventLoop
import Testing

@Suite("Timers")
struct TimerHeapTests {
    private let start = ContinuousClock.now

    private func drain(_ heap: inout TimerHeap<Int>, at time: ContinuousClock.Instant) -> [Int] {
        var expired: [Int] = []
        while let action = heap.popExpired(time) { expired.append(action) }
        return expired
    }

    @Test("expire in the order of their deadlines, and equal deadlines in the order in which they were set")
    func order() {
        var heap = TimerHeap<Int>()
        var expected: [(ContinuousClock.Instant, Int)] = []
        for number in 0..<2000 {
            let deadline = start + .milliseconds((number * 7919) % 97)
            _ = heap.set(deadline, number)
            expected.append((deadline, number))
        }
        let sorted = expected.sorted { $0.0 != $1.0 ? $0.0 < $1.0 : $0.1 < $1.1 }.map(\.1)
        #expect(drain(&heap, at: start + .seconds(1)) == sorted)
    }

    @Test("expire at their deadline and not before")
    func deadline() {
        var heap = TimerHeap<Int>()
        _ = heap.set(start + .milliseconds(10), 1)
        _ = heap.set(start + .milliseconds(20), 2)
        #expect(drain(&heap, at: start + .milliseconds(9)) == [])
        #expect(drain(&heap, at: start + .milliseconds(10)) == [1])
        let next = heap.nextDeadline
        #expect(next == start + .milliseconds(20))
    }

    @Test("a cancelled timer never expires, and a hundred thousand cancelled ones do not slow the rest")
    func cancel() {
        var heap = TimerHeap<Int>()
        let kept = heap.set(start + .seconds(1), -1)
        for number in 0..<100_000 {
            let token = heap.set(start + .milliseconds(number % 100), number)
            let first = heap.cancel(token)
            let second = heap.cancel(token)
            if !first || second { Issue.record("cancel \(number): \(first) then \(second)") }
        }
        #expect(heap.count == 1)
        let next = heap.nextDeadline
        #expect(next == start + .seconds(1))
        #expect(drain(&heap, at: start + .seconds(2)) == [-1])
        let again = heap.cancel(kept)
        #expect(!again)
    }
}
