// Computes Fibonacci numbers for those who ask: RPCServer [--count N]

import AMQP
import Common

/// The number in a request, if it is one whose Fibonacci number fits into 64 bits.
func fibonacci(of request: [UInt8]) -> UInt64? {
    guard let index = Int(request.text), (0...93).contains(index) else { return nil }
    var (current, next): (UInt64, UInt64) = (0, 1)
    for _ in 0..<index { (current, next) = (next, current &+ next) }
    return current
}

await run("RPCServer [--count N]") { options in
    try await AMQPConnection.withConnection(options.uri, name: "rpc server") { connection in
        try await connection.withChannel { channel in
            // It goes with its last server, and askers then learn at once that there is none.
            let queue = try await channel.declareQueue("rpc.fibonacci", durable: false, autoDelete: true).name
            let requests = try await channel.consume(queue, prefetch: 1)
            say("waiting for requests; Ctrl-C ends")
            for try await request in requests.prefix(options.count) {
                do {
                    // Acknowledged when the broker has the answer: if this server dies before, another one answers.
                    try await request.process { request in
                        let properties = request.properties
                        guard let replyTo = properties.replyTo else { return say("nobody to answer to") }
                        let answer = fibonacci(of: request.body).map(String.init) ?? "not a number from 0 to 93"
                        try await channel.publish(
                            Array(answer.utf8), to: "", routingKey: replyTo,
                            properties: BasicProperties(correlationID: properties.correlationID))
                        say("answered \(request.body.text) with \(answer)")
                    }
                } catch {
                    guard !Task.isCancelled else { throw error }
                    // The request comes again. An error that leaves the loop would end the server.
                    say("not answered: \(error)")
                }
            }
        }
    }
}
