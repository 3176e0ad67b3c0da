// Prints the lines of some severities: ReceiveLogsDirect [--count N] SEVERITY…

import AMQP
import Common

await run("ReceiveLogsDirect [--count N] SEVERITY…") { options in
    guard !options.words.isEmpty else { throw options.wrongUse }
    try await AMQPConnection.withConnection(options.uri, name: "receive logs") { connection in
        try await connection.withChannel { channel in
            try await channel.declareExchange("logs.by-severity", type: .direct)
            let queue = try await channel.declareQueue(durable: false, exclusive: true).name
            // One queue may have many bindings, one for each severity.
            for severity in options.words {
                try await channel.bindQueue(queue, to: "logs.by-severity", routingKey: severity)
            }
            let lines = try await channel.consume(queue, acknowledges: false)
            say("listening to \(options.text); Ctrl-C ends")
            for try await line in lines.prefix(options.count) { say("\(line.routingKey): \(line.body.text)") }
        }
    }
}
