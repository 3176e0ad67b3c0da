// Puts one message into a queue: Send [WORD…]

import AMQP
import Common

await run("Send [WORD…]") { options in
    try await AMQPConnection.withConnection(options.uri, name: "send") { connection in
        try await connection.withChannel { channel in
            let queue = try await channel.declareQueue("hello").name
            let text = options.words.isEmpty ? "Hello, queue!" : options.text
            // The exchange without a name takes the routing key for the name of a queue. A message that is not persistent
            // is gone when the broker restarts, also from a queue that is durable.
            try await channel.publish(
                Array(text.utf8), to: "", routingKey: queue, properties: BasicProperties(deliveryMode: .persistent))
            say("sent: \(text)")
        }
    }
}
