import AMQP
import Foundation
import Support
import Testing

/// What the process holds, so nothing else may run in it meanwhile: a target of its own, one test at a time.
@Suite("RabbitMQ: memory", .serialized, .timeLimit(.minutes(4)))
struct MemoryTests {
    static var many: Int { ProcessInfo.processInfo.environment["DELIVERY_TEST_LONG"] == nil ? 100_000 : 1_000_000 }

    @Test("seven 4: a consumer that stops, without a limit, on a queue of very many messages: memory stays bounded")
    func stoppedConsumer() async throws {
        let broker = try await RabbitMQBroker.start()
        try await AMQPConnection.withConnection(broker.url) { connection in
            try await connection.withChannel { channel in
                let queue = try await channel.declareQueue("many", arguments: ["x-queue-mode": "lazy"]).name
                let bodies = Array(repeating: [UInt8](repeating: 0x61, count: 20), count: 1000)
                for _ in 0..<Self.many / 1000 {
                    let outcomes = await channel.publish(
                        batch: bodies, to: "", routingKey: queue,
                        properties: BasicProperties(deliveryMode: .persistent))
                    #expect(outcomes.allSatisfy { $0 == .confirmed })
                }
                #expect(try await broker.queue(queue)?.ready == Self.many)
                let before = try ProcessFigures.residentMemory()
                let consumer = try await channel.consume(queue, prefetch: 0)
                for _ in 0..<10 { _ = try await consumer.next() }
                try await eventually("reading stops", within: 60) { await connection.isReadingPaused }
                // The broker goes on sending as long as anybody takes it.
                try await Task.sleep(for: .seconds(1))
                // 16 MiB, 512 for each message at least, and what one read may bring.
                #expect(consumer.waiting < 16 << 20 / 512 + 2000)
                let more = try ProcessFigures.residentMemory() - before
                #expect(more < 64 << 20)
            }
        }
        try await broker.dispose()
    }

    @Test("seven 4: a publisher on a blocked connection waits, and what it holds stays bounded")
    func blockedPublisher() async throws {
        let broker = try await RabbitMQBroker.start()
        var configuration = AMQPConfiguration()
        configuration.whileDown = .wait(.seconds(120))
        configuration.closeTimeout = .milliseconds(500)
        configuration.publishWindowOctets = 4 << 20
        let connection = try await AMQPConnection.connect(broker.url, configuration: configuration)
        let channel = try await connection.openChannel()
        let queue = try await channel.declareQueue("q").name
        try await broker.rabbitmqctl("set_vm_memory_high_watermark", "0")
        let before = try ProcessFigures.residentMemory()
        let body = [UInt8](repeating: 1, count: 64 << 10)
        let publishers = (0..<20).map { _ in
            Task { while true { _ = try await channel.publishing(body, to: "", routingKey: queue) } }
        }
        try await eventually("blocked") { await connection.blockedReason?.contains("memory") == true }
        let sent = await connection.metrics.published
        try await Task.sleep(for: .milliseconds(500))
        #expect(await connection.metrics.published == sent)
        let confirmed = await connection.metrics.confirmed
        #expect((sent - confirmed) * body.count <= configuration.publishWindowOctets)
        #expect(try ProcessFigures.residentMemory() - before < 32 << 20)
        for publisher in publishers { publisher.cancel() }
        for publisher in publishers {
            let error = await #expect(throws: AMQPError.self) { try await publisher.value }
            #expect(error?.code == .cancelled)
        }
        let start = ContinuousClock.now
        await connection.close()
        #expect(ContinuousClock.now - start < .seconds(5))
        try await broker.dispose()
    }
}
