import HTTP
import HTTPWire
import Synchronized
import Testing

@Suite("Router and static files", .timeLimit(.minutes(1)))
struct RouterTests {
    @Test("literal segments go before parameters, and a dead end goes back")
    func precedence() async throws {
        try await withServer { router in
            for pattern in ["/", "/a", "/a/b", "/a/{x}", "/a/b/d", "/a/{x}/c", "/{p}/{q}/{r}/{s}", "/a/"] {
                router.onInline(.get, pattern) { .text($0.pattern) }
            }
        } _: { server in
            let client = try Client(server)
            let paths = [
                "/": "/", "/a": "/a", "/a/b": "/a/b", "/a/z": "/a/{x}", "/a/b/d": "/a/b/d", "/a/b/c": "/a/{x}/c",
                "/1/2/3/4": "/{p}/{q}/{r}/{s}", "/a/b/d/e": "/{p}/{q}/{r}/{s}", "/a/": "/a/",
            ]
            for (path, pattern) in paths {
                let reply = try client.get(path)
                #expect(reply.body == pattern)
            }
            for path in ["/b", "/a/b/", "/a/b/e", "//", "/1/2/3/4/5"] {
                let reply = try client.get(path)
                #expect(reply.status == 404)
            }
        }
    }

    @Test("a router lists its routes in the order of registration")
    func listing() {
        var router = Router()
        router.onInline(.get, "/a") { _ in .empty() }
        router.on(.post, "/b/{id}/{other}", bodyLimit: 5) { _ in .empty() }
        #expect(router.routes.map { "\($0.method) \($0.pattern)" } == ["GET /a", "POST /b/{id}/{other}"])
        #expect(router.routes[1].parameterNames == ["id", "other"])
        #expect(router.routes[1].bodyLimit == 5)
    }

    @Test("a file is sent once, and 304 as long as the client's copy is good")
    func staticFile() async throws {
        let file = StaticFile(Array("body { color: red }".utf8), name: "a.css")
        let other = StaticFile(Array("body { color: blue }".utf8), name: "a.css")
        try await withServer { router in
            router.file("/a.css", file)
        } _: { server in
            let client = try Client(server)
            let first = try client.get("/a.css")
            #expect(first.status == 200)
            #expect(first.body == "body { color: red }")
            #expect(first["content-type"] == "text/css; charset=utf-8")
            #expect(first["cache-control"] == "no-cache")
            let tag = try #require(first["etag"])
            #expect(tag != other.entityTag)
            let second = try client.get("/a.css", "If-None-Match: \"x\", W/\(tag)\r\n")
            #expect(second.status == 304)
            #expect(second["etag"] == tag)
            #expect(second["content-length"] == nil)
            #expect(try client.get("/a.css", "If-None-Match: \(other.entityTag)\r\n").status == 200)
            let head = try client.ask("HEAD /a.css HTTP/1.1\r\nHost: a\r\n\r\n", method: .head)
            #expect(head["content-length"] == "19")
        }
    }

    @Test("a file that is a constant of the program is served as one that is not")
    func constantFile() async throws {
        let text: StaticString = "let a = 1"
        let octets = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        let file = StaticFile(constant: octets, name: "a.js")
        try await withServer { router in
            router.file("/a.js", file)
        } _: { server in
            let client = try Client(server)
            for _ in 0..<2 {
                let reply = try client.get("/a.js")
                #expect(reply.body == "let a = 1")
                #expect(reply["content-type"] == "text/javascript; charset=utf-8")
                #expect(reply["etag"] == StaticFile(Array("let a = 1".utf8), name: "a.js").entityTag)
                #expect(reply["cache-control"] == "no-cache")
            }
        }
    }

    @Test("a file that must be made is made when the first one asks, and once")
    func madeFile() async throws {
        let made = Atomic(0)
        let file = StaticFile(contentType: "application/json") {
            made.add(1, ordering: .relaxed)
            return Array("{}".utf8)
        }
        #expect(made.load(ordering: .relaxed) == 0)
        try await withServer { router in
            router.file("/a.json", file)
        } _: { server in
            let client = try Client(server)
            let tag = try #require(try client.get("/a.json")["etag"])
            #expect(try client.get("/a.json", "If-None-Match: \(tag)\r\n").status == 304)
            #expect(try client.get("/a.json").body == "{}")
        }
        #expect(made.load(ordering: .relaxed) == 1)
    }

    @Test("a request can be made without a connection")
    func requestFromBytes() throws {
        let text =
            "POST /login?x=1 HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\na=b%20c&d="
        let request = try Request(parsing: Array(text.utf8))
        #expect(request.method == .post)
        #expect(request.path == "/login")
        #expect(try request.query("x") == "1")
        #expect(try request.form()["a"] == "b c")
        #expect(request.host == "h")
        #expect(request.withBody { $0.count } == 10)
    }
}
