import EventLoop
import Glibc
import HTTP
import HTTPWire
import Testing

/// More clients than there is room for, and clients who want to take it from others.
@Suite("Crowds and slow clients", .timeLimit(.minutes(1)))
struct CrowdTests {
    /// What a client does who wants to hold a connection for as long as it can.
    enum Slow: String, CaseIterable, Sendable {
        case nothing, head, body, idle, notReading

        func begin(_ server: HTTPServer) throws -> Client {
            let client = try Client(server, receiveBuffer: self == .notReading ? 4096 : nil)
            switch self {
            case .nothing: break
            case .head: try client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ")
            case .body: try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nx")
            case .idle: _ = try client.get("/")
            case .notReading: try client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            }
            return client
        }

        /// Goes on as slowly as it can.
        func goOn(_ client: Client) {
            if self == .head || self == .body { try? client.send("x") }
        }
    }

    private static let large = [UInt8](repeating: 0x61, count: 8 << 20)

    private func run(
        loops: Int = 1, _ change: (inout ServerConfiguration) -> Void, _ body: (HTTPServer) async throws -> Void
    ) async throws {
        var configuration = fastConfiguration()
        change(&configuration)
        let large = Self.large
        try await withServer(loops: loops, configuration: configuration) { router in
            router.onInline(.get, "/") { _ in .text("ok") }
            router.onInline(.post, "/") { request in .text("\(request.bodyCount)") }
            router.onInline(.get, "/large") { _ in .json(large) }
            router.onInline(.get, "/events") { _ in .eventStream { _ in } }
        } _: {
            try await body($0)
        }
    }

    @Test("where slow clients hold every connection, new ones get in", arguments: Slow.allCases, [1, 2])
    func full(slow: Slow, loops: Int) async throws {
        try await run(loops: loops) {
            $0.connectionLimit = 32
            // They have all the time there is.
            $0.headTimeout = .seconds(60)
            $0.bodyTimeout = .seconds(60)
        } _: { server in
            var clients = try (0..<32).map { _ in try slow.begin(server) }
            try await eventually { server.statistics.acceptedConnections == 32 }
            // Some are still there: it is not enough to hold the first ones.
            for _ in 0..<40 {
                let client = try Client(server)
                #expect(try client.get("/").body == "ok")
                client.close()
                clients.append(try slow.begin(server))
                for client in clients { slow.goOn(client) }
            }
            #expect(server.statistics.openConnections <= 32)
            // So much waits for those who do not read that they are ended for that.
            #expect(server.statistics.evictedConnections > 0 || slow == .notReading)
        }
    }

    @Test("where every connection is taken, who has an answer gives theirs up, however often it asks")
    func busy() async throws {
        try await run {
            $0.connectionLimit = 2
        } _: { server in
            let first = try Client(server)
            #expect(try first.get("/")["connection"] == nil)
            let second = try Client(server)
            #expect(try second.get("/")["connection"] == "close")
            #expect(try first.get("/")["connection"] == "close")
            first.close()
            second.close()
            try await eventually { server.statistics.openConnections == 0 }
            let third = try Client(server)
            for _ in 0..<3 { #expect(try third.get("/")["connection"] == nil) }
        }
    }

    @Test("a request in work and an open stream are not ended for a new connection")
    func untouched() async throws {
        var configuration = fastConfiguration()
        configuration.connectionLimit = 4
        let entered = Signal()
        let released = Signal()
        try await withServer(configuration: configuration) { router in
            router.onInline(.get, "/") { _ in .text("ok") }
            router.onInline(.get, "/events") { _ in
                .eventStream { writer in
                    Task(executorPreference: writer.loop) {
                        try await released.wait()
                        writer.loop.execute { writer.close() }
                    }
                }
            }
            router.on(.get, "/slow") { _ in
                entered.fire()
                try await released.wait()
                return .text("done")
            }
        } _: { server in
            let stream = try Client(server)
            try stream.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try stream.read(through: "\r\n\r\n")
            let busy = try (0..<3).map { _ in try Client(server) }
            for client in busy { try client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n") }
            try await entered.wait(3)
            let waiting = try Client(server)
            try waiting.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            // Long enough for everyone to be looked at.
            try await Task.sleep(for: .milliseconds(200))
            #expect(server.statistics.openConnections == 4)
            #expect(server.statistics.evictedConnections == 0)
            released.fire()
            for client in busy { #expect(try client.reply().body == "done") }
            #expect(try stream.endsCleanly())
            #expect(try waiting.reply().status == 200)
        }
    }

    @Test("streams leave room for requests: beyond their number they are 503")
    func streams() async throws {
        try await run {
            $0.connectionLimit = 8
            $0.eventStreams.limit = 4
        } _: { server in
            var streams: [Client] = []
            for _ in 0..<4 {
                let client = try Client(server)
                try client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try client.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 200"))
                streams.append(client)
            }
            let more = try Client(server)
            let reply = try more.get("/events")
            #expect(reply.status == 503)
            #expect(reply["retry-after"] == "5")
            // Its connection goes on.
            #expect(try more.get("/").status == 200)
            streams.removeLast()
            try await eventually { server.statistics.openStreams == 3 }
            try more.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try more.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("a client that takes some all the time, and less than the rate, is cut off after the write time-out")
    func slowReader() async throws {
        let huge = [UInt8](repeating: 0x61, count: 48 << 20)
        var configuration = fastConfiguration()
        configuration.writeTimeout = .milliseconds(500)
        configuration.minimumOutputRate = 10_000_000_000
        try await withServer(configuration: configuration) { router in
            router.onInline(.get, "/huge") { _ in .json(huge) }
        } _: { server in
            let client = try Client(server)
            try client.send("GET /huge HTTP/1.1\r\nHost: a\r\n\r\n")
            let taken = client.countUntil {
                usleep(2000)
                return server.statistics.openConnections == 0
            }
            #expect(taken < huge.count)
            #expect(server.statistics.openConnections == 0)
        }
    }

    @Test("replies that nobody takes make room once there is too much of them; others go on")
    func outputMemory() async throws {
        try await run {
            $0.bufferedOutputLimit = 20 << 20
        } _: { server in
            let greedy = try (0..<6).map { _ in try Slow.notReading.begin(server) }
            let client = try Client(server)
            try await eventually {
                (try? client.get("/").body) == "ok" && server.statistics.openConnections <= 3
            }
            for client in greedy { client.close() }
        }
    }
}
