// Prints every line that is emitted from now on: ReceiveLogs [--count N]

import AMQP
import Common

await run("ReceiveLogs [--count N]") { options in
    try await AMQPConnection.withConnection(options.uri, name: "receive logs") { connection in
        try await connection.withChannel { channel in
            try await channel.declareExchange("logs", type: .fanout)
            // A queue for this listener alone: the broker names it, and drops it when the connection ends.
            let queue = try await channel.declareQueue(durable: false, exclusive: true).name
            try await channel.bindQueue(queue, to: "logs")
            let lines = try await channel.consume(queue, acknowledges: false)
            say("listening; Ctrl-C ends")
            for try await line in lines.prefix(options.count) { say("log: \(line.body.text)") }
        }
    }
}
