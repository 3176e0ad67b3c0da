// Publishes the same number of messages in three ways, each one confirmed: PublisherConfirms [--count N]

import AMQP
import Common

/// Waits for each confirm before the next message. Simple, and slow: each message costs a round trip.
@Sendable func oneByOne(_ bodies: [[UInt8]], _ channel: AMQPChannel, _ queue: String) async throws {
    for body in bodies { try await channel.publish(body, to: "", routingKey: queue) }
}

/// Sends a hundred, waits for all of their confirms, sends the next hundred. Each message has an outcome of its own.
@Sendable func inBatches(_ bodies: [[UInt8]], _ channel: AMQPChannel, _ queue: String) async throws {
    for start in stride(from: 0, to: bodies.count, by: 100) {
        let batch = Array(bodies[start..<min(start + 100, bodies.count)])
        for outcome in await channel.publish(batch: batch, to: "", routingKey: queue) { try outcome.get() }
    }
}

/// Sends without waiting, and asks for the outcomes afterwards. When 1024 messages wait for their confirms (the setting
/// `publishWindow`), the next one waits by itself. A program that never ends asks for the oldest outcomes as it goes on.
@Sendable func pipelined(_ bodies: [[UInt8]], _ channel: AMQPChannel, _ queue: String) async throws {
    var pending: [PendingPublish] = []
    for body in bodies { pending.append(try await channel.publishing(body, to: "", routingKey: queue)) }
    for publish in pending { try await publish.outcome.get() }
}

await run("PublisherConfirms [--count N]") { options in
    let count = options.count == .max ? 10_000 : options.count
    let bodies = (1...count).map { Array("message \($0)".utf8) }
    try await AMQPConnection.withConnection(options.uri, name: "publisher confirms") { connection in
        try await connection.withChannel { channel in
            let queue = try await channel.declareQueue(durable: false, exclusive: true).name
            for (name, way) in [("one by one", oneByOne), ("in batches", inBatches), ("pipelined", pipelined)] {
                let time = try await ContinuousClock().measure { try await way(bodies, channel, queue) }
                let arrived = try await channel.purgeQueue(queue)
                say("\(name): \(count) confirmed, \(arrived) in the queue, \(time)")
            }
        }
    }
}
