import AMQP
import Support
import Testing

extension ServiceTests {
    @Suite("The dead letters and their operators", .serialized)
    struct DeadLetterTests {
        private static let unknown = String(repeating: "0", count: 64)
        private static let paths = [
            ("GET", "/api/dead-letter"), ("POST", "/api/dead-letter/\(unknown)/replay"),
            ("DELETE", "/api/dead-letter/\(unknown)"),
        ]

        @Test("are shown and changed for operators alone")
        func roles() async throws {
            let fixture = try await ServiceFixture.get()
            let http = fixture.pair.admin.http
            let people = try await People.get()
            let users: [(String?, Int, Int)] = [
                (nil, 401, 2003), ("store_session=nobody's", 401, 2000), (people.session, 403, 403),
            ]
            for (cookie, status, code) in users {
                for (method, path) in Self.paths {
                    let reply = try await http.send(method, path, headers: cookie.map { ["Cookie": $0] } ?? [:])
                    #expect(reply.status == status, "\(method) \(path) \(cookie ?? "")")
                    #expect(reply.json["result"]["result_code"].int == code)
                    #expect(reply.json["body"].isNull)
                }
            }
            let operating = http.with(cookie: try await operatorSession(fixture.pair))
            let list = try await operating.get("/api/dead-letter")
            #expect(list.status == 200)
            #expect(list.json["total"].int == list.json["body"].array.count)
            #expect(list.header("cache-control") == "no-store")
            for (method, path) in Self.paths.dropFirst() {
                #expect(try await operating.send(method, path).status == 404)
                let foreign = try await operating.send(method, path, headers: ["Origin": "http://example.com"])
                #expect(foreign.status == 403)
            }
            for id in ["1", "x", Self.unknown.uppercased() + "0", String(repeating: "A", count: 64), "%2e%2e"] {
                #expect(try await operating.send("DELETE", "/api/dead-letter/\(id)").status == 404, "\(id)")
            }
            #expect(try await operating.send("DELETE", "/api/dead-letter").status == 405)
            #expect(try await operating.get("/api/user-order/current").status == 403)
        }

        @Test("have a page, to which an operator comes by the login, and nobody else")
        func page() async throws {
            let fixture = try await ServiceFixture.get()
            let http = fixture.pair.admin.http
            let login = try await http.post("/login", form: ["email": "operator@example.com", "password": "password"])
            #expect(login.status == 303)
            let session = "store_session=\(login.cookie("store_session") ?? "")"
            let main = try await http.get(try #require(login.header("location")), headers: ["Cookie": session])
            #expect(main.status == 303)
            #expect(main.header("location") == "/dead-letters")
            let page = try await http.get("/dead-letters", headers: ["Cookie": session])
            #expect(page.status == 200)
            #expect(page.text.contains("<template id=\"letter\">"))
            #expect(page.header("cache-control")?.contains("private") == true)
            #expect(page.header("content-security-policy")?.contains("default-src 'self'") == true)
            #expect(page.header("content-security-policy")?.contains("unsafe") == false)
            #expect(!page.text.contains(" style=") && !page.text.contains(" onclick=") && !page.text.contains("<style"))
            for part in page.text.split(separator: "\"") where part.hasPrefix("assets/") {
                #expect(try await http.get("/\(part)").status == 200, "\(part)")
            }

            let nobody = try await http.get("/dead-letters")
            #expect(nobody.status == 303 && nobody.header("location") == "/login")
            let owner = try await http.get("/dead-letters", headers: ["Cookie": try await People.get().session])
            #expect(owner.status == 303 && owner.header("location") == "/main")
        }

        @Test("show why a message is one; one is discarded, another arrives once when it is sent again after mending")
        func story() async throws {
            let fixture = try await ServiceFixture.get()
            let (pair, people) = (fixture.pair, try await People.get())
            let session = try await operatorSession(pair)
            let operating = pair.admin.http.with(cookie: session)
            let stream = pair.stream(people.session)
            try await stream.connect()
            try await stream.event("onopen") { $0.event == "onopen" }
            let order = try await pair.order(people.customer) + 1000
            let bodies = ["hello", #"{"user_order_id":\#(order)}"#, ServiceData.markup]
            try await AMQPConnection.withConnection(
                fixture.broker.url(virtualHost: fixture.virtualHost), name: "test"
            ) { connection in
                let channel = try await connection.openChannel()
                for body in bodies {
                    try await channel.publish(Array(body.utf8), to: "delivery.exchange", routingKey: "delivery.key")
                }
            }
            func list(_ http: HTTPTestClient) async throws -> [JSONValue] {
                try await http.get("/api/dead-letter").json["body"].array
            }
            try await eventually("three dead letters") { try await list(operating).count == 3 }
            let letters = try await list(operating).sorted {
                $0["beginning"].string ?? "" < $1["beginning"].string ?? ""
            }
            let (markup, hello, early) = (letters[0], letters[1], letters[2])
            #expect(letters.map { $0["beginning"].string } == [bodies[2], bodies[0], bodies[1]])
            #expect(hello["error"].string?.contains("UserOrderMessage") == true)
            #expect(early["error"].string?.contains("\(order)") == true)
            #expect(early["order_id"].int == order && hello["order_id"].isNull)
            #expect(letters.allSatisfy { ($0["attempts"].int ?? 0) >= 1 && $0["first_seen"].string != nil })
            #expect(hello["size"].int == 5)

            // Another instance, which shows the same and acts on the same.
            let second = try await ServiceProcess.start("store-admin", environment: pair.environment)
            let other = second.http.with(cookie: session)
            async let here = list(operating)
            async let there = list(other)
            #expect(try await (here, there) == (here, here))
            let ids = (hello["id"].string ?? "", early["id"].string ?? "", markup["id"].string ?? "")
            let discarded = try await other.send("DELETE", "/api/dead-letter/\(ids.0)")
            #expect(discarded.status == 200)
            #expect(discarded.json["body"] == hello)
            #expect(try await operating.send("DELETE", "/api/dead-letter/\(ids.0)").status == 404)

            try await ServiceData.insertUnannounced(order, at: try #require(pair.environment["DATABASE_PATH"]))
            async let once = operating.send("POST", "/api/dead-letter/\(ids.1)/replay").status
            async let again = other.send("POST", "/api/dead-letter/\(ids.1)/replay").status
            #expect(try await [once, again].sorted() == [200, 404])
            try await stream.waitForOrders([order])
            let left = try await list(operating)
            #expect(left == [markup])

            // What nothing has mended comes back, as a new one.
            #expect(try await operating.send("POST", "/api/dead-letter/\(ids.2)/replay").status == 200)
            try await eventually("it is back") {
                let back = try await list(operating)
                return back.count == 1 && back[0]["id"] != markup["id"] && back[0]["beginning"] == markup["beginning"]
            }
            for letter in try await list(other) {
                #expect(try await other.send("DELETE", "/api/dead-letter/\(letter["id"].string ?? "")").status == 200)
            }
            let last = try await pair.order(people.customer)
            try await stream.waitForOrders([last])
            #expect(stream.orders.filter { $0 == order }.count == 1)
            #expect(try await operating.get("/metrics").text.contains("dead_letters_replayed_total"))
            stream.close()
            try await second.terminate()
        }

        @Test("are away with the broker, which is told at once")
        func away() async throws {
            let folder = try TemporaryFolder("away")
            let admin = try await ServiceProcess.start(
                "store-admin",
                environment: [
                    "RABBITMQ_URL": "amqp://guest:guest@127.0.0.1:\(try FreePort.next())/",
                    "DATABASE_PATH": folder.file("delivery.db"), "DEMO_DATA": "1",
                ])
            let login = try await admin.http.post(
                "/login", json: ["email": "operator@example.com", "password": "password"])
            let session = "store_session=\(login.cookie("store_session") ?? "")"
            for (method, path) in Self.paths {
                let start = ContinuousClock.now
                let reply = try await admin.http.send(method, path, headers: ["Cookie": session])
                #expect(ContinuousClock.now - start < .seconds(2))
                #expect(reply.status == 503)
                #expect(reply.header("retry-after") == "2")
                #expect(reply.json["result"]["result_code"].int == 503)
            }
            #expect(try await admin.http.get("/dead-letters", headers: ["Cookie": session]).status == 200)
            try await admin.terminate()
            folder.remove()
        }

        private func operatorSession(_ pair: ServicePair) async throws -> String {
            try await pair.session("operator@example.com")
        }
    }
}
