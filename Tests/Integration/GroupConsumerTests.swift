import AMQP
import Delivery
import SQLite
import Service
import Support
import Synchronized
import Testing

@testable import Messaging

@Suite("A group of consumers", .timeLimit(.minutes(2)))
struct GroupConsumerTests {
    @Test("gets every message that its bindings name, each once, and others get theirs")
    func all() async throws {
        try await GroupFixture.with { fixture in
            for order in 1...120 {
                try await fixture.publish(order, key: order.isMultiple(of: 3) ? "order.cancel" : "order.cooked")
            }
            try await fixture.withConsumers([.delivery, .settlement]) {
                try await fixture.waitUntilEmpty(.delivery, .settlement)
            }
            #expect(try await fixture.seen(.delivery) == Dictionary(uniqueKeysWithValues: (1...120).map { ($0, 1) }))
            #expect(try await fixture.seen(.settlement).keys.sorted() == Array(stride(from: 3, through: 120, by: 3)))
            // Nobody consumes it: its messages wait for whoever comes.
            #expect(try await fixture.queue(.notification) == QueueState(ready: 120))
        }
    }

    @Test("takes all that has arrived in one transaction")
    func together() async throws {
        try await GroupFixture.with { fixture in
            for order in 1...50 { try await fixture.publish(order) }
            let commits = Lock(0)
            fixture.database.onCommit { _ in commits.withLock { $0 += 1 } }
            try await fixture.withConsumers([.delivery]) {
                try await fixture.waitUntilEmpty(.delivery)
            }
            #expect(try await fixture.seen(.delivery).count == 50)
            // Not always one: they may come in more than one piece.
            #expect(commits.withLock { $0 } <= 5)
        }
    }

    @Test("an end while a message that may be harmful waits loses none of those that came with it")
    func endBetweenParts() async throws {
        try await GroupFixture.with { fixture in
            for order in 1...200 { try await fixture.publish(order) }
            // Another process has begun with the first one.
            let queue = ConsumerGroup.delivery.queue
            let first = try #require(await fixture.channel.get(queue))
            let key = DeliveryHistory(first.properties, first.body, of: MessageSource(.delivery)).key
            _ = try await fixture.database.write { db in try DeliveryAttempts.begin(key, in: db) }
            _ = try await first.nack(requeue: true)
            try await eventually("it is back") { try await fixture.queue(.delivery).ready == 200 }
            let (commits, next) = AsyncStream.makeStream(of: Int.self)
            fixture.database.onCommit { next.yield($0) }
            try await fixture.withConsumers([.delivery], prefetch: 400, isAwaited: false) {
                // More than half of them are done, and then it waits for what may come behind the first.
                for await _ in commits where try await fixture.seen(.delivery).count >= 100 { break }
            }
            try await eventually("what is not settled is back") {
                let (state, seen) = (try await fixture.queue(.delivery), try await fixture.seen(.delivery).count)
                return state.unacknowledged == 0 && state.ready + seen >= 200
            }
        }
    }

    @Test("of several instances gives a message to one; what a lost connection brings again comes to another one")
    func instances() async throws {
        try await GroupFixture.with { fixture in
            let proxy = try Proxy(to: fixture.broker.port)
            defer { proxy.close() }
            try await fixture.withConsumers([.settlement], port: proxy.port) {
                try await fixture.withConsumers([.settlement]) {
                    #expect(try await fixture.queue(.settlement).consumers == 2)
                    for order in 1...200 {
                        try await fixture.publish(order, key: "order.completed")
                        if order == 100 {
                            proxy.refuse()
                            proxy.cutAll()
                        }
                    }
                    try await fixture.waitUntilEmpty(.settlement)
                }
                try proxy.accept()
            }
            // More than once where the commit was not acknowledged before the cut.
            #expect(try await fixture.seen(.settlement).keys.sorted() == Array(1...200))
        }
    }

    @Test("gives up what it cannot read or cannot do, and goes on; a replay comes to this group alone")
    func poison() async throws {
        try await GroupFixture.with { fixture in
            let isMended = Lock(false)
            let bad = ["hello", #"{"order_id":"seven"}"#, #"{"user_order_id":7}"#, ""]
            try await fixture.withConsumers([.delivery]) {
                try await fixture.withConsumers(
                    [.settlement],
                    doing: { _, order, _ in
                        if order == 7, !isMended.withLock({ $0 }) { throw UnreadableMessage("there is no order 7") }
                    }
                ) {
                    for order in 1...20 { try await fixture.publish(order, key: "order.completed") }
                    for (number, body) in bad.enumerated() {
                        try await fixture.publish(body, key: "order.expired", id: "bad \(number)")
                    }
                    for order in 21...40 { try await fixture.publish(order, key: "order.reject") }
                    try await fixture.waitUntilEmpty(.settlement, .delivery)
                    #expect(try await fixture.seen(.settlement).count == 39)
                    #expect(try await fixture.seen(.delivery).count == 40)
                    try await fixture.deadLetters { queue in
                        let letters = try await queue.list().letters
                        // Each bad one in both groups, and what only one of them could not do.
                        #expect(letters.count == 2 * bad.count + 1)
                        #expect(Set(letters.map(\.id)).count == letters.count)
                        let dead = try #require(letters.first { $0.orderID == 7 })
                        #expect(dead.group == "settlement")
                        #expect(dead.error?.contains("there is no order 7") == true)
                        #expect(dead.attempts == 1 && dead.messageID == "message-7")
                        #expect(dead.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
                        isMended.withLock { $0 = true }
                        _ = try await queue.replay(dead.id)
                        try await eventually("it is settled") { try await fixture.seen(.settlement)[7] == 1 }
                        #expect(try await queue.list().letters.count == 2 * bad.count)
                    }
                }
            }
            #expect(try await fixture.seen(.delivery)[7] == 1)
            // The third group has each message once: no replay came there.
            #expect(try await fixture.queue(.notification) == QueueState(ready: 44))
            let dead = fixture.metrics.counter("dead_lettered_total", ["group": "settlement"], help: "")
            #expect(dead.current == bad.count + 1)
        }
    }

    @Test("tries again later what fails while the database works, without the other groups")
    func later() async throws {
        try await GroupFixture.with { fixture in
            struct NotNow: Error {}
            let failures = Lock(0)
            try await fixture.withConsumers([.delivery]) {
                try await fixture.withConsumers(
                    [.settlement],
                    doing: { _, order, _ in
                        guard order == 2 else { return }
                        let count = failures.withLock { count in
                            count += 1
                            return count
                        }
                        // With the others, and alone.
                        if count <= 2 { throw NotNow() }
                    }
                ) {
                    for order in 1...3 { try await fixture.publish(order, key: "order.completed") }
                    try await eventually("the others do not wait") {
                        try await fixture.seen(.settlement).keys.sorted() == [1, 3]
                    }
                    try await eventually("it has come again") { try await fixture.seen(.settlement)[2] == 1 }
                }
                try await fixture.waitUntilEmpty(.delivery, .settlement)
            }
            #expect(try await fixture.seen(.delivery) == [1: 1, 2: 1, 3: 1])
            #expect(try await fixture.queue(.notification) == QueueState(ready: 3))
            let queues = try await fixture.broker.queues(virtualHost: fixture.virtualHost)
            #expect(queues["order.events.retry.1s"]?.messages == 0)
            #expect(queues["delivery.dead.queue"]?.messages == 0)
        }
    }

    @Test("gets what came while nobody of it was there")
    func catchUp() async throws {
        try await GroupFixture.with { fixture in
            try await fixture.withConsumers([.notification]) { try await fixture.publish(1) }
            for order in 2...300 { try await fixture.publish(order) }
            try await fixture.withConsumers([.notification]) {
                try await eventually("all are seen") { try await fixture.seen(.notification).count == 300 }
            }
        }
    }
}
