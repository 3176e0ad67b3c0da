import EventLoop
import HTTP
import HTTPWire
import Synchronized
import Testing

@Suite("Streamed bodies", .timeLimit(.minutes(1)))
struct StreamedBodyTests {
    static func routes(_ router: inout Router) {
        router.onInline(.get, "/inline") { _ in .text("inline") }
        router.onInline(.get, "/stream") { _ in
            .streamed(contentType: "text/plain") { writer in
                try await writer.write("abc")
                try await writer.write([])
                await Task.yield()
                try await writer.write(SharedBytes(Array("defghijklmnop".utf8)))
            }
        }
        router.on(.get, "/task") { _ in
            await Task.yield()
            return .streamed(contentType: "text/plain", status: .accepted) { writer in
                for _ in 0..<100 { try await writer.write("0123456789") }
            }
        }
        router.onInline(.get, "/empty") { _ in .streamed(contentType: "text/plain") { _ in } }
        router.onInline(.get, "/none") { _ in
            .streamed(contentType: "text/plain", status: .noContent) { try await $0.write("never") }
        }
        router.onInline(.get, "/large") { _ in
            .streamed(contentType: "text/plain") { writer in
                try await writer.write([UInt8](repeating: 1, count: 17 << 20))
                try await writer.write([UInt8](repeating: 2, count: 20_000))
            }
        }
    }

    @Test("a body of unknown length comes in chunks, and the connection goes on")
    func chunks() async throws {
        try await withServer(routes: Self.routes) { server in
            let client = try Client(server)
            try client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            let head = try client.read(through: "\r\n\r\n")
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(head.contains("Transfer-Encoding: chunked\r\n"))
            #expect(head.contains("Content-Type: text/plain\r\n"))
            #expect(!head.contains("Content-Length"))
            #expect(try client.read(through: "0\r\n\r\n") == "3\r\nabc\r\nd\r\ndefghijklmnop\r\n0\r\n\r\n")
            #expect(try client.get("/empty").body == "")
            #expect(try client.get("/inline").body == "inline")
            #expect(server.statistics.acceptedConnections == 1)
        }
    }

    @Test("HTTP/1.0 gets it without chunks, up to the end of the connection")
    func oldVersion() async throws {
        try await withServer(routes: Self.routes) { server in
            let client = try Client(server)
            try client.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let head = try client.read(through: "\r\n\r\n")
            #expect(head.contains("Connection: close\r\n"))
            #expect(!head.contains("Transfer-Encoding"))
            #expect(try client.read(through: "p") == "abcdefghijklmnop")
            #expect(try client.endsCleanly())
        }
    }

    @Test("HEAD and replies that have no content get the head only")
    func headOnly() async throws {
        try await withServer(routes: Self.routes) { server in
            let client = try Client(server)
            let head = try client.ask("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n", method: .head)
            #expect(head["transfer-encoding"] == "chunked")
            let none = try client.get("/none")
            #expect(none.status == 204)
            #expect(none["transfer-encoding"] == nil)
            #expect(try client.get("/inline").body == "inline")
            let old = try client.ask("HEAD /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", method: .head)
            #expect(old["connection"] == "keep-alive")
            #expect(try client.get("/inline").body == "inline")
        }
    }

    @Test("pipelined requests before and behind a streamed body are answered in order")
    func pipelining() async throws {
        try await withServer(routes: Self.routes) { server in
            let client = try Client(server)
            let paths = ["/inline", "/stream", "/task", "/stream", "/stream", "/inline", "/empty", "/task", "/inline"]
            try client.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
            for path in paths {
                let body = try client.reply().body
                switch path {
                case "/stream": #expect(body == "abcdefghijklmnop")
                case "/task": #expect(body == String(repeating: "0123456789", count: 100))
                case "/empty": #expect(body == "")
                default: #expect(body == "inline")
                }
            }
        }
    }

    @Test("a request to close is honoured after the last chunk")
    func close() async throws {
        try await withServer(routes: Self.routes) { server in
            let client = try Client(server)
            let reply = try client.get("/stream", "Connection: close\r\n")
            #expect(reply.body == "abcdefghijklmnop")
            #expect(reply["connection"] == "close")
            #expect(try client.endsCleanly())
        }
    }

    @Test("a client that has shut its side gets the whole body")
    func halfClosed() async throws {
        try await withServer(routes: Self.routes) { server in
            let client = try Client(server)
            try client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            client.shutdownOutput()
            #expect(try client.reply().body == "abcdefghijklmnop")
            #expect(try client.endsCleanly())
        }
    }

    @Test("one piece may be longer than all output limits")
    func largePiece() async throws {
        try await withServer(routes: Self.routes) { server in
            let client = try Client(server)
            try client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            var counts = [0, 0, 0]
            try client.reply { for octet in $0 { counts[min(2, Int(octet))] += 1 } }
            #expect(counts == [0, 17 << 20, 20_000])
            #expect(try client.get("/inline").body == "inline")
        }
    }

    @Test("a body that fails midway ends the connection without the last chunk, and is reported")
    func failure() async throws {
        let reported = Lock<[String]>([])
        var hooks = Hooks()
        hooks.errorResponder = { error, _, _ in
            reported.withLock { $0.append("\(error)") }
            return .text("unused", status: .internalServerError)
        }
        try await withServer(hooks: hooks) { router in
            router.onInline(.get, "/") { _ in
                .streamed(contentType: "text/plain") { writer in
                    try await writer.write("abc")
                    throw TestFailure("the source broke")
                }
            }
        } _: { server in
            let client = try Client(server)
            try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try client.read(through: "\r\n\r\n")
            #expect(try client.read(through: "abc\r\n") == "3\r\nabc\r\n")
            #expect(try client.endsCleanly())
            #expect(reported.withLock { $0 } == ["the source broke"])
        }
    }

    @Test("the observer is told the octets of the body without their framing")
    func observation() async throws {
        let counts = Lock<[Int]>([])
        var hooks = Hooks()
        hooks.observer = { observation in counts.withLock { $0.append(observation.bodyCount) } }
        try await withServer(hooks: hooks, routes: Self.routes) { server in
            let client = try Client(server)
            _ = try client.get("/stream")
            _ = try client.get("/task")
            _ = try client.get("/inline")
            #expect(counts.withLock { $0 } == [16, 1000, 6])
        }
    }
}
