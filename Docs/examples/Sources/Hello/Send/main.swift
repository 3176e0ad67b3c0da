// Puts one message into a queue: Send [WORD…]

import AMQP
import Common

await run { options in
    try await AMQPConnection.withConnection(options.uri, name: "send") { connection in
        try await connection.withChannel { channel in
            let queue = try await channel.declareQueue("hello").name
            let text = options.words.isEmpty ? "Hello, queue!" : options.text
            // The exchange without a name takes the routing key for the name of a queue.
            try await channel.publish(Array(text.utf8), to: "", routingKey: queue)
            say("sent: \(text)")
        }
    }
}
