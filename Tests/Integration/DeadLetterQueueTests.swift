import AMQP
import AMQPWire
import Delivery
import EventLoop
import Messaging
import Service
import Support
import Testing

@Suite("The dead-letter queue", .timeLimit(.minutes(2)))
struct DeadLetterQueueTests {
    @Test("is listed from its oldest message on, and is as it was afterwards")
    func list() async throws {
        try await Fixture.withQueue { fixture, queue in
            #expect(try await queue.list().letters == [])
            for number in 0..<5 { try await fixture.publish(number) }
            for _ in 0..<2 {
                let listing = try await queue.list()
                #expect(listing.total == 5)
                #expect(listing.letters.map(\.beginning) == (0..<5).map { "poison \($0)" })
                #expect(listing.letters.map(\.error) == (0..<5).map { "reason \($0)" })
            }
            #expect(try await fixture.state() == QueueState(ready: 5))
        }
    }

    @Test("shows at most so many, and tells how many there are")
    func more() async throws {
        var limits = Fixture.patient
        limits.letters = 3
        try await Fixture.withQueue(limits) { fixture, queue in
            for number in 0..<5 { try await fixture.publish(number) }
            let first = try await queue.list()
            #expect(first.total == 5)
            #expect(first.letters.map(\.beginning) == (0..<3).map { "poison \($0)" })
            _ = try await queue.discard(first.letters[0].id)
            #expect(try await queue.list().letters.map(\.beginning) == (1..<4).map { "poison \($0)" })
            #expect(try await fixture.state() == QueueState(ready: 4))
        }
    }

    @Test("of large messages shows as many as fit into its memory")
    func large() async throws {
        var limits = Fixture.patient
        limits.octets = 2 << 20
        try await Fixture.withQueue(limits) { fixture, queue in
            for _ in 0..<4 {
                try await fixture.channel.publish(
                    [UInt8](repeating: 0xFF, count: 1 << 20), to: "", routingKey: Fixture.name)
            }
            let listing = try await queue.list()
            #expect(listing.total == 4)
            #expect(listing.letters.map(\.size) == [1 << 20, 1 << 20])
        }
    }

    @Test("loses the one that is discarded, and keeps the others in their order")
    func discard() async throws {
        try await Fixture.withQueue { fixture, queue in
            for number in 0..<5 { try await fixture.publish(number) }
            let letters = try await queue.list().letters
            #expect(try await queue.discard(letters[2].id) == letters[2])
            #expect(try await queue.list().letters == [0, 1, 3, 4].map { letters[$0] })
            await #expect(throws: DeliveryError.deadLetterNotFound) { try await queue.discard(letters[2].id) }
            await #expect(throws: DeliveryError.deadLetterNotFound) { try await queue.replay(letters[2].id) }
            #expect(try await fixture.state() == QueueState(ready: 4))
        }
    }

    @Test("loses one of several copies that say the same")
    func copies() async throws {
        try await Fixture.withQueue { fixture, queue in
            for number in [1, 2, 1] { try await fixture.publish(number) }
            let letters = try await queue.list().letters
            #expect(letters[0] == letters[2])
            _ = try await queue.discard(letters[0].id)
            #expect(try await queue.list().letters == [letters[1], letters[0]])
        }
    }

    @Test("sends a message again as it first came, and its attempts are forgotten before")
    func replay() async throws {
        let forgotten = Guarded<[String?]>([])
        try await Fixture.withQueue(forget: { properties, _ in forgotten.update { $0.append(properties.messageID) } }) {
            fixture, queue in
            for number in 0..<3 { try await fixture.publish(number) }
            let letters = try await queue.list().letters
            #expect(try await queue.replay(letters[1].id) == letters[1])
            #expect(forgotten.read { $0 } == ["1"])
            let copy = try #require(try await fixture.channel.get("delivery.queue"))
            #expect(copy.body == Array("poison 1".utf8))
            #expect(copy.exchange == "delivery.exchange" && copy.routingKey == "delivery.key")
            #expect(copy.properties == BasicProperties(headers: ["kept": 1], deliveryMode: .persistent, messageID: "1"))
            #expect(try await fixture.channel.get("delivery.queue") == nil)
            #expect(try await queue.list().letters == [letters[0], letters[2]])
            #expect(try await fixture.state() == QueueState(ready: 2))
        }
    }

    @Test("keeps a message whose copy the broker does not take")
    func refused() async throws {
        try await Fixture.withQueue { fixture, queue in
            try await fixture.publish(0)
            let letter = try #require(try await queue.list().letters.first)
            // The copy finds its queue full.
            try await fixture.broker.evaluate(
                """
                rabbit_policy:set(<<"\(fixture.virtualHost)">>, <<"full">>, <<"^delivery.queue$">>,
                    [{<<"max-length">>, 0}, {<<"overflow">>, <<"reject-publish">>}], 0, <<"queues">>, <<"test">>)
                """)
            try await eventually("the queue is full") {
                do throws(AMQPError) {
                    try await fixture.channel.publish([0], to: "delivery.exchange", routingKey: "delivery.key")
                    try await fixture.channel.purgeQueue("delivery.queue")
                    return false
                } catch {
                    return error.code == .publishRefused
                }
            }
            await #expect(throws: DeliveryError.self) { try await queue.replay(letter.id) }
            #expect(try await fixture.state() == QueueState(ready: 1))
        }
    }

    @Test("sends again a message whose properties the broker would refuse of anybody else")
    func hostileProperties() async throws {
        try await Fixture.withQueue { fixture, queue in
            // The broker lets nobody but this user name it.
            try await fixture.broker.addUser("somebody", password: "secret")
            try await fixture.broker.setPermissions(user: "somebody", virtualHost: fixture.virtualHost)
            let url = fixture.broker.url(user: "somebody", password: "secret", virtualHost: fixture.virtualHost)
            try await AMQPConnection.withConnection(url) { connection in
                let properties = BasicProperties(
                    headers: ["CC": .array([.string(Fixture.name)]), "x-error": .void],
                    replyTo: "amq.rabbitmq.reply-to.x", expiration: "3600000", userID: "somebody")
                try await connection.openChannel()
                    .publish([1], to: "delivery.dead.exchange", routingKey: "", properties: properties)
            }
            let letter = try #require(try await queue.list().letters.first)
            _ = try await queue.replay(letter.id)
            #expect(try await queue.list().letters == [])
            let copy = try #require(try await fixture.channel.get("delivery.queue"))
            #expect(copy.properties == BasicProperties(headers: [:], deliveryMode: .persistent))
        }
    }

    @Test("is worked on by several instances and operators at once, and each message goes once")
    func several() async throws {
        try await Fixture.withQueue { fixture, queue in
            try await fixture.withQueue { other in
                for number in 0..<12 { try await fixture.publish(number) }
                let letters = try await queue.list().letters
                // Each message is asked for twice, here and there.
                let outcomes = try await withThrowingTaskGroup(of: (Int, Bool).self) { tasks in
                    for (index, letter) in letters.enumerated() {
                        for instance in [queue, other] {
                            tasks.addTask {
                                (index, try await Self.persistently { try await instance.replay(letter.id) })
                            }
                        }
                        tasks.addTask {
                            _ = try await Self.persistently { _ = try await other.list() }
                            return (index, false)
                        }
                    }
                    return try await tasks.reduce(into: [Int](repeating: 0, count: letters.count)) { counts, outcome in
                        if outcome.1 { counts[outcome.0] += 1 }
                    }
                }
                #expect(outcomes == [Int](repeating: 1, count: letters.count))
                #expect(try await fixture.state() == QueueState())
                var replayed: Set<String> = []
                while let copy = try await fixture.channel.get("delivery.queue") {
                    #expect(replayed.insert(String(decoding: copy.body, as: UTF8.self)).inserted)
                }
                #expect(replayed == Set(letters.map(\.beginning)))
            }
        }
    }

    /// Asks again when others are at work. Whether it was there.
    private static func persistently(_ body: () async throws -> some Sendable) async throws -> Bool {
        while true {
            do {
                _ = try await body()
                return true
            } catch let error as DeliveryError where error == .deadLetterNotFound {
                return false
            } catch let error as DeliveryError where error.retryAfter == 1 {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }
}
