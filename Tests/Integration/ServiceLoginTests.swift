import Support
import Testing

extension ServiceTests {
    @Suite("Store users, their login and their pages", .serialized)
    struct LoginTests {
        @Test("the form leads to the page with a session cookie that scripts cannot read; logging out ends it")
        func form() async throws {
            let http = try await ServiceFixture.get().pair.admin.http
            for path in ["/", "/main"] {
                let closed = try await http.get(path)
                #expect(closed.status == 303)
                #expect(closed.header("location") == "/login")
            }
            let page = try await http.get("/login")
            #expect(page.status == 200)
            #expect(page.header("content-type") == "text/html; charset=utf-8")
            try expectPolicy(page)

            let login = try await http.post("/login", form: ["email": "owner1@example.com", "password": "password"])
            #expect(login.status == 303)
            #expect(login.header("location") == "/main")
            let attributes = try #require(login.header("set-cookie")).split(separator: "; ").dropFirst().map(
                String.init)
            #expect(attributes.contains("HttpOnly"))
            #expect(attributes.contains("SameSite=Lax"))
            #expect(attributes.contains("Path=/"))
            #expect(!attributes.contains("Secure"))
            let first = try #require(login.cookie("store_session"))
            let browser = http.with(cookie: "store_session=\(first)")
            let main = try await browser.get("/main")
            #expect(main.status == 200)
            #expect(main.text.contains("<template id=\"order-card\">"))
            try expectPolicy(main)

            let again = try await browser.post(
                "/login", form: ["email": "owner1@example.com", "password": "password"])
            let second = try #require(again.cookie("store_session"))
            #expect(second != first)
            #expect(try await browser.get("/api/store-user/me").status == 401)
            let renewed = http.with(cookie: "store_session=\(second)")
            #expect(try await renewed.get("/api/store-user/me").status == 200)

            let logout = try await renewed.post("/logout", form: [:])
            #expect(logout.status == 303)
            #expect(logout.header("location") == "/login")
            #expect(logout.header("set-cookie")?.contains("Max-Age=0") == true)
            let gone = try await renewed.get("/api/store-user/me")
            #expect(gone.status == 401)
            #expect(gone.json["result"]["result_code"].int == 2000)
            #expect(try await renewed.get("/main").status == 303)
        }

        @Test("a wrong password gives the page with its error to a form, and 1406 to JSON, and no cookie")
        func wrongPassword() async throws {
            let http = try await ServiceFixture.get().pair.admin.http
            let form = try await http.post("/login", form: ["email": "owner1@example.com", "password": "wrong"])
            #expect(form.status == 401)
            #expect(form.header("content-type") == "text/html; charset=utf-8")
            #expect(form.header("set-cookie") == nil)
            #expect(form.text.contains("이메일 또는 비밀번호가 맞지 않습니다."))
            #expect(!form.text.contains(#"data-text="login.refused" hidden"#))
            var replies: [HTTPResponse] = []
            for email in ["owner1@example.com", "nobody@example.com", "no address"] {
                replies.append(
                    try await http.post("/login", json: ["email": .string(email), "password": "wrong password"]))
            }
            for reply in replies {
                #expect(reply.status == 401)
                #expect(reply.json["result"]["result_code"].int == 1406)
                #expect(reply.json == replies[0].json)
                #expect(reply.header("set-cookie") == nil)
            }
            let json = try await http.post("/login", json: ["email": "owner1@example.com", "password": "password"])
            #expect(json.status == 200)
            #expect(json.json["result"]["result_code"].int == 200)
            #expect(json.cookie("store_session") != nil)
        }

        @Test("a new name makes a store with its MASTER; only an own MASTER adds users to a store")
        func roles() async throws {
            let pair = try await ServiceFixture.get().pair
            let people = try await People.get()
            let run = UInt32.random(in: .min ... .max)
            func register(
                _ store: String, _ email: String, _ role: String, by session: String? = nil
            ) async throws -> HTTPResponse {
                let client = session.map { pair.admin.http.with(cookie: $0) } ?? pair.admin.http
                return try await client.post(
                    "/open-api/store-user",
                    json: [
                        "store_name": .string(store), "email": .string("\(email)-\(run)@example.com"),
                        "password": "password", "role": .string(role),
                    ])
            }
            let own = "한솥부엌 홍대점"
            let stranger = try await register(own, "a", "USER")
            #expect(stranger.status == 403)
            #expect(stranger.json["result"]["result_code"].int == 403)
            let rival = try await pair.session("owner2@example.com")
            #expect(try await register(own, "a", "USER", by: rival).status == 403)
            let member = try await register(own, "a", "USER", by: people.session)
            #expect(member.status == 201)
            #expect(member.json["body"]["user"]["role"].string == "USER")
            #expect(member.json["body"]["store"]["name"].string == own)
            let user = try await pair.session("a-\(run)@example.com")
            #expect(try await register(own, "b", "USER", by: user).status == 403)
            let taken = try await register(own, "a", "USER", by: people.session)
            #expect(taken.status == 409)
            #expect(taken.json["result"]["result_code"].int == 1405)
            #expect(try await register("가게 \(run)", "c", "USER").status == 400)
            let wrongRole = try await register("가게 \(run)", "c", "KING")
            #expect(wrongRole.status == 400)
            #expect(wrongRole.json["result"]["result_description"].string?.contains("role") == true)
            let master = try await register("가게 \(run)", "c", "MASTER")
            #expect(master.status == 201)
            #expect(!master.text.contains("password"))

            let me = pair.admin.http.with(cookie: try await pair.session("c-\(run)@example.com"))
            let reply = try await me.get("/api/store-user/me").json["body"]
            #expect(reply["user"]["email"].string == "c-\(run)@example.com")
            #expect(reply["user"]["role"].string == "MASTER")
            #expect(reply["user"]["status"].string == "REGISTERED")
            #expect(reply["store"]["name"].string == "가게 \(run)")
            #expect(try await me.get("/api/user-order/current").json["body"].array.isEmpty)
        }

        @Test("a request that changes something and comes from a foreign page is refused")
        func origins() async throws {
            let pair = try await ServiceFixture.get().pair
            let owner = pair.admin.http.with(cookie: try await People.get().session)
            func push(_ origin: String?) async throws -> Int {
                try await owner.post(
                    "/api/sse/push-event", json: [:], headers: origin.map { ["Origin": $0] } ?? [:]
                ).status
            }
            #expect(try await push("http://evil.example") == 403)
            #expect(try await push("null") == 403)
            #expect(try await push("http://127.0.0.1:1") == 403)
            #expect(try await push("http://127.0.0.1:\(pair.admin.port)") == 200)
            #expect(try await push(nil) == 200)
            let read = try await owner.get("/api/store-user/me", headers: ["Origin": "http://evil.example"])
            #expect(read.status == 200)
            #expect(read.header("access-control-allow-origin") == nil)
        }

        /// Neither scripts nor styles that stand in the page, and nobody may frame it.
        private func expectPolicy(_ page: HTTPResponse) throws {
            let policy = try #require(page.header("content-security-policy"))
            #expect(policy.contains("default-src 'self'"))
            #expect(!policy.contains("unsafe-inline"))
            #expect(policy.contains("frame-ancestors 'none'"))
            #expect(page.header("x-content-type-options") == "nosniff")
        }
    }
}
