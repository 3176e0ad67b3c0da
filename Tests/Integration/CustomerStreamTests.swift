import Delivery
import SQLite
import Support
import Testing

extension ServiceTests {
    @Suite("The customer's cookie, steps and event stream", .serialized)
    struct CustomerStreamTests {
        private let login: Support.JSONValue = ["email": "customer@example.com", "password": "password"]

        private func session(_ pair: ServicePair, _ email: String = "customer@example.com") async throws -> String {
            let reply = try await pair.api.http.post(
                "/login", json: ["email": .string(email), "password": "password"])
            return "user_session=\(try #require(reply.cookie("user_session")))"
        }

        private func stream(
            _ pair: ServicePair, _ headers: [String: String], after id: String? = nil
        ) -> EventStreamClient {
            EventStreamClient(port: pair.api.port, path: "/api/sse/connect", headers: headers, lastEventID: id)
        }

        /// Does to an order what a store or a rider does, as another process.
        private func change(_ id: Int, _ actions: [(OrderAction, OrderActor)], _ pair: ServicePair) async throws {
            let database = try await DeliveryDatabase.open(
                path: pair.folder.file("delivery.db"), demoData: false)
            for (action, actor) in actions {
                try await database.write { db in
                    var change = OrderChange(action, by: actor)
                    if action == .accept { change.prepMinutes = 20 }
                    _ = try Orders.change(id, change, telling: OrderNews(instance: 0), in: db)
                }
            }
            await database.close()
        }

        @Test("the page is for everybody, and a form or JSON gets a cookie that scripts cannot read")
        func cookie() async throws {
            let http = try await ServiceFixture.get().pair.api.http
            let page = try await http.get("/")
            #expect(page.status == 200)
            #expect(page.header("content-type") == "text/html; charset=utf-8")
            #expect(page.header("content-security-policy")?.contains("default-src 'self'") == true)
            #expect(page.header("set-cookie") == nil)

            let form = try await http.post("/login", form: ["email": "customer@example.com", "password": "password"])
            #expect(form.status == 303)
            #expect(form.header("location") == "/")
            let attributes = try #require(form.header("set-cookie")).split(separator: "; ").dropFirst()
            #expect(Set(attributes.map(String.init)).isSuperset(of: ["HttpOnly", "SameSite=Lax", "Path=/"]))
            let first = http.with(cookie: "user_session=\(try #require(form.cookie("user_session")))")
            #expect(try await first.get("/api/user/me").json["body"]["email"].string == "customer@example.com")

            let second = try await first.post("/login", json: login)
            #expect(second.status == 200 && second.json["result"]["result_code"].int == 200)
            #expect(try await first.get("/api/user/me").status == 401)
            let browser = http.with(cookie: "user_session=\(try #require(second.cookie("user_session")))")
            let logout = try await browser.send("POST", "/logout")
            #expect(logout.status == 200)
            #expect(logout.header("set-cookie")?.contains("Max-Age=0") == true)
            #expect(try await browser.get("/api/user/me").json["result"]["result_code"].int == 2000)

            let wrong = try await http.post("/login", form: ["email": "customer@example.com", "password": "wrong"])
            #expect(wrong.status == 401 && wrong.header("set-cookie") == nil)
            #expect(wrong.header("content-type") == "text/html; charset=utf-8")
            let owner = try await http.post("/login", json: ["email": "owner1@example.com", "password": "password"])
            #expect(owner.status == 401 && owner.json["result"]["result_code"].int == 1406)
        }

        @Test("each change of an order is an event of its customer's stream and of nobody else's, behind the snapshot")
        func changes() async throws {
            let pair = try await ServiceFixture.get().pair
            let cookie = try await session(pair)
            let customer = pair.api.http.with(cookie: cookie)
            let id = try await pair.order(customer)
            let snapshot = try await customer.get("/api/user-order/current").json
            #expect(snapshot["body"].array.first?["user_order_response"]["id"].int == id)
            let position = try #require(snapshot["last_event_id"].int)
            let own = stream(pair, ["Cookie": cookie], after: "\(position)")
            let other = stream(pair, ["Cookie": try await session(pair, "customer2@example.com")])
            for stream in [own, other] {
                try await stream.connect()
                try await stream.event("onopen") { $0.event == "onopen" }
            }
            #expect(own.response?.header("content-type") == "text/event-stream; charset=utf-8")
            try await change(
                id,
                [
                    (.accept, .store(1)), (.startCooking, .store(1)), (.finishCooking, .store(1)),
                    (.startDelivery, .store(1)),
                ], pair)
            let confirmed = try await customer.send("POST", "/api/user-order/\(id)/confirm")
            #expect(confirmed.status == 200)
            let order = confirmed.json["body"]["user_order_response"]
            #expect(order["status"].string == "RECEIVE" && order["version"].int == 6)
            let timeline = confirmed.json["body"]["timeline"].array
            #expect(
                timeline.map { $0["action"].string } == [
                    "PLACE", "ACCEPT", "START_COOKING", "FINISH_COOKING", "START_DELIVERY", "CONFIRM",
                ])
            #expect(timeline.map { $0["actor"].string }.suffix(2) == ["STORE", "CUSTOMER"])
            try await own.event("the confirmation") { $0.json["status"].string == "RECEIVE" }
            let events = own.events.filter { $0.event == "order-status" }
            #expect(events.map { $0.json["id"].int } == Array(repeating: id, count: 5))
            #expect(events.map { $0.json["version"].int } == [2, 3, 4, 5, 6])
            #expect(events.first?.json["prep_minutes"].int == 20)
            #expect(events.first?.json["ready_at"].string?.contains("T") == true)
            let replay = stream(pair, ["Cookie": cookie], after: "\(position)")
            try await replay.connect()
            try await replay.event("the last one again") { $0.id == events.last?.id }
            #expect(replay.events.filter { $0.event == "order-status" }.map(\.id) == events.map(\.id))
            #expect(other.events.allSatisfy { $0.event != "order-status" })
            for stream in [own, other, replay] { stream.close() }
        }

        @Test("an order is cancelled once, and not when it is being cooked; what is on its way can be confirmed")
        func cancelling() async throws {
            let pair = try await ServiceFixture.get().pair
            let customer = pair.api.http.with(cookie: try await session(pair))
            let id = try await pair.order(customer)
            func post(_ action: String, _ id: Int) async throws -> HTTPResponse {
                try await customer.send("POST", "/api/user-order/\(id)/\(action)")
            }
            let early = try await post("confirm", id)
            #expect(early.status == 409 && early.json["result"]["result_code"].int == 3001)
            let cancelled = try await post("cancel", id)
            #expect(cancelled.json["body"]["user_order_response"]["status"].string == "CANCEL")
            #expect(try await post("cancel", id).json["result"]["result_code"].int == 3001)
            let history = try await customer.get("/api/user-order/history?limit=1").json["body"]
            #expect(history[0]["user_order_response"]["id"].int == id)

            let cooking = try await pair.order(customer)
            try await change(cooking, [(.accept, .store(1)), (.startCooking, .store(1))], pair)
            #expect(try await post("cancel", cooking).json["result"]["result_code"].int == 3001)
            let foreign = pair.api.http.with(cookie: try await session(pair, "customer2@example.com"))
            let reply = try await foreign.send("POST", "/api/user-order/\(cooking)/cancel")
            #expect(reply.status == 404 && reply.json["result"]["result_code"].int == 3000)
        }

        @Test("a stream ends with the session or the token that it was opened with, at any instance, and no other does")
        func endings() async throws {
            let pair = try await ServiceFixture.get().pair
            let another = try await pair.startAnother(isUp: false)
            let cookies = [try await session(pair), try await session(pair)]
            let tokens = try await pair.api.http.post("/open-api/user/login", json: login).json["body"]
            let token = try #require(tokens["access_token"].string)
            let streams = [
                stream(another, ["Cookie": cookies[0]]), stream(pair, ["Cookie": cookies[1]]),
                stream(another, ["authorization-token": token]),
            ]
            for stream in streams {
                try await stream.connect()
                try await stream.event("onopen") { $0.event == "onopen" }
            }
            #expect(try await pair.api.http.with(cookie: cookies[0]).send("POST", "/logout").status == 200)
            try await streams[0].waitForEnd()
            let refresh = try #require(tokens["refresh_token"].string)
            let logout = try await pair.api.http.with(token: token).post(
                "/open-api/user/logout", json: ["refresh_token": .string(refresh)])
            #expect(logout.status == 200)
            try await streams[2].waitForEnd()
            let again = try await pair.api.http.post(
                "/open-api/user/refresh", json: ["refresh_token": .string(refresh)])
            #expect(again.status == 401)
            let customer = pair.api.http.with(cookie: cookies[1])
            let id = try await pair.order(customer)
            _ = try await customer.send("POST", "/api/user-order/\(id)/cancel")
            try await streams[1].event("the cancellation") { $0.json["status"].string == "CANCEL" }
            streams[1].close()
            for (headers, code) in [([:], 2003), (["Cookie": cookies[0]], 2000)] {
                let refused = try await pair.api.http.get("/api/sse/connect", headers: headers)
                #expect(refused.status == 401 && refused.json["result"]["result_code"].int == code)
            }
            try await another.stop()
        }
    }
}
