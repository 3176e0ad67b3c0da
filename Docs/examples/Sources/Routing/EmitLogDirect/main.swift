// Tells a line to those who listen to its severity: EmitLogDirect SEVERITY WORD…

import AMQP
import Common

await run("EmitLogDirect SEVERITY WORD…") { options in
    guard let severity = options.words.first, options.words.count > 1 else {
        throw options.wrongUse
    }
    let text = options.words.dropFirst().joined(separator: " ")
    try await AMQPConnection.withConnection(options.uri, name: "emit log") { connection in
        try await connection.withChannel { channel in
            try await channel.declareExchange("logs.by-severity", type: .direct)
            try await channel.publish(Array(text.utf8), to: "logs.by-severity", routingKey: severity)
            say("emitted \(severity): \(text)")
        }
    }
}
