import Foundation
import Support
import Testing

@Suite("Examples", .timeLimit(.minutes(3)))
struct ExampleTests {
    @Test("hello: what is sent before anybody listens is received")
    func hello() async throws {
        try await ExamplePrograms.with { programs in
            let sender = try await programs.run("Send", "good", "morning")
            #expect(sender.exit == .code(0))
            #expect(sender.lines == ["sent: good morning"])
            #expect(try await programs.run("Send").exit == .code(0))
            let receiver = try await programs.run("Receive", "--count", "2")
            #expect(receiver.exit == .code(0))
            #expect(
                receiver.lines == [
                    "waiting for messages; Ctrl-C ends", "received: good morning", "received: Hello, queue!",
                ])
        }
    }

    @Test("Ctrl-C ends a program that listens, which closes its connection in order")
    func interrupt() async throws {
        let broker = try await RabbitMQBroker.start()
        let programs = ExamplePrograms(uri: broker.url)
        let receiver = try await programs.start("Receive", until: "waiting for messages; Ctrl-C ends")
        #expect(try await programs.run("Send", "hello").exit == .code(0))
        try await receiver.wait(for: "received: hello")
        #expect(try await receiver.interrupt() == .code(0))
        #expect(receiver.outputLines.last == "stopped")
        try await eventually("both connections closed") {
            broker.log.components(separatedBy: "closing AMQP connection").count == 3
        }
        // What RabbitMQ logs of a connection that ends without connection.close.
        #expect(!broker.log.contains("client unexpectedly closed TCP connection"))
        try await broker.dispose()
    }

    @Test("work queues: a worker that is busy gets no further task")
    func fairness() async throws {
        try await ExamplePrograms.with { programs in
            let waiting = "waiting for tasks; Ctrl-C ends"
            let first = try await programs.start("Worker", until: waiting)
            #expect(try await programs.run("NewTask", "long...").exit == .code(0))
            try await first.wait(for: "working on: long...")
            let second = try await programs.start("Worker", until: waiting)
            for name in ["a", "b", "c"] { #expect(try await programs.run("NewTask", name).exit == .code(0)) }
            try await second.wait(for: "done: c")
            try await first.wait(for: "done: long...")
            #expect(try await first.interrupt() == .code(0))
            #expect(try await second.interrupt() == .code(0))
            #expect(first.outputLines == [waiting, "working on: long...", "done: long...", "stopped"])
            #expect(second.outputLines.filter { $0.hasPrefix("done") } == ["done: a", "done: b", "done: c"])
        }
    }

    @Test("work queues: the task of a worker that is interrupted goes to another one")
    func interruptedTask() async throws {
        try await ExamplePrograms.with { programs in
            let task = "endless" + String(repeating: ".", count: 600)
            let first = try await programs.start("Worker", until: "waiting for tasks; Ctrl-C ends")
            #expect(try await programs.run("NewTask", task).exit == .code(0))
            try await first.wait(for: "working on: \(task)")
            #expect(try await first.interrupt() == .code(0))
            #expect(!first.outputLines.contains("done: \(task)"))
            let second = try await programs.start("Worker", until: "working on: \(task)")
            #expect(try await second.interrupt() == .code(0))
        }
    }

    @Test("publish and subscribe: everybody who listens gets every line")
    func broadcast() async throws {
        try await ExamplePrograms.with { programs in
            let first = try await programs.start("ReceiveLogs", "--count", "2", until: "listening; Ctrl-C ends")
            let second = try await programs.start("ReceiveLogs", "--count", "2", until: "listening; Ctrl-C ends")
            for line in ["one", "two"] { #expect(try await programs.run("EmitLog", line).exit == .code(0)) }
            for listener in [first, second] {
                #expect(try await listener.end() == .code(0))
                #expect(listener.outputLines.dropFirst() == ["log: one", "log: two"])
            }
        }
    }

    @Test("routing: a listener gets the severities that it asked for")
    func routing() async throws {
        try await ExamplePrograms.with { programs in
            let all = try await programs.start(
                "ReceiveLogsDirect", "--count", "3", "error", "info", until: "listening to error info; Ctrl-C ends")
            let errors = try await programs.start(
                "ReceiveLogsDirect", "--count", "2", "error", until: "listening to error; Ctrl-C ends")
            for words in [("error", "fire"), ("debug", "noise"), ("info", "tea"), ("error", "flood")] {
                #expect(try await programs.run("EmitLogDirect", words.0, words.1).exit == .code(0))
            }
            #expect(try await all.end() == .code(0))
            #expect(try await errors.end() == .code(0))
            #expect(all.outputLines.dropFirst() == ["error: fire", "info: tea", "error: flood"])
            #expect(errors.outputLines.dropFirst() == ["error: fire", "error: flood"])
        }
    }

    @Test("topics: a listener gets the topics that fit one of its patterns, each line once")
    func topics() async throws {
        try await ExamplePrograms.with { programs in
            let listener = try await programs.start(
                "ReceiveLogsTopic", "--count", "3", "kernel.*", "#.error",
                until: "listening to kernel.* #.error; Ctrl-C ends")
            let topics = ["kernel.error", "mail.info", "kernel.disk.info", "shop.orders.error", "kernel.info"]
            for topic in topics { #expect(try await programs.run("EmitLogTopic", topic, "line").exit == .code(0)) }
            #expect(try await listener.end() == .code(0))
            #expect(
                listener.outputLines.dropFirst() == [
                    "kernel.error: line", "shop.orders.error: line", "kernel.info: line",
                ])
        }
    }

    @Test("remote procedure call: each request gets its own answer")
    func remoteCall() async throws {
        try await ExamplePrograms.with { programs in
            let server = try await programs.start(
                "RPCServer", "--count", "5", until: "waiting for requests; Ctrl-C ends")
            let client = try await programs.run("RPCClient", "0", "10", "93", "ten", "94")
            #expect(client.exit == .code(0))
            #expect(
                client.lines == [
                    "fibonacci(0) = 0", "fibonacci(10) = 55", "fibonacci(93) = 12200160415121876738",
                    "fibonacci(ten) = not a number from 0 to 93", "fibonacci(94) = not a number from 0 to 93",
                ])
            #expect(try await server.end() == .code(0))
        }
    }

    @Test("remote procedure call: without a queue of requests the client is told so")
    func nobodyAnswers() async throws {
        try await ExamplePrograms.with { programs in
            let client = try await programs.run("RPCClient", "1")
            #expect(client.exit == .code(1))
            #expect(client.lines.count == 1)
            #expect(client.lines.first?.contains("no queue took the mandatory message") == true)
        }
    }

    @Test("remote procedure call: when the last server has ended, the client is told so at once")
    func serverHasEnded() async throws {
        try await ExamplePrograms.with { programs in
            let server = try await programs.start("RPCServer", until: "waiting for requests; Ctrl-C ends")
            #expect(try await programs.run("RPCClient", "10").lines == ["fibonacci(10) = 55"])
            #expect(try await server.interrupt() == .code(0))
            let client = try await programs.run("RPCClient", "10")
            #expect(client.exit == .code(1))
            #expect(client.lines.first?.contains("no queue took the mandatory message") == true)
        }
    }

    @Test("remote procedure call: a client does not wait for ever for a server that stands still")
    func silentServer() async throws {
        try await ExamplePrograms.with { programs in
            let server = try await programs.start("RPCServer", until: "waiting for requests; Ctrl-C ends")
            server.signal(SIGSTOP)
            let client = try await programs.run("RPCClient", "10")
            #expect(client.exit == .code(1))
            #expect(client.lines == ["error: no answer within 5.0 seconds"])
            server.signal(SIGCONT)
            #expect(try await server.interrupt() == .code(0))
        }
    }

    @Test("publisher confirms: each of the three ways gets every message into the queue")
    func confirms() async throws {
        try await ExamplePrograms.with { programs in
            let program = try await programs.run("PublisherConfirms", "--count", "1000")
            #expect(program.exit == .code(0))
            #expect(program.lines.count == 3)
            for (line, way) in zip(program.lines, ["one by one", "in batches", "pipelined"]) {
                #expect(line.hasPrefix("\(way): 1000 confirmed, 1000 in the queue, "))
            }
        }
    }

    @Test(
        "a program that is called wrongly says how to call it",
        arguments: [
            ("NewTask", []), ("EmitLog", []), ("EmitLogDirect", ["error"]), ("ReceiveLogsDirect", []),
            ("EmitLogTopic", ["kernel.error"]), ("ReceiveLogsTopic", ["--count", "1"]), ("RPCClient", []),
        ])
    func usage(name: String, arguments: [String]) async throws {
        // No broker is asked.
        let programs = ExamplePrograms(uri: "amqp://127.0.0.1:1")
        let program = try await programs.run(name, arguments)
        #expect(program.exit == .code(1))
        #expect(program.lines.count == 1)
        #expect(program.lines.first?.hasPrefix("error: usage: \(name) ") == true)
    }

    @Test("every program tells how to call it", arguments: ["Send", "RPCServer", "ReceiveLogsTopic"])
    func help(name: String) async throws {
        let programs = ExamplePrograms(uri: "amqp://127.0.0.1:1")
        let help = try await programs.run(name, "--help")
        #expect(help.exit == .code(0))
        #expect(help.lines.first?.hasPrefix("usage: \(name) ") == true)
        let unknown = try await programs.run(name, "--colour", "red")
        #expect(unknown.exit == .code(1))
        #expect(unknown.lines.count == 1)
        #expect(unknown.lines.first?.hasPrefix("error: unknown option --colour; usage: \(name) ") == true)
    }

    @Test("a broker that is not there is one line and exit status 1")
    func noBroker() async throws {
        let port = try FreePort.next()
        let program = try await ExamplePrograms(uri: "amqp://127.0.0.1:\(port)").run("Send")
        #expect(program.exit == .code(1))
        #expect(program.lines.count == 1)
        #expect(program.lines.first?.contains("127.0.0.1:\(port)") == true)
    }
}
