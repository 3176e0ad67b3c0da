import HTTP
import HTTPWire
import Testing

@Suite("Refusals and time-outs", .timeLimit(.minutes(1)))
struct RefusalTests {
    static func routes(_ router: inout Router) {
        router.onInline(.get, "/") { _ in .text("ok") }
        router.on(.post, "/") { request in .text(String(request.bodyCount)) }
    }

    func run(
        _ change: (inout ServerConfiguration) -> Void = { _ in }, _ body: (HTTPServer) async throws -> Void
    ) async throws {
        var configuration = fastConfiguration()
        change(&configuration)
        try await withServer(configuration: configuration, routes: Self.routes, body)
    }

    static let hidden = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    static let malformed: [(String, Int)] = [
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n", 400),
        ("GET / HTTP/1.1\nHost: a\n\n", 400), ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400), ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400), ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\0\r\n\r\n", 400), ("\u{16}\u{03}\u{01}", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 20_000) + "\r\n\r\n", 431),
        ("GET /" + String(repeating: "x", count: 20_000) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 413),
    ]

    @Test(
        "a malformed request is answered and ends its connection, and nothing behind it is answered",
        arguments: malformed)
    func refused(text: String, status: Int) async throws {
        try await run { server in
            let neighbour = try Client(server)
            let client = try Client(server)
            let reply = try client.ask(text + Self.hidden)
            #expect(reply.status == status)
            #expect(reply["connection"] == "close")
            #expect(try client.endsCleanly())
            #expect(try neighbour.get("/").body == "ok")
        }
    }

    @Test("good requests before a malformed one are answered")
    func goodBefore() async throws {
        try await run { server in
            let client = try Client(server)
            try client.send(Self.hidden + Self.hidden + "GET / HTTP/1.1\n\n")
            #expect(try client.reply().status == 200)
            #expect(try client.reply().status == 200)
            #expect(try client.reply().status == 400)
            #expect(try client.endsCleanly())
        }
    }

    @Test("413 reaches a client that first sends its whole body", arguments: [true, false])
    func tooLarge(chunked: Bool) async throws {
        try await run { server in
            let client = try Client(server)
            let size = 3 << 20
            let framing = chunked ? "Transfer-Encoding: chunked" : "Content-Length: \(size)"
            try client.send("POST / HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n")
            if chunked { try client.send("\(String(size, radix: 16))\r\n") }
            try client.send([UInt8](repeating: 0x61, count: size))
            #expect(try client.reply().status == 413)
            #expect(try client.endsCleanly())
        }
    }

    @Test("many small chunks beyond the limit are 413")
    func smallChunks() async throws {
        try await run {
            $0.bodyLimit = 100
        } _: { server in
            let client = try Client(server)
            let reply = try client.ask(
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + String(repeating: "a\r\n0123456789\r\n", count: 11))
            #expect(reply.status == 413)
        }
    }

    @Test("a head that never ends is 408", arguments: ["G", "GET / HTTP/1.1\r\nHost: a\r\n"])
    func slowHead(text: String) async throws {
        try await run {
            $0.headTimeout = .milliseconds(100)
        } _: { server in
            let client = try Client(server)
            let reply = try client.ask(text)
            #expect(reply.status == 408)
            #expect(try client.endsCleanly())
        }
    }

    @Test("octets that trickle in do not extend the time for a head")
    func trickle() async throws {
        try await run {
            $0.headTimeout = .milliseconds(100)
        } _: { server in
            let client = try Client(server)
            try client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ")
            var sent = 0
            while server.statistics.openConnections > 0, sent < 1000 {
                guard (try? client.send("x")) != nil else { break }
                sent += 1
                try await Task.sleep(for: .milliseconds(10))
                if sent == 40 { break }
            }
            #expect(try client.reply().status == 408)
        }
    }

    @Test("a body that is too slow is 408, one at the minimum rate is not")
    func slowBody() async throws {
        try await run {
            $0.bodyTimeout = .milliseconds(100)
            $0.minimumBodyRate = 1000
        } _: { server in
            let slow = try Client(server)
            #expect(try slow.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\na").status == 408)
            #expect(try slow.endsCleanly())
            let steady = try Client(server)
            try steady.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n")
            for _ in 0..<20 {
                try steady.send([UInt8](repeating: 0x61, count: 1000))
                try await Task.sleep(for: .milliseconds(15))
            }
            #expect(try steady.reply().body == "20000")
        }
    }

    @Test("an idle connection is closed, before and after a request")
    func idle() async throws {
        try await run {
            $0.idleTimeout = .milliseconds(100)
            $0.headTimeout = .milliseconds(100)
        } _: { server in
            let silent = try Client(server)
            let used = try Client(server)
            #expect(try used.get("/").status == 200)
            #expect(try silent.endsCleanly())
            #expect(try used.endsCleanly())
        }
    }

    @Test("a client that does not read its reply is dropped")
    func writeStall() async throws {
        var configuration = fastConfiguration()
        configuration.writeTimeout = .milliseconds(200)
        let content = [UInt8](repeating: 0x61, count: 8 << 20)
        try await withServer(configuration: configuration) {
            $0.onInline(.get, "/large") { _ in .json(content) }
        } _: { server in
            let client = try Client(server, receiveBuffer: 4096)
            try client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually {
                server.statistics.acceptedConnections == 1 && server.statistics.openConnections == 0
            }
        }
    }

    @Test("unfinished requests beyond the memory for them are 503")
    func bufferedInput() async throws {
        try await run {
            $0.bufferedInputLimit = 300_000
        } _: { server in
            var clients: [Client] = []
            let part =
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + String(repeating: "b", count: 90_000)
            for _ in 0..<8 {
                let client = try Client(server)
                try client.send(part)
                clients.append(client)
            }
            var refused = 0
            for client in clients {
                try client.send(String(repeating: "b", count: 10_000))
                let reply = try client.reply()
                if reply.status == 503 {
                    refused += 1
                    #expect(reply["retry-after"] == "1")
                } else {
                    #expect(reply.body == "100000")
                }
            }
            #expect(refused >= 3 && refused < 8)
            #expect(try Client(server).get("/").status == 200)
        }
    }
}
