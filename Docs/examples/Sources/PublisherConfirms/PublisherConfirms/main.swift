// Publishes the same number of messages in three ways, each one confirmed: PublisherConfirms [--count N]

import AMQP
import Common

/// Waits for each confirm before the next message. Simple, and as slow as the way to the broker and back.
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

/// Keeps 256 messages on their way: the oldest has to be confirmed before another one is sent.
@Sendable func pipelined(_ bodies: [[UInt8]], _ channel: AMQPChannel, _ queue: String) async throws {
    var pending: [PendingPublish] = []
    for (index, body) in bodies.enumerated() {
        if index >= 256 { try await pending[index - 256].outcome.get() }
        pending.append(try await channel.publishing(body, to: "", routingKey: queue))
    }
    for publish in pending.suffix(256) { try await publish.outcome.get() }
}

await run { options in
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
