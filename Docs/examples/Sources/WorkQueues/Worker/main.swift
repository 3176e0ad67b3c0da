// Does tasks, one after the other; start as many workers as you like: Worker [--count N]

import AMQP
import Common

await run("Worker [--count N]") { options in
    try await AMQPConnection.withConnection(options.uri, name: "worker") { connection in
        try await connection.withChannel { channel in
            let queue = try await channel.declareQueue("tasks", durable: true).name
            // One task at a time: the next one goes to a worker that has nothing to do.
            let tasks = try await channel.consume(queue, prefetch: 1)
            say("waiting for tasks; Ctrl-C ends")
            for try await task in tasks.prefix(options.count) {
                do {
                    // Acknowledged at the end; when this worker stops before, another one gets the task. So it is when
                    // the work fails: work that can fail each time needs a dead-letter exchange and `.requeueOnce`.
                    try await task.process { task in
                        say("working on: \(task.body.text)")
                        try await Task.sleep(for: .seconds(task.body.count { $0 == UInt8(ascii: ".") }))
                        say("done: \(task.body.text)")
                    }
                } catch {
                    guard !Task.isCancelled else { throw error }
                    // An error that leaves the loop would end the worker.
                    say("not done: \(error)")
                }
            }
        }
    }
}
