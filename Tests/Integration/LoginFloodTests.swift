import Support
import Testing

@Suite("A flood of logins", .timeLimit(.minutes(2)))
struct LoginFloodTests {
    @Test("harms neither orders nor the logins of other clients, and gives its memory back")
    func flood() async throws {
        let folder = try TemporaryFolder("flood")
        defer { folder.remove() }
        let api = try await ServiceProcess.start(
            "api",
            environment: [
                "RABBITMQ_URL": "amqp://127.0.0.1:\(try FreePort.next())/", "DATABASE_PATH": folder.file("a.db"),
                "DEMO_DATA": "1", "TRUSTED_PROXIES": "127.0.0.1",
            ])
        let login: JSONValue = ["email": "customer@example.com", "password": "password"]
        let token = try await api.http.post("/open-api/user/login", json: login).json["body"]["access_token"].string
        let customer = api.http.with(token: try #require(token))
        let (before, memory) = (try await orders(customer), api.residentMemory)

        let flood = (0..<32).map { number in
            Task {
                let attacker = HTTPTestClient(
                    port: api.port, headers: ["X-Forwarded-For": "203.0.113.1"], timeout: 60)
                var statuses: [Int: Int] = [:]
                var round = 0
                while !Task.isCancelled {
                    round += 1
                    let reply = try await attacker.post(
                        "/open-api/user/login",
                        json: ["email": .string("a\(number)-\(round)@example.com"), "password": "wrong password"])
                    statuses[reply.status, default: 0] += 1
                }
                return statuses
            }
        }
        // The flood waits for the password thread by now.
        try await eventually("a login is refused") {
            try await failedLogins(api) > 0
        }
        let during = try await orders(customer)
        let other = api.http.with(headers: ["X-Forwarded-For": "198.51.100.7"])
        // Its turn comes after the one in work and at most two that are counted a moment later.
        let failed = try await failedLogins(api)
        #expect(try await other.post("/open-api/user/login", json: login).status == 200)
        let overtaken = try await failedLogins(api) - failed
        #expect(overtaken <= 4, "of the 31 that wait")
        for task in flood { task.cancel() }
        var statuses: [Int: Int] = [:]
        for task in flood { statuses.merge(try await task.value, uniquingKeysWith: +) }
        let text = { (times: [Duration]) in
            "p50 \(times[times.count / 2] / .milliseconds(1)) ms, p99 \(times[times.count * 99 / 100] / .milliseconds(1)) ms"
        }
        print(
            "orders alone: \(text(before)); in the flood: \(text(during)); before another's login: \(overtaken); flood: \(statuses)"
        )

        // Generous: other tests run meanwhile.
        #expect(during[150] < before[150] * 10 + .milliseconds(20))
        #expect(during[297] < before[297] * 10 + .milliseconds(100))
        #expect(statuses.keys.allSatisfy { [401, 503].contains($0) })
        try await eventually("the memory of scrypt is given back") { api.residentMemory < memory + (16 << 20) }
        try await api.kill()
    }

    private func failedLogins(_ api: ServiceProcess) async throws -> Int {
        let name = #"http_requests_total{method="POST",route="/open-api/user/login",status="401"} "#
        let line = try await api.http.get("/metrics").text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line.flatMap { Int($0.dropFirst(name.count)) } ?? 0
    }

    /// How long 300 orders took, one after the other, in order of the time.
    private func orders(_ customer: HTTPTestClient) async throws -> [Duration] {
        var times: [Duration] = []
        for _ in 0..<300 {
            let start = ContinuousClock.now
            let reply = try await customer.post("/api/user-order", json: ["store_id": 1, "store_menu_id_list": [1]])
            times.append(.now - start)
            #expect(reply.status == 201)
        }
        return times.sorted()
    }

    @Test("wrong logins end in 429 with Retry-After for a form and for JSON, and a right one from elsewhere goes on")
    func refused() async throws {
        let folder = try TemporaryFolder("limit")
        defer { folder.remove() }
        let admin = try await ServiceProcess.start(
            "store-admin",
            environment: [
                "RABBITMQ_URL": "amqp://127.0.0.1:\(try FreePort.next())/", "DATABASE_PATH": folder.file("a.db"),
                "DEMO_DATA": "1", "TRUSTED_PROXIES": "127.0.0.1",
            ])
        let attacker = admin.http.with(headers: ["X-Forwarded-For": "10.0.0.1, 203.0.113.1"])
        let wrong: JSONValue = ["email": "owner1@example.com", "password": "wrong password"]
        var refusal: HTTPResponse?
        for _ in 0..<20 where refusal == nil {
            let reply = try await attacker.post("/login", json: wrong)
            if reply.status != 401 { refusal = reply }
        }
        let reply = try #require(refusal)
        #expect(reply.status == 429)
        #expect(reply.json["result"]["result_code"].int == 429)
        #expect((1...30).contains(Int(try #require(reply.header("retry-after"))) ?? 0))
        // The right password does not help, and another invented address before the proxy's neither.
        let right: JSONValue = ["email": "owner1@example.com", "password": "password"]
        let invented = admin.http.with(headers: ["X-Forwarded-For": "10.0.0.2, 203.0.113.1"])
        #expect(try await invented.post("/login", json: right).status == 429)
        let form = try await attacker.post("/login", form: ["email": "owner1@example.com", "password": "password"])
        #expect(form.status == 429 && form.header("set-cookie") == nil)
        let owner = admin.http.with(headers: ["X-Forwarded-For": "198.51.100.7"])
        #expect(try await owner.post("/login", json: right).status == 200)
        #expect(try await admin.http.get("/metrics").text.contains("logins_limited_total 3"))
        try await admin.kill()
    }
}
