import Testing

@testable import Delivery
@testable import Messaging

@Suite("The outbox queue")
struct OutboxQueueTests {
    private func message(_ id: Int) -> OutboxMessage {
        OutboxMessage(
            id: id, messageID: "m\(id)", exchange: "e", routingKey: "k", type: "t", body: [], traceParent: nil,
            createdAt: Timestamp(milliseconds: 0))
    }

    private func drain(_ queue: inout OutboxQueue) -> [Int] {
        var ids: [Int] = []
        while let message = queue.next() { ids.append(message.id) }
        return ids
    }

    @Test("gives rows in the order in which they were offered")
    func order() {
        var queue = OutboxQueue(most: 10_000)
        for id in 1...5000 { queue.offer(message(id)) }
        #expect(drain(&queue) == Array(1...5000))
    }

    @Test("a row that is offered and found by a sweep goes out once")
    func once() {
        var queue = OutboxQueue(most: 100)
        queue.offer(message(1))
        #expect(queue.beginSweep() != nil)
        queue.endSweep([message(1), message(2)])
        #expect(drain(&queue) == [1, 2])
        // It is in flight now: still known.
        #expect(queue.beginSweep() != nil)
        queue.endSweep([message(1), message(2)])
        #expect(drain(&queue) == [])
    }

    @Test("a row that is removed while a sweep reads it is not sent again")
    func removedMeanwhile() {
        var queue = OutboxQueue(most: 100)
        queue.offer(message(1))
        #expect(drain(&queue) == [1])
        #expect(queue.beginSweep() != nil)
        queue.didRemove(1)
        queue.endSweep([message(1)])
        #expect(drain(&queue) == [])
        #expect(queue.knownCount == 0)
    }

    @Test("an unknown outcome puts the row first again")
    func putBack() {
        var queue = OutboxQueue(most: 100)
        for id in 1...3 { queue.offer(message(id)) }
        let first = queue.next()
        queue.putBack(first ?? message(0))
        #expect(drain(&queue) == [1, 2, 3])
        queue.putBack(message(2))
        queue.putBack(message(1))
        #expect(drain(&queue) == [1, 2])
    }

    @Test("a refused row is left to a later sweep and holds up nobody")
    func setAside() {
        var queue = OutboxQueue(most: 100)
        for id in 1...2 { queue.offer(message(id)) }
        _ = queue.next()
        queue.setAside(1)
        #expect(drain(&queue) == [2])
        #expect(queue.beginSweep() != nil)
        queue.endSweep([message(1)])
        #expect(drain(&queue) == [1])
    }

    @Test("above its bound it takes no more and says so, until a sweep has room")
    func bound() {
        var queue = OutboxQueue(most: 3)
        for id in 1...5 { queue.offer(message(id)) }
        #expect(queue.hasOverflowed)
        #expect(queue.beginSweep() == nil)
        #expect(drain(&queue) == [1, 2, 3])
        for id in 1...3 { queue.didRemove(id) }
        #expect(queue.beginSweep() == 3)
        queue.endSweep([message(4), message(5)])
        #expect(!queue.hasOverflowed)
        #expect(drain(&queue) == [4, 5])
    }
}
