import Support
import Testing

/// Nobody sees or changes what is not theirs: every route of both services, asked by everybody.
@Suite("Who may do what", .serialized, .timeLimit(.minutes(3)))
struct SecurityTableTests {
    @Test("the table has every route that the services have, and none that they have not")
    func complete() async throws {
        let fixture = try await SecurityFixture.get()
        for (service, table) in [(fixture.api, SecurityTable.api), (fixture.admin, SecurityTable.admin)] {
            let routes = fixture.routes(of: service).filter { !isFile($0) }
            let rows = Set(table.map(\.route))
            #expect(routes.subtracting(rows).sorted() == [], "\(service.name): not in the table")
            #expect(rows.subtracting(routes).sorted() == [], "\(service.name): no such route")
        }
    }

    /// Scripts, styles and icons are for everybody.
    private func isFile(_ route: String) -> Bool { route.hasPrefix("GET /assets/") }

    @Test("a customer's route", arguments: SecurityTable.api)
    func api(_ row: SecurityRow) async throws {
        try await ask(row, of: try await SecurityFixture.get().api, SecurityFixture.apiCallers)
    }

    @Test("a store's route", arguments: SecurityTable.admin)
    func admin(_ row: SecurityRow) async throws {
        try await ask(row, of: try await SecurityFixture.get().admin, SecurityFixture.adminCallers)
    }

    private func ask(_ row: SecurityRow, of service: ServiceProcess, _ callers: [SecurityRow.Caller]) async throws {
        let fixture = try await SecurityFixture.get()
        for caller in callers {
            let client = try await fixture.client(of: service, as: caller)
            let expected = row.rule.answer(to: caller)
            if row.method == "GET" {
                let head = try await client.send("HEAD", row.path)
                #expect(head.status == expected.status, "HEAD \(row.path) by \(caller)")
                // A stream has no end; its head is the same.
                if head.header("content-type")?.hasPrefix("text/event-stream") == true { continue }
            }
            let reply = try await client.send(
                row.method, row.path, headers: row.body == nil ? [:] : ["Content-Type": "application/json"],
                body: row.body?.bytes)
            let answer = SecurityRow.Answer(
                reply.status, reply.json["result"]["result_code"].int, location: reply.header("location"))
            var wanted = expected
            if expected.location == nil, reply.status == 201 { wanted.location = reply.header("location") }
            #expect(answer == wanted, "\(row) by \(caller): \(reply.text.prefix(200))")
        }
    }

    @Test("every file of the pages is there for everybody, and tells nothing of anybody")
    func files() async throws {
        let fixture = try await SecurityFixture.get()
        for service in [fixture.api, fixture.admin] {
            let files = fixture.routes(of: service).filter(isFile)
            #expect(files.count > 5)
            for file in files {
                #expect(try await service.http.get(String(file.dropFirst("GET ".count))).status == 200, "\(file)")
            }
        }
    }

    @Test("a request that changes something and comes from a foreign page is refused on every route")
    func foreignOrigins() async throws {
        let fixture = try await SecurityFixture.get()
        var count = 0
        for (service, caller, cookie) in [
            (fixture.api, SecurityFixture.Caller.customer, "user_session=x"), (fixture.admin, .master, nil),
        ] {
            for route in fixture.routes(of: service).sorted() where !route.hasPrefix("GET ") {
                let parts = route.split(separator: " ")
                let path = parts[1].replacing(/\{[a-z_]+\}/, with: "1")
                for origin in [
                    "http://evil.example", "null", "https://127.0.0.1:1",
                    "http://127.0.0.1:\(service.port).evil.example",
                    "http://127.0.0.1", "file://",
                ] {
                    var client = try await fixture.client(of: service, as: caller)
                    if let cookie { client = client.with(cookie: cookie) }
                    let reply = try await client.send(String(parts[0]), String(path), headers: ["Origin": origin])
                    #expect(reply.status == 403, "\(route) from \(origin)")
                    #expect(reply.json["result"]["result_code"].int == 403)
                    #expect(reply.header("set-cookie") == nil)
                    count += 1
                }
            }
        }
        #expect(count >= 8 * 6)
        // Nor may a foreign page log somebody in, which needs no cookie.
        for (service, name) in [(fixture.admin, "owner1"), (fixture.api, "customer")] {
            let login = try await service.http.send(
                "POST", "/login",
                headers: ["Origin": "http://evil.example", "Content-Type": "application/x-www-form-urlencoded"],
                body: Array("email=\(name)%40example.com&password=password".utf8))
            #expect(login.status == 403 && login.header("set-cookie") == nil)
        }
    }

    @Test("pages and replies carry the headers that keep foreign pages out")
    func headers() async throws {
        let fixture = try await SecurityFixture.get()
        let owner = try await fixture.client(of: fixture.admin, as: .master)
        for path in ["/login", "/main"] {
            let page = try await owner.get(path)
            #expect(page.status == 200)
            #expect(page.header("content-security-policy")?.contains("default-src 'self'") == true)
            #expect(page.header("content-security-policy")?.contains("unsafe") == false)
            #expect(page.header("x-frame-options") == "DENY")
            #expect(page.header("cross-origin-opener-policy") == "same-origin")
            #expect(page.header("referrer-policy") == "same-origin")
            #expect(page.header("permissions-policy")?.contains("camera=()") == true)
        }
        for path in ["/main", "/assets/store-main.js", "/api/store-user/me", "/api/nothing", "/health/live"] {
            let reply = try await owner.get(path)
            #expect(reply.header("x-content-type-options") == "nosniff", "\(path)")
            #expect(reply.header("cross-origin-resource-policy") == "same-origin", "\(path)")
            // Only what a browser reaches by https may say this.
            #expect(reply.header("strict-transport-security") == nil)
            #expect(reply.header("access-control-allow-origin") == nil)
            #expect(reply.header("server") == nil)
        }
        #expect(try await owner.get("/api/store-user/me").header("cache-control") == "no-store")
        #expect(try await owner.get("/main").header("cache-control") == "private, no-cache")
    }

    @Test(
        "behind https the cookie is Secure and browsers are told to stay with https",
        arguments: [("store-admin", "owner1"), ("api", "customer")])
    func https(program: String, name: String) async throws {
        let folder = try TemporaryFolder("https")
        defer { folder.remove() }
        let service = try await ServiceProcess.start(
            program,
            environment: [
                "RABBITMQ_URL": "amqp://127.0.0.1:\(try FreePort.next())/", "DATABASE_PATH": folder.file("a.db"),
                "DEMO_DATA": "1", "PUBLIC_ORIGIN": "https://shop.example",
            ])
        let login = try await service.http.send(
            "POST", "/login", headers: ["Origin": "https://shop.example", "Content-Type": "application/json"],
            body: JSONValue.object(["email": .string("\(name)@example.com"), "password": "password"]).bytes)
        #expect(login.status == 200)
        #expect(login.header("strict-transport-security") == "max-age=31536000")
        let cookie = try #require(login.header("set-cookie"))
        for attribute in ["; HttpOnly", "; SameSite=Lax", "; Secure", "; Path=/"] {
            #expect(cookie.contains(attribute), "\(attribute) in \(cookie)")
        }
        #expect(!cookie.contains("Domain"))
        // What the Host header says no longer counts.
        let other = try await service.http.send(
            "POST", "/logout", headers: ["Origin": "http://127.0.0.1:\(service.port)", "Cookie": "user_session=x"])
        #expect(other.status == 403)
        try await service.kill()
    }
}
