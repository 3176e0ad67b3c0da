import EventLoop
import HTTP
import HTTPWire
import Synchronized
import Testing

@Suite("Event streams", .timeLimit(.minutes(1)))
struct EventStreamTests {
    /// The writers of a test, by identity.
    final class Subscribers: Sendable {
        private let writers = Lock<Set<EventStreamWriter>>([])
        let closed = Signal()

        func subscribe(_ writer: EventStreamWriter) {
            _ = writers.withLock { $0.insert(writer) }
            writer.onClose { [self] in
                _ = writers.withLock { $0.remove(writer) }
                closed.fire()
            }
        }

        var count: Int { writers.withLock { $0.count } }

        func publish(_ text: String) { publish([text]) }

        /// All in one turn of the loop.
        func publish(_ texts: [String]) {
            let events = texts.map { SharedBytes(Array($0.utf8)) }
            for writer in writers.withLock({ $0 }) {
                writer.loop.execute { for event in events { writer.send(event) } }
            }
        }
    }

    func run(
        loops: Int = 1, _ change: (inout ServerConfiguration) -> Void = { _ in },
        _ body: (HTTPServer, Subscribers) async throws -> Void
    ) async throws {
        var configuration = fastConfiguration()
        change(&configuration)
        let subscribers = Subscribers()
        try await withServer(loops: loops, configuration: configuration) { router in
            router.onInline(.get, "/events") { _ in .eventStream { subscribers.subscribe($0) } }
            router.on(.get, "/task") { _ in
                await Task.yield()
                return .eventStream { writer in
                    writer.send(SharedBytes(Array("data: first\n\n".utf8)))
                    subscribers.subscribe(writer)
                }
            }
        } _: { server in
            try await body(server, subscribers)
        }
    }

    func open(_ server: HTTPServer, path: String = "/events", receiveBuffer: CInt? = nil) throws -> Client {
        let client = try Client(server, receiveBuffer: receiveBuffer)
        try client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
        let head = try client.read(through: "\r\n\r\n")
        guard head.hasPrefix("HTTP/1.1 200 ") else { throw TestFailure(head) }
        return client
    }

    @Test("the head is that of an event stream")
    func head() async throws {
        try await run { server, _ in
            let client = try Client(server)
            try client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
            let head = try client.read(through: "\r\n\r\n")
            #expect(head.contains("Content-Type: text/event-stream; charset=utf-8\r\n"))
            #expect(head.contains("Cache-Control: no-store\r\n"))
            #expect(head.contains("X-Accel-Buffering: no\r\n"))
            #expect(!head.contains("Content-Length"))
            let only = try Client(server).ask("HEAD /events HTTP/1.1\r\nHost: a\r\n\r\n", method: .head)
            #expect(only.status == 200)
            #expect(server.statistics.openStreams == 1)
        }
    }

    @Test("an event reaches every subscriber, on all loops, in order", arguments: [1, 2])
    func fanOut(loops: Int) async throws {
        try await run(loops: loops) { server, subscribers in
            let clients = try (0..<20).map { _ in try open(server) }
            try await eventually { subscribers.count == 20 }
            for number in 0..<50 { subscribers.publish("data: \(number)\n\n") }
            for client in clients {
                for number in 0..<50 {
                    let event = try client.read(through: "\n\n")
                    #expect(event == "data: \(number)\n\n")
                }
            }
        }
    }

    @Test("a stream may start in a task, with events before others can send")
    func fromTask() async throws {
        try await run { server, subscribers in
            let client = try open(server, path: "/task")
            try await eventually { subscribers.count == 1 }
            subscribers.publish("data: second\n\n")
            #expect(try client.read(through: "second\n\n") == "data: first\n\ndata: second\n\n")
        }
    }

    @Test("a subscriber that leaves is removed, and only that one")
    func leaving() async throws {
        try await run { server, subscribers in
            let one = try open(server)
            let two = try open(server)
            try await eventually { subscribers.count == 2 }
            one.close()
            try await subscribers.closed.wait()
            #expect(subscribers.count == 1)
            #expect(server.statistics.openStreams == 1)
            subscribers.publish("data: x\n\n")
            #expect(try two.read(through: "\n\n") == "data: x\n\n")
        }
    }

    @Test("one that does not read is cut off, and holds up nobody")
    func cutOff() async throws {
        try await run {
            $0.eventStreams.queueLimit = 100_000
        } _: { server, subscribers in
            let deaf = try open(server, receiveBuffer: 4096)
            let good = try open(server)
            try await eventually { subscribers.count == 2 }
            let event = "data: " + String(repeating: "x", count: 10_000) + "\n\n"
            var sent = 0
            while server.statistics.streamsCutOff == 0, sent < 5000 {
                subscribers.publish(event)
                sent += 1
                #expect(try good.read(through: "\n\n") == event)
            }
            #expect(server.statistics.streamsCutOff == 1)
            try await eventually { subscribers.count == 1 }
            #expect(deaf.countUntilEnd() < sent * event.utf8.count)
        }
    }

    @Test("heartbeats come at their interval")
    func heartbeat() async throws {
        try await run {
            $0.eventStreams.heartbeatInterval = .milliseconds(40)
            $0.eventStreams.heartbeat = { SharedBytes(Array("event: heartbeat\ndata: {}\n\n".utf8)) }
        } _: { server, _ in
            let client = try open(server)
            for _ in 0..<3 { #expect(try client.read(through: "\n\n") == "event: heartbeat\ndata: {}\n\n") }
        }
    }

    @Test("a stream ends after its life time")
    func lifetime() async throws {
        try await run {
            $0.eventStreams.lifetime = .milliseconds(100)
        } _: { server, subscribers in
            let client = try open(server)
            #expect(try client.endsCleanly())
            try await subscribers.closed.wait()
            #expect(server.statistics.openStreams == 0)
        }
    }

    @Test("a replay waits for a slow reader and reaches it whole")
    func drained() async throws {
        let pages = 200
        let page = SharedBytes(Array(("data: " + String(repeating: "p", count: 50_000) + "\n\n").utf8))
        try await withServer(configuration: fastConfiguration()) { router in
            router.onInline(.get, "/replay") { _ in
                .eventStream { writer in
                    Task.immediate(executorPreference: writer.loop) {
                        for _ in 0..<pages {
                            writer.loop.execute { writer.send(page) }
                            await withCheckedContinuation { continuation in
                                writer.loop.execute { writer.whenDrained { continuation.resume() } }
                            }
                        }
                        writer.loop.execute { writer.close() }
                    }
                }
            }
        } _: { server in
            let client = try open(server, path: "/replay", receiveBuffer: 16_384)
            for _ in 0..<pages { #expect(try client.read(through: "\n\n").utf8.count == page.count) }
            #expect(try client.endsCleanly())
            #expect(server.statistics.streamsCutOff == 0)
        }
    }

    @Test("shutdown ends streams after what waits is sent")
    func shutdown() async throws {
        try await run(loops: 2) { server, subscribers in
            let clients = try (0..<10).map { _ in try open(server) }
            try await eventually { subscribers.count == 10 }
            subscribers.publish("data: last\n\n")
            for client in clients { #expect(try client.read(through: "\n\n") == "data: last\n\n") }
            let shutdown = try Shutdown(server, within: .seconds(5))
            for client in clients {
                #expect(try client.endsCleanly())
                client.close()
            }
            await shutdown.wait()
            #expect(subscribers.closed.value == 10)
            #expect(server.statistics.openConnections == 0)
        }
    }
}
