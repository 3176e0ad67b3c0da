import HTTP
import HTTPWire
import Synchronization
import Testing

@Suite("Server", .timeLimit(.minutes(1)))
struct ServerTests {
    static func routes(_ router: inout Router) {
        router.onInline(.get, "/inline") { _ in .text("inline") }
        router.on(.get, "/task") { _ in .text("task") }
        router.on(.get, "/slow") { _ in
            try await Task.sleep(for: .milliseconds(50))
            return .text("slow")
        }
        router.onInline(.post, "/echo") { request in
            Response(.created, contentType: "text/plain", body: .bytes(request.body))
        }
        router.on(.put, "/echo") { request in .text(String(request.bodyCount)) }
        router.onInline(.get, "/order/{id}/item/{item}") { request in
            .text("\(request.parameter("id") ?? "-")|\(request.parameter("item") ?? "-")|\(request.pattern)")
        }
        router.onInline(.get, "/query") { request in .text(try request.query("q") ?? "none") }
        router.onInline(.get, "/injection") { _ in Response(.ok).with("X-Name", "a\r\nSet-Cookie: evil=1") }
        router.onInline(.get, "/defect") { _ in throw TestFailure("secret") }
        router.onInline(.get, "/cookie") { request in
            try Response.text(request.cookie("user_session") ?? "none").with(SetCookie("user_session", "new"))
        }
    }

    func run(_ body: (HTTPServer) async throws -> Void) async throws {
        try await withServer(routes: Self.routes, body)
    }

    @Test("one connection carries many requests, to handlers with and without a task")
    func keepAlive() async throws {
        try await run { server in
            let client = try Client(server)
            for _ in 0..<3 {
                #expect(try client.get("/inline").body == "inline")
                #expect(try client.get("/task").body == "task")
                #expect(try client.get("/slow").body == "slow")
            }
            #expect(server.statistics.acceptedConnections == 1)
        }
    }

    @Test("a reply carries date, type, length and request id")
    func replyFields() async throws {
        try await run { server in
            let reply = try Client(server).get("/inline")
            #expect(reply.status == 200)
            #expect(reply["content-type"] == "text/plain; charset=utf-8")
            #expect(reply["content-length"] == "6")
            #expect(reply["date"]?.hasSuffix(" GMT") == true)
            #expect(reply["x-request-id"]?.utf8.count == 32)
            #expect(reply["connection"] == nil)
        }
    }

    @Test("the request id is the trace id of a valid traceparent, else a fresh one")
    func requestID() async throws {
        try await run { server in
            let client = try Client(server)
            let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
            let traced = try client.get("/inline", "traceparent: 00-\(trace)-00f067aa0ba902b7-01\r\n")
            #expect(traced["x-request-id"] == trace)
            let one = try client.get("/task", "traceparent: nonsense\r\n")["x-request-id"]
            let two = try client.get("/none")["x-request-id"]
            #expect(one != two && one?.utf8.count == 32 && two?.utf8.count == 32)
        }
    }

    @Test("pipelined requests are answered in order, whatever their handlers take")
    func pipelining() async throws {
        try await run { server in
            let client = try Client(server)
            let paths = ["/slow", "/inline", "/task", "/none", "/slow", "/inline"]
            try client.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
            for path in paths {
                let reply = try client.reply()
                #expect(path == "/none" ? reply.status == 404 : reply.body == String(path.dropFirst()))
            }
        }
    }

    @Test("ten thousand pipelined requests are all answered")
    func longPipeline() async throws {
        try await run { server in
            let client = try Client(server)
            let requests = String(repeating: "GET /task HTTP/1.1\r\nHost: a\r\n\r\n", count: 100)
            for _ in 0..<100 {
                try client.send(requests)
                for _ in 0..<100 where try client.reply().body != "task" { Issue.record("a wrong reply") }
            }
        }
    }

    @Test("a request may come octet by octet")
    func octetByOctet() async throws {
        try await run { server in
            let client = try Client(server)
            for octet in "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
                .utf8
            {
                try client.send([octet])
            }
            let reply = try client.reply()
            #expect(reply.status == 201)
            #expect(reply.body == "abc")
        }
    }

    @Test("bodies arrive by length and in chunks, small and large", arguments: [0, 1, 5000, 900_000])
    func bodies(size: Int) async throws {
        try await run { server in
            let client = try Client(server)
            let body = String(repeating: "b", count: size)
            let counted = try client.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n\(body)")
            #expect(counted.body == body)
            let half = String(repeating: "b", count: size / 2)
            var chunks = ""
            for _ in 0..<2 where !half.isEmpty { chunks += "\(String(size / 2, radix: 16));x=y\r\n\(half)\r\n" }
            let chunked = try client.ask(
                "PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)0\r\nT: 1\r\n\r\n")
            #expect(chunked.body == String(size / 2 * 2))
            #expect(try client.get("/inline").body == "inline")
        }
    }

    @Test("100 Continue is sent before a body that waits for it")
    func expectContinue() async throws {
        try await run { server in
            let client = try Client(server)
            try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
            #expect(try client.read(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            #expect(try client.ask("ok").body == "ok")
        }
    }

    @Test("a refusal comes instead of 100 Continue", arguments: [("/echo", 413), ("/none", 404), ("/inline", 405)])
    func expectRefused(path: String, status: Int) async throws {
        try await run { server in
            let client = try Client(server)
            let reply = try client.ask(
                "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\nExpect: 100-continue\r\n\r\n")
            #expect(reply.status == status)
            #expect(reply["connection"] == "close")
            #expect(try client.endsCleanly())
        }
    }

    @Test("HEAD is GET without the body")
    func head() async throws {
        try await run { server in
            let client = try Client(server)
            for path in ["/inline", "/task"] {
                let reply = try client.ask("HEAD \(path) HTTP/1.1\r\nHost: a\r\n\r\n", method: .head)
                #expect(reply.status == 200)
                #expect(reply["content-length"] == String(path.utf8.count - 1))
            }
            #expect(try client.get("/inline").body == "inline")
        }
    }

    @Test("OPTIONS and 405 name the methods of the path")
    func allow() async throws {
        try await run { server in
            let client = try Client(server)
            let options = try client.ask("OPTIONS /inline HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(options.status == 204)
            #expect(options["allow"] == "GET, HEAD, OPTIONS")
            #expect(options["content-length"] == nil)
            let refused = try client.ask("DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(refused.status == 405)
            #expect(refused["allow"] == "POST, PUT, OPTIONS")
            let all = try client.ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(all["allow"] == "GET, HEAD, POST, PUT, OPTIONS")
            #expect(try client.ask("BREW /inline HTTP/1.1\r\nHost: a\r\n\r\n").status == 501)
            #expect(try client.get("/inline").status == 200)
        }
    }

    @Test("path parameters and queries are decoded")
    func parameters() async throws {
        try await run { server in
            let client = try Client(server)
            #expect(
                try client.get("/order/7/item/%ED%95%9C%20a").body == "7|한 a|/order/{id}/item/{item}")
            #expect(try client.get("/query?x=1&q=a%20b+c").body == "a b c")
            #expect(try client.get("/query?q=%FF").status == 400)
            #expect(try client.get("/%69nline").body == "inline")
            #expect(try client.get("/inline/").status == 404)
            #expect(try client.get("/order//item/1").status == 404)
        }
    }

    @Test("cookies are read and set")
    func cookies() async throws {
        try await run { server in
            let reply = try Client(server).get("/cookie", "Cookie: a=1\r\nCOOKIE: user_session=s1; b=2\r\n")
            #expect(reply.body == "s1")
            #expect(reply["set-cookie"] == "user_session=new; Path=/; HttpOnly; SameSite=Lax")
        }
    }

    @Test("what a handler throws is 500 without its text, and the connection goes on")
    func defect() async throws {
        try await run { server in
            let client = try Client(server)
            let reply = try client.get("/defect")
            #expect(reply.status == 500)
            #expect(!reply.body.contains("secret"))
            let injection = try client.get("/injection")
            #expect(injection.status == 500)
            #expect(injection["set-cookie"] == nil)
            #expect(try client.get("/inline").status == 200)
        }
    }

    @Test(
        "the connection ends when the client asks for it, after the reply",
        arguments: [
            ("HTTP/1.1", "Connection: close\r\n", "close"), ("HTTP/1.0", "", "close"),
            ("HTTP/1.0", "Connection: keep-alive\r\n", "keep-alive"),
        ])
    func persistence(version: String, field: String, connection: String) async throws {
        try await run { server in
            let client = try Client(server)
            let reply = try client.ask("GET /inline \(version)\r\nHost: a\r\n\(field)\r\n")
            #expect(reply.body == "inline")
            #expect(reply["connection"] == connection)
            if connection == "close" {
                #expect(try client.endsCleanly())
            } else {
                #expect(try client.get("/inline").body == "inline")
            }
        }
    }

    @Test("a client that shuts its side still gets its reply")
    func halfClosed() async throws {
        try await run { server in
            for path in ["/slow", "/inline"] {
                let client = try Client(server)
                try client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                client.shutdownOutput()
                #expect(try client.reply().status == 200)
                #expect(try client.endsCleanly())
            }
        }
    }

    @Test("a large body reaches a client that reads slowly")
    func largeReply() async throws {
        let content = [UInt8](repeating: 0x61, count: 4 << 20)
        try await withServer(routes: { $0.onInline(.get, "/large") { _ in .json(content) } }) { server in
            let client = try Client(server, receiveBuffer: 16_384)
            try client.send(String(repeating: "GET /large HTTP/1.1\r\nHost: a\r\n\r\n", count: 3))
            for _ in 0..<3 { #expect(try client.reply().body.utf8.count == content.count) }
        }
    }
}
