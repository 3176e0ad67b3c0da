import EventLoop
import Glibc
import HTTP
import HTTPWire
import Synchronization
import Testing

@Suite("Streamed bodies under pressure", .timeLimit(.minutes(1)))
struct StreamedBodyPressureTests {
    /// What a producer does and how it ended.
    final class Producer: Sendable {
        let written = Atomic<Int>(0)
        let ended = Signal()
        let failed = Signal()

        /// Pieces of `size` octets up to `total`, or without end.
        func response(total: Int = .max, size: Int = 10_000) -> Response {
            .streamed(contentType: "application/octet-stream") { [self] writer in
                let piece = [UInt8](repeating: 120, count: size)
                defer { ended.fire() }
                do {
                    while written.load(ordering: .relaxed) < total {
                        try await writer.write(piece)
                        written.wrappingAdd(size, ordering: .relaxed)
                    }
                } catch {
                    failed.fire()
                    await #expect(throws: ConnectionClosed.self) { try await writer.write(piece) }
                    throw error
                }
            }
        }

        /// Waits until it stands still.
        func pause() async throws {
            var last = -1
            while written.load(ordering: .relaxed) != last {
                last = written.load(ordering: .relaxed)
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    func run(
        _ producer: Producer, _ change: (inout ServerConfiguration) -> Void = { _ in }, total: Int = .max,
        _ body: (HTTPServer) async throws -> Void
    ) async throws {
        var configuration = fastConfiguration()
        change(&configuration)
        try await withServer(configuration: configuration) { router in
            router.onInline(.get, "/body") { _ in producer.response(total: total) }
            router.onInline(.get, "/") { _ in .text("ok") }
        } _: { server in
            try await body(server)
        }
    }

    @Test("a slow reader gets 50 MB whole, and little of it lies in memory meanwhile")
    func slowReader() async throws {
        let total = 50_000_000
        let producer = Producer()
        try await run(producer, total: total) { server in
            let client = try Client(server, receiveBuffer: 65_536)
            try client.send("GET /body HTTP/1.1\r\nHost: a\r\n\r\n")
            try await producer.pause()
            // The kernel's own buffers are in it; the server's part is a mark and a piece.
            #expect(producer.written.load(ordering: .relaxed) < 12_000_000)
            #expect(try Client(server).get("/").body == "ok")
            var received = 0
            var most = 0
            try client.reply {
                received += $0.count
                most = max(most, producer.written.load(ordering: .relaxed) - received)
            }
            #expect(received == total)
            #expect(most < 12_000_000)
            #expect(try client.get("/").body == "ok")
        }
    }

    @Test("a client that leaves midway ends the body")
    func leaving() async throws {
        let producer = Producer()
        try await run(producer) { server in
            let client = try Client(server)
            try client.send("GET /body HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try client.read(through: "xxxx")
            client.close()
            try await producer.failed.wait()
            try await eventually { server.statistics.openConnections == 0 }
        }
    }

    @Test("a body that waits for something else is cancelled when the client leaves")
    func cancellation() async throws {
        let cancelled = Signal()
        try await withServer { router in
            router.onInline(.get, "/body") { _ in
                .streamed(contentType: "text/plain") { writer in
                    try await writer.write("xxxx")
                    do { try await Task.sleep(for: .seconds(60)) } catch { cancelled.fire() }
                }
            }
        } _: { server in
            let client = try Client(server)
            try client.send("GET /body HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try client.read(through: "xxxx")
            client.reset()
            try await cancelled.wait()
            #expect(server.statistics.openConnections == 0)
        }
    }

    @Test("a client that takes nothing is given up after the write time-out")
    func timeout() async throws {
        let producer = Producer()
        try await run(producer) {
            $0.writeTimeout = .milliseconds(200)
        } _: { server in
            let client = try Client(server, receiveBuffer: 4096)
            try client.send("GET /body HTTP/1.1\r\nHost: a\r\n\r\n")
            try await producer.failed.wait()
            try await eventually { server.statistics.openConnections == 0 }
            client.close()
        }
    }

    @Test("a client that takes little at a time is not given up")
    func steadyReader() async throws {
        let total = 20_000_000
        let producer = Producer()
        try await run(
            producer,
            {
                $0.writeTimeout = .milliseconds(400)
            }, total: total
        ) { server in
            let client = try Client(server, receiveBuffer: 262_144)
            try client.send("GET /body HTTP/1.1\r\nHost: a\r\n\r\n")
            var received = 0
            var pauses = 0
            let start = ContinuousClock.now
            try client.reply {
                received += $0.count
                if received / 200_000 > pauses {
                    pauses += 1
                    usleep(10_000)
                }
            }
            #expect(received == total)
            #expect(ContinuousClock.now - start > .milliseconds(800))
        }
    }

    @Test("a body without end does not hold up the loop's other connections")
    func fairness() async throws {
        let producer = Producer()
        try await run(producer) { server in
            let thread = try EventLoop(name: "reader")
            try thread.start()
            let reader = Task(executorPreference: thread) {
                let client = try Client(server)
                try client.send("GET /body HTTP/1.1\r\nHost: a\r\n\r\n")
                _ = client.countUntil { producer.ended.value > 0 || Task.isCancelled }
                client.close()
            }
            try await eventually { producer.written.load(ordering: .relaxed) > 1_000_000 }
            let client = try Client(server)
            for _ in 0..<100 { #expect(try client.get("/").body == "ok") }
            #expect(producer.ended.value == 0)
            reader.cancel()
            try await reader.value
            try await producer.ended.wait()
            thread.stop()
            thread.join()
        }
    }

    @Test("shutdown waits for a body, then ends the connection")
    func shutdown() async throws {
        let entered = Signal()
        let released = Signal()
        try await withServer { router in
            router.onInline(.get, "/") { _ in
                .streamed(contentType: "text/plain") { writer in
                    try await writer.write("first ")
                    entered.fire()
                    try await released.wait()
                    try await writer.write("last")
                }
            }
        } _: { server in
            let client = try Client(server)
            let idle = try Client(server)
            try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            try await entered.wait()
            let shutdown = try Shutdown(server, within: .seconds(8))
            #expect(try idle.endsCleanly())
            idle.close()
            released.fire()
            #expect(try client.reply().body == "first last")
            #expect(try client.endsCleanly())
            client.close()
            await shutdown.wait()
            #expect(server.statistics.openConnections == 0)
        }
    }

    @Test("a body that does not end is cut off at the shutdown's deadline")
    func deadline() async throws {
        let producer = Producer()
        try await run(producer) { server in
            let client = try Client(server, receiveBuffer: 4096)
            try client.send("GET /body HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try client.read(through: "xxxx")
            await server.shutdown(within: .milliseconds(100))
            #expect(server.statistics.openConnections == 0)
            try await producer.failed.wait()
        }
    }
}
