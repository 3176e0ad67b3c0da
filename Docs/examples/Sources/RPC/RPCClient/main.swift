// Asks for Fibonacci numbers: RPCClient NUMBER…

import AMQP
import Common

/// Sends a request and waits for the answer that carries the same correlation id.
@Sendable func ask(
    _ request: String, within time: Duration, _ channel: AMQPChannel, _ answers: AMQPConsumer
) async throws -> String {
    let id = String(UInt64.random(in: 0 ... .max), radix: 16)
    var properties = BasicProperties(correlationID: id, replyTo: answers.queue)
    // A request that no server has taken in that time is dropped: nobody waits for its answer any more.
    try properties.setTimeToLive(time)
    // Mandatory: the queue goes with its last server, so without any server this is an error at once.
    try await channel.publish(
        Array(request.utf8), to: "", routingKey: "rpc.fibonacci", properties: properties, mandatory: true)
    return try await withThrowingTaskGroup(of: String.self) { group in
        group.addTask {
            // Another id belongs to a request that was given up, or answered twice because its server died before it
            // acknowledged the request.
            for try await answer in answers where answer.properties.correlationID == id { return answer.body.text }
            throw ExampleError("the connection was closed before the answer came")
        }
        // There is a server, but it does not answer.
        group.addTask {
            try await Task.sleep(for: time)
            throw ExampleError("no answer within \(time)")
        }
        defer { group.cancelAll() }
        for try await answer in group { return answer }
        throw CancellationError()
    }
}

await run("RPCClient NUMBER…") { options in
    guard !options.words.isEmpty else { throw options.wrongUse }
    try await AMQPConnection.withConnection(options.uri, name: "rpc client") { connection in
        try await connection.withChannel { channel in
            let queue = try await channel.declareQueue(durable: false, exclusive: true).name
            let answers = try await channel.consume(queue, acknowledges: false)
            for number in options.words {
                say("fibonacci(\(number)) = \(try await ask(number, within: .seconds(5), channel, answers))")
            }
        }
    }
}
