// Asks for Fibonacci numbers: RPCClient NUMBER…

import AMQP
import Common

/// Sends a request and waits for the answer that carries the same correlation id.
@Sendable func ask(
    _ request: String, _ channel: AMQPChannel, _ answers: AMQPConsumer
) async throws -> String {
    let id = String(UInt64.random(in: 0 ... .max), radix: 16)
    // Mandatory: with no queue of requests, and so without any server, this is an error at once.
    try await channel.publish(
        Array(request.utf8), to: "", routingKey: "rpc.fibonacci",
        properties: BasicProperties(correlationID: id, replyTo: answers.queue), mandatory: true)
    // Another id belongs to a request that was answered twice, when its server died between answer and acknowledgement.
    for try await answer in answers where answer.properties.correlationID == id { return answer.body.text }
    throw UsageError("the connection was closed before the answer came")
}

await run { options in
    guard !options.words.isEmpty else { throw UsageError("usage: RPCClient NUMBER…") }
    try await AMQPConnection.withConnection(options.uri, name: "rpc client") { connection in
        try await connection.withChannel { channel in
            let queue = try await channel.declareQueue(durable: false, exclusive: true).name
            let answers = try await channel.consume(queue, acknowledges: false)
            for number in options.words {
                say("fibonacci(\(number)) = \(try await ask(number, channel, answers))")
            }
        }
    }
}
