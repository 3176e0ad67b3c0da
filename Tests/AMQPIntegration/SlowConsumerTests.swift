import AMQP
import Foundation
import Support
import Testing

@Suite("RabbitMQ: consumers that do not read", .timeLimit(.minutes(4)))
struct AMQPSlowConsumerTests {
    /// Publishes so many messages of `size` octets in batches.
    static func fill(_ queue: String, _ count: Int, size: Int, on channel: AMQPChannel) async throws {
        let part = 5000
        for start in stride(from: 0, to: count, by: part) {
            let bodies = [[UInt8]](repeating: [UInt8](repeating: 7, count: size), count: min(part, count - start))
            for outcome in await channel.publish(batch: bodies, to: "", routingKey: queue) { try outcome.get() }
        }
    }

    /// How a stream is left unread.
    static let unread: [(prefetch: UInt16, acknowledges: Bool, size: Int)] = [
        (100, true, 20), (100, true, 100_000), (0, true, 2000), (0, false, 2000),
    ]

    @Test(
        "behaviour 27: an unread stream holds up no publish, request, heartbeat or close beside it", arguments: unread)
    func unreadStream(_ prefetch: UInt16, _ acknowledges: Bool, _ size: Int) async throws {
        var configuration = AMQPConfiguration()
        configuration.heartbeat = .seconds(1)
        configuration.deliveryBufferOctets = 2 << 20
        // What is held up ends with an error, or after so long.
        configuration.closeTimeout = .seconds(30)
        try await withTestChannel(configuration) { connection, channel in
            let queue = try await channel.declareQueue("full").name
            let other = try await channel.declareQueue("other").name
            let count = 20 << 20 / size
            try await Self.fill(queue, min(count, 5000), size: size, on: channel)
            try await connection.withChannel { reading in
                let consumer = try await reading.consume(queue, prefetch: prefetch, acknowledges: acknowledges)
                if size > 20 {
                    try await eventually("reading stops", within: 60) { await connection.isReadingPaused }
                } else {
                    try await eventually("the prefetch", within: 60) { consumer.waiting == Int(prefetch) }
                }
                let start = ContinuousClock.now
                for number in 0..<50 {
                    try await channel.publish([UInt8(number)], to: "", routingKey: other, within: .seconds(5))
                }
                #expect(try await channel.checkQueue(other).messageCount == 50)
                try await connection.withChannel { another in try await another.declareQueue("third") }
                #expect(ContinuousClock.now - start < .seconds(20))
                // Longer than two heartbeats: neither side gives the other up.
                try await Task.sleep(for: .milliseconds(2500))
                #expect(await connection.metrics.connected == 1)
                #expect(try await consumer.next()?.body.count == size)
                let closing = ContinuousClock.now
                await reading.close()
                #expect(ContinuousClock.now - closing < .seconds(20))
            }
            try await channel.publish([1], to: "", routingKey: other)
            #expect(await connection.metrics.connected == 1)
        }
    }

    @Test("behaviour 27: a consumer that publishes for each delivery goes on, however full its stream is")
    func consumeAndPublish() async throws {
        var configuration = AMQPConfiguration()
        configuration.deliveryBufferOctets = 1 << 20
        try await withTestChannel(configuration) { connection, channel in
            let queue = try await channel.declareQueue("in").name
            let other = try await channel.declareQueue("out").name
            try await Self.fill(queue, 2000, size: 2000, on: channel)
            let consumer = try await connection.openChannel().consume(queue, prefetch: 0)
            try await eventually("reading stops", within: 60) { await connection.isReadingPaused }
            for _ in 0..<2000 {
                let delivery = try #require(try await consumer.next())
                try await channel.publish(delivery.body, to: "", routingKey: other)
                try await delivery.ack()
            }
            #expect(try await channel.checkQueue(other).messageCount == 2000)
        }
    }

    @Test("seven 4: beside a stream without limit that nobody reads, publishing ends with an error before memory does")
    func refusedPublish() async throws {
        var configuration = AMQPConfiguration()
        configuration.deliveryBufferOctets = 1 << 20
        try await withTestChannel(configuration) { connection, channel in
            let queue = try await channel.declareQueue("full").name
            let other = try await channel.declareQueue("other").name
            try await Self.fill(queue, 3000, size: 20_000, on: channel)
            let consumer = try await connection.openChannel().consume(queue, prefetch: 0)
            try await eventually("reading stops", within: 60) { await connection.isReadingPaused }
            let error = await #expect(throws: AMQPError.self) {
                for _ in 0..<5000 { try await channel.publish([], to: "", routingKey: other) }
            }
            // Where the machine is slow, one publish may meet enough deliveries for the connection to be given up.
            #expect(error?.code == .unreadDeliveries || error?.code == .publishUnknown)
            // Sixteen times the limit, and what one read may bring.
            #expect(consumer.waiting * 20_512 < 16 * configuration.deliveryBufferOctets + (1 << 20))
            // Who takes the deliveries makes room.
            var taken = 0
            while taken < 2000 {
                taken += try await consumer.nextBatch().count
            }
            try await eventually("room") {
                do { try await channel.publish([], to: "", routingKey: other) } catch { return false }
                return true
            }
        }
    }

    static var isLongRun: Bool { ProcessInfo.processInfo.environment["DELIVERY_TEST_LONG"] != nil }

    @Test(
        "behaviour 27: RabbitMQ does not give up a connection whose stream is unread for long", .enabled(if: isLongRun))
    func unreadForLong() async throws {
        try await withTestChannel { connection, channel in
            let queue = try await channel.declareQueue("full").name
            try await Self.fill(queue, 4000, size: 20_000, on: channel)
            let consumer = try await channel.consume(queue, prefetch: 0)
            try await eventually("reading stops", within: 60) { await connection.isReadingPaused }
            // It would after 30 s.
            try await Task.sleep(for: .seconds(75))
            #expect(await connection.metrics.connected == 1)
            #expect(consumer.waiting < 3000)
            for _ in 0..<4000 { _ = try await consumer.next() }
        }
    }
}
