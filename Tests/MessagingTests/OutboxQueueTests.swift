import Testing

@testable import Delivery
@testable import Messaging

@Suite("The outbox queue")
struct OutboxQueueTests {
    private func message(_ id: Int, _ part: Int = 0, exchange: String = Topology.exchange) -> OutboxMessage {
        OutboxMessage(
            key: OutboxKey(instance: 1, order: id, version: 1), part: part, messageID: "m\(id)", exchange: exchange,
            routingKey: "k", type: "t", body: [], traceParent: nil, createdAt: Timestamp(milliseconds: 0))
    }

    /// A row with one urgent message, and others that are not.
    private func entry(_ id: Int, others: Int = 0) -> OutboxEntry {
        let rest = (0..<others).map { message(id, $0 + 1, exchange: Topology.eventsExchange) }
        return OutboxEntry(
            key: OutboxKey(instance: 1, order: id, version: 1), createdAt: Timestamp(milliseconds: 0),
            messages: [message(id)] + rest)
    }

    private func key(_ id: Int) -> OutboxKey { OutboxKey(instance: 1, order: id, version: 1) }

    private func drain(_ queue: inout OutboxQueue) -> [Int] {
        var ids: [Int] = []
        while let message = queue.next() { ids.append(message.key.order) }
        return ids
    }

    @Test("gives rows in the order in which they were offered")
    func order() {
        var queue = OutboxQueue(most: 10_000)
        for id in 1...5000 { queue.offer(entry(id)) }
        #expect(drain(&queue) == Array(1...5000))
    }

    @Test("what is urgent goes first, and the rest when it is time for all")
    func lanes() {
        var queue = OutboxQueue(most: 100)
        queue.offer(entry(1, others: 2))
        queue.offer(entry(2, others: 1))
        #expect(queue.count == 5 && queue.ready == 2 && queue.deferredCount == 3)
        #expect(drain(&queue) == [1, 2])
        #expect(queue.ready == 0)
        queue.isTimeForAll = true
        #expect(queue.ready == 3)
        queue.offer(entry(3))
        #expect(drain(&queue) == [3, 1, 1, 2])
    }

    @Test("a row is settled when all its messages are confirmed")
    func settled() {
        var queue = OutboxQueue(most: 100)
        queue.isTimeForAll = true
        queue.offer(entry(1, others: 2))
        let messages = [queue.next(), queue.next(), queue.next()].compactMap(\.self)
        #expect(messages.map(\.part) == [0, 1, 2])
        #expect(messages.map { queue.didConfirm($0) } == [false, false, true])
        // Until its row is removed it is known.
        queue.offer(entry(1))
        #expect(queue.count == 0)
        queue.didRemove(key(1))
        #expect(queue.knownCount == 0)
        let stranger = queue.didConfirm(messages[0])
        #expect(!stranger)
    }

    @Test("a row that is offered and found by a sweep goes out once")
    func once() {
        var queue = OutboxQueue(most: 100)
        queue.offer(entry(1))
        #expect(queue.beginSweep() != nil)
        queue.endSweep([entry(1), entry(2)])
        #expect(drain(&queue) == [1, 2])
        // It is in flight now: still known.
        #expect(queue.beginSweep() != nil)
        queue.endSweep([entry(1), entry(2)])
        #expect(drain(&queue) == [])
    }

    @Test("a row that is removed while a sweep reads it is not sent again")
    func removedMeanwhile() {
        var queue = OutboxQueue(most: 100)
        queue.offer(entry(1))
        #expect(drain(&queue) == [1])
        #expect(queue.beginSweep() != nil)
        queue.didRemove(key(1))
        queue.endSweep([entry(1)])
        #expect(drain(&queue) == [])
        #expect(queue.knownCount == 0)
    }

    @Test("an unknown outcome puts the message first again, in its own lane")
    func putBack() {
        var queue = OutboxQueue(most: 100)
        for id in 1...3 { queue.offer(entry(id, others: 1)) }
        let first = queue.next()
        queue.putBack(first ?? message(0))
        #expect(drain(&queue) == [1, 2, 3])
        queue.putBack(message(2))
        queue.putBack(message(1))
        queue.putBack(message(9))
        #expect(drain(&queue) == [1, 2])
        queue.isTimeForAll = true
        let deferred = queue.next()
        #expect(deferred?.part == 1 && deferred?.key == key(1))
        queue.putBack(deferred ?? message(0))
        #expect(drain(&queue) == [1, 2, 3])
    }

    @Test("a row with a refused message is left to a later sweep and holds up nobody")
    func setAside() {
        var queue = OutboxQueue(most: 100)
        for id in 1...2 { queue.offer(entry(id, others: 1)) }
        _ = queue.next()
        queue.setAside(message(1))
        #expect(drain(&queue) == [2])
        // Its other message is on its way: a sweep takes the row no second time.
        #expect(queue.beginSweep() != nil)
        queue.endSweep([entry(1)])
        #expect(drain(&queue) == [])
        let isSettled = queue.didConfirm(message(1, 1))
        #expect(!isSettled)
        #expect(queue.beginSweep() != nil)
        queue.endSweep([entry(1)])
        #expect(drain(&queue) == [1])
    }

    @Test("above its bound it takes no more and says so, until a sweep has room")
    func bound() {
        var queue = OutboxQueue(most: 3)
        for id in 1...5 { queue.offer(entry(id)) }
        #expect(queue.hasOverflowed)
        #expect(queue.beginSweep() == nil)
        #expect(drain(&queue) == [1, 2, 3])
        for id in 1...3 { queue.didRemove(key(id)) }
        #expect(queue.beginSweep() == 3)
        queue.endSweep([entry(4), entry(5)])
        #expect(!queue.hasOverflowed)
        #expect(drain(&queue) == [4, 5])
    }
}
