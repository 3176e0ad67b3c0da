// Prints the lines whose topic fits a pattern: ReceiveLogsTopic [--count N] PATTERN…
// In a pattern * stands for one word and # for any number of words: 'kernel.*', '#.error'.

import AMQP
import Common

await run("ReceiveLogsTopic [--count N] PATTERN…") { options in
    guard !options.words.isEmpty else { throw options.wrongUse }
    try await AMQPConnection.withConnection(options.uri, name: "receive logs") { connection in
        try await connection.withChannel { channel in
            try await channel.declareExchange("logs.by-topic", type: .topic)
            let queue = try await channel.declareQueue(durable: false, exclusive: true).name
            for pattern in options.words {
                try await channel.bindQueue(queue, to: "logs.by-topic", routingKey: pattern)
            }
            let lines = try await channel.consume(queue, acknowledges: false)
            say("listening to \(options.text); Ctrl-C ends")
            for try await line in lines.prefix(options.count) { say("\(line.routingKey): \(line.body.text)") }
        }
    }
}
