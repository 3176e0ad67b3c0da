import Synchronized
import Testing

@Suite("Lock")
struct LockTests {
    private struct Failure: Error, Equatable {}

    private struct Owned: ~Copyable {
        var count = 0
    }

    private final class Holder: Sendable {
        let numbers = Lock([Int]())
    }

    /// Built for ThreadSanitizer, this is also where it would report a lock that it does not see.
    @Test("what several threads add at the same time is all there")
    func manyThreads() async {
        let holder = Holder()
        await withTaskGroup { group in
            for task in 0..<8 {
                group.addTask { @concurrent in
                    for number in 0..<1000 { holder.numbers.withLock { $0.append(task * 1000 + number) } }
                }
            }
        }
        #expect(holder.numbers.withLock { $0.sorted() } == Array(0..<8000))
    }

    @Test("an error leaves the lock free and the value as it was changed")
    func throwing() {
        let lock = Lock(1)
        #expect(throws: Failure()) {
            try lock.withLock { (value) throws(Failure) in
                value = 2
                throw Failure()
            }
        }
        #expect(lock.withLock { $0 } == 2)
    }

    @Test("it holds a value that cannot be copied")
    func noncopyable() {
        let lock = Lock(Owned())
        lock.withLock { $0.count += 1 }
        #expect(lock.withLock { $0.count } == 1)
    }
}
