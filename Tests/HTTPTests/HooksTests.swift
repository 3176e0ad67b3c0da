import HTTP
import HTTPWire
import Synchronized
import Testing

@Suite("Hooks", .timeLimit(.minutes(1)))
struct HooksTests {
    final class Seen: Sendable {
        let lines = Lock<[String]>([])
        func add(_ observation: Hooks.Observation) {
            lines.withLock {
                $0.append(
                    "\(observation.method) \(observation.pattern) \(observation.status) \(observation.bodyCount)")
            }
        }
    }

    @Test("the observer is told of every request, with its route's pattern")
    func observer() async throws {
        let seen = Seen()
        var hooks = Hooks()
        hooks.observer = { seen.add($0) }
        try await withServer(hooks: hooks) {
            $0.onInline(.get, "/a/{id}") { _ in .text("abc") }
            $0.on(.post, "/b") { _ in
                await Task.yield()
                throw HTTPError(.conflict, "no")
            }
        } _: { server in
            let client = try Client(server)
            _ = try client.get("/a/1")
            _ = try client.ask("POST /b HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try client.get("/c")
            _ = try client.ask("GET / HTTP/1.1\n\n")
        }
        #expect(
            seen.lines.withLock { $0 } == [
                "GET /a/{id} 200 3", "POST /b 409 3", "GET  404 30", "unrecognized  400 27",
            ])
    }

    @Test("a hook before the handler can answer in its place, or refuse")
    func before() async throws {
        var hooks = Hooks()
        hooks.before = [
            { request in request.header("x-early") == nil ? nil : .text("early") },
            { request in
                if request.header("origin") == "evil" { throw HTTPError(.forbidden, "not from there") }
                return nil
            },
        ]
        try await withServer(hooks: hooks) {
            $0.on(.get, "/") { _ in .text("late") }
        } _: { server in
            let client = try Client(server)
            #expect(try client.get("/").body == "late")
            #expect(try client.get("/", "X-Early: 1\r\n").body == "early")
            #expect(try client.get("/", "Origin: evil\r\n").status == 403)
        }
    }

    @Test("every error takes the service's form, also those of the server itself")
    func errorResponder() async throws {
        var hooks = Hooks()
        hooks.errorResponder = { error, request, trace in
            let status = (error as? HTTPError)?.status ?? .internalServerError
            let text = "{\"code\":\(status.code),\"path\":\"\(request?.path ?? "")\",\"trace\":\"\(trace)\"}"
            return .json(Array(text.utf8), status: status)
        }
        hooks.after = { _, response in response.fields.append("X-Frame-Options", "DENY") }
        try await withServer(hooks: hooks) {
            $0.on(.get, "/throws") { _ in throw TestFailure("x") }
            $0.on(.post, "/small", bodyLimit: 3) { _ in .empty() }
        } _: { server in
            func check(_ request: String, _ status: Int, _ path: String) throws {
                let reply = try Client(server).ask(request)
                #expect(reply.status == status)
                #expect(
                    reply.body
                        == "{\"code\":\(status),\"path\":\"\(path)\",\"trace\":\"\(reply["x-request-id"] ?? "")\"}")
                #expect(reply["content-type"] == "application/json")
                #expect(reply["x-frame-options"] == "DENY")
            }
            try check("GET /throws HTTP/1.1\r\nHost: a\r\n\r\n", 500, "/throws")
            try check("GET /none HTTP/1.1\r\nHost: a\r\n\r\n", 404, "/none")
            try check("PUT /throws HTTP/1.1\r\nHost: a\r\n\r\n", 405, "/throws")
            try check("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd", 413, "/small")
            try check("GET / HTTP/3.0\r\n\r\n", 505, "")
            try check("GET / HTTP/1.1\r\n\r\n", 400, "")
        }
    }

    @Test("the base path may be there or not")
    func basePath() async throws {
        try await withServer(basePath: "/store-admin/") {
            $0.onInline(.get, "/main") { .text($0.path) }
            $0.onInline(.get, "/") { _ in .text("root") }
            $0.onInline(.get, "/user/{id}") { .text($0.parameter("id") ?? "-") }
        } _: { server in
            let client = try Client(server)
            #expect(try client.get("/store-admin/main").body == "/main")
            #expect(try client.get("/main").body == "/main")
            #expect(try client.get("/store-admin").body == "root")
            #expect(try client.get("/store-admin/").body == "root")
            #expect(try client.get("/store-admin/user/5").body == "5")
            #expect(try client.get("/store-adminmain").status == 404)
        }
    }
}
