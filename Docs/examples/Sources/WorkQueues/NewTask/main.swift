// Adds a task to the list, to be done by one of the workers: NewTask WORD…
// Each dot in the text is a second of work.

import AMQP
import Common

await run("NewTask WORD…") { options in
    guard !options.words.isEmpty else { throw options.wrongUse }
    try await AMQPConnection.withConnection(options.uri, name: "new task") { connection in
        try await connection.withChannel { channel in
            // The queue outlives the broker, and so do messages that are persistent.
            let queue = try await channel.declareQueue("tasks", durable: true).name
            try await channel.publish(
                Array(options.text.utf8), to: "", routingKey: queue,
                properties: BasicProperties(deliveryMode: .persistent))
            say("new task: \(options.text)")
        }
    }
}
