// Tells a line under a topic of several words: EmitLogTopic TOPIC WORD…, for example: EmitLogTopic kernel.error No space

import AMQP
import Common

await run("EmitLogTopic TOPIC WORD…") { options in
    guard let topic = options.words.first, options.words.count > 1 else {
        throw options.wrongUse
    }
    let text = options.words.dropFirst().joined(separator: " ")
    try await AMQPConnection.withConnection(options.uri, name: "emit log") { connection in
        try await connection.withChannel { channel in
            try await channel.declareExchange("logs.by-topic", type: .topic)
            try await channel.publish(Array(text.utf8), to: "logs.by-topic", routingKey: topic)
            say("emitted \(topic): \(text)")
        }
    }
}
