// Tells a line to everybody who listens now: EmitLog WORD…

import AMQP
import Common

await run("EmitLog WORD…") { options in
    guard !options.words.isEmpty else { throw options.wrongUse }
    try await AMQPConnection.withConnection(options.uri, name: "emit log") { connection in
        try await connection.withChannel { channel in
            try await channel.declareExchange("logs", type: .fanout)
            // Confirmed also if nobody listens: the exchange then has nowhere to put it.
            try await channel.publish(Array(options.text.utf8), to: "logs")
            say("emitted: \(options.text)")
        }
    }
}
