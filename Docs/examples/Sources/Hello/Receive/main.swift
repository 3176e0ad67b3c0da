// Prints the messages of a queue: Receive [--count N]

import AMQP
import Common

await run("Receive [--count N]") { options in
    try await AMQPConnection.withConnection(options.uri, name: "receive") { connection in
        try await connection.withChannel { channel in
            // Whichever of the two programs starts first makes the queue.
            let queue = try await channel.declareQueue("hello").name
            let deliveries = try await channel.consume(queue)
            say("waiting for messages; Ctrl-C ends")
            for try await delivery in deliveries.prefix(options.count) {
                say("received: \(delivery.body.text)")
                try await delivery.ack()
            }
        }
    }
}
