import AMQP
import AMQPWire
import EventLoop
import Glibc
import Support
import Testing

/// Tasks that go away while the broker's answer is on its way, and what is left then.
@Suite("What was abandoned", .timeLimit(.minutes(1)))
struct AbandonedTests {
    @Test("a message that a cancelled get fetched goes back to its queue")
    func get() async throws {
        let heard = Heard()
        let asked = Flag()
        let gone = Flag()
        try await PublishingTests.withChannel { peer in
            try peer.expect(BasicGet.id)
            asked.raise()
            try eventuallyHere { gone.isUp }
            try peer.send(BasicGetOk(deliveryTag: 1, exchange: "", routingKey: "q", messageCount: 0), body: [1])
            try peer.answerAll(heard)
        } _: { _, channel in
            let task = Task { try await channel.get("q") }
            try await eventually("it is asked") { asked.isUp }
            task.cancel()
            await #expect(throws: AMQPError.self) { try await task.value }
            gone.raise()
            try await eventually("given back") { heard.contains("1: nack 1") }
            try await channel.purgeQueue("q")
        }
    }

    @Test("a tag in use is refused here, and the consumer that has it lives on; chosen tags avoid those in use")
    func tagInUse() async throws {
        let heard = Heard()
        try await PublishingTests.withChannel { peer in
            try peer.answerAll(heard)
        } _: { _, channel in
            let first = try await channel.consume("q", tag: "c2")
            let error = await #expect(throws: AMQPError.self) { try await channel.consume("q", tag: "c2") }
            #expect(error?.code == .invalidArgument)
            let other = try await channel.consume("q", tag: "c4")
            let chosen = try await channel.consume("q")
            #expect(Set([first.tag, other.tag, chosen.tag]).count == 3)
            try await channel.purgeQueue("q")
            #expect(!heard.all.contains { $0.contains("cancel") })
        }
    }

    @Test("cancel ends the consumer also in a task that is cancelled, and recovery does not start it again")
    func cancelledCancel() async throws {
        let (first, second) = (Heard(), Heard())
        let broker = try ScriptedBroker()
        let served = Task {
            try await broker.serve { peer in
                try peer.handshake()
                try peer.openChannel()
                try peer.startConsumer(2)
                try peer.answerAll(first) { method, _ in if case .queuePurge = method { peer.close() } }
            }
            try await broker.serve { peer in
                try peer.handshake()
                try peer.answerAll(second)
            }
        }
        try await AMQPConnection.withConnection(broker.url, configuration: .quick) { connection in
            let channel = try await connection.openChannel()
            let consumer = try await channel.consume("q")
            try await eventually("they arrived") { consumer.waiting == 2 }
            try await Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await consumer.cancel()
            }.value
            #expect(try await consumer.next() == nil)
            try await eventually("given back") { first.contains("1: nack 1") && first.contains("1: nack 2") }
            let events = connection.events()
            _ = try? await channel.purgeQueue("q")
            for await event in events { if case .recovered = event { break } }
            #expect(!second.all.contains { $0.contains("consume") })
        }
        try? await served.value
    }

    @Test("a reader that gives up leaves its delivery to the next one")
    func readers() async throws {
        let isWanted = Flag()
        let busy = try EventLoop(name: "busy")
        try busy.start()
        try await PublishingTests.withChannel { peer in
            let tag = try peer.startConsumer()
            try eventuallyHere { isWanted.isUp }
            try peer.send(BasicDeliver(consumerTag: tag, deliveryTag: 1), body: [1])
            try peer.farewell()
        } _: { _, channel in
            let consumer = try await channel.consume("q", prefetch: 1)
            // Its thread is held up while it is cancelled, so that it stands in the queue of readers still.
            let first = Task(executorPreference: busy) { try await consumer.next() }
            try await eventually("it reads") { consumer.readers == 1 }
            let second = Task { try await consumer.next() }
            try await eventually("both read") { consumer.readers == 2 }
            let isFree = Flag()
            busy.execute { while !isFree.isUp { sched() } }
            first.cancel()
            isWanted.raise()
            let delivery = try await second.value
            #expect(delivery?.deliveryTag == 1)
            isFree.raise()
            _ = await first.result
        }
        busy.stop()
        try await onOwnThread { busy.join() }
    }

    @Test("deliveries that need no acknowledgement can be read after the channel has ended")
    func unacknowledged() async throws {
        try await PublishingTests.withChannel { peer in
            try peer.startConsumer(3)
            try peer.expect(QueuePurge.id)
            try peer.send(ChannelClose(replyCode: 404, replyText: "NOT_FOUND"))
            try peer.expect(ChannelCloseOk.id)
            try peer.farewell()
        } _: { _, channel in
            let consumer = try await channel.consume("q", acknowledges: false)
            try await eventually("they arrived") { consumer.waiting == 3 }
            await #expect(throws: AMQPError.self) { try await channel.purgeQueue("none") }
            for tag in 1...3 as ClosedRange<UInt64> { #expect(try await consumer.next()?.deliveryTag == tag) }
            let error = await #expect(throws: AMQPError.self) { try await consumer.next() }
            #expect(error?.code == .notFound)
        }
    }
}

/// Waits on a script's own thread.
func eventuallyHere(_ condition: () -> Bool) throws {
    let end = ContinuousClock.now + .seconds(10)
    while !condition() {
        guard ContinuousClock.now < end else { throw SupportError("what the script waits for did not happen") }
        sched()
    }
}

func sched() { usleep(1000) }
