import Support
import Testing

extension ServiceTests {
    @Suite("The store's event stream", .serialized)
    struct StreamTests {
        @Test("a stream opens with its place in the log; a new order is an unnamed event with the order and its menus")
        func contract() async throws {
            let pair = try await ServiceFixture.get().pair
            let people = try await People.get()
            let stream = pair.stream(people.session)
            try await stream.connect()
            let head = stream.response
            #expect(head?.status == 200)
            #expect(head?.header("content-type") == "text/event-stream; charset=utf-8")
            #expect(head?.header("cache-control") == "no-store")
            #expect(head?.header("x-accel-buffering") == "no")
            #expect(head?.header("content-encoding") == nil)
            #expect(head?.header("x-request-id")?.count == 32)
            let opening = try await stream.event("onopen") { _ in true }
            #expect(opening.event == "onopen")
            #expect(opening.data == #""connect""#)
            let position = try #require(Int(opening.id))
            #expect(stream.retry == 2000)

            let id = try await pair.order(people.customer, menus: [1, 2, 2], note: "문 앞에 놓아 주세요")
            try await stream.waitForOrders([id])
            let event = try #require(stream.messages.first)
            #expect(try #require(Int(event.id)) > position)
            #expect(!event.data.contains("\n"))
            let order = event.json["user_order_response"]
            #expect(order["id"].int == id)
            #expect(order["store_id"].int == 1)
            #expect(order["status"].string == "ORDER")
            #expect(order["amount"].int == 27_000)
            #expect(order["note"].string == "문 앞에 놓아 주세요")
            #expect(order["ordered_at"].string?.contains("T") == true)
            #expect(order["items"].array.map { $0["store_menu_id"].int } == [1, 2])
            #expect(order["items"].array.map { $0["quantity"].int } == [1, 2])
            #expect(order["items"][1]["name"].string == "제육볶음 정식")
            #expect(order["items"][1]["amount"].int == 9500)
            let menus = event.json["store_menu_responses"]
            #expect(menus.array.map { $0["id"].int } == [1, 2])
            for member in ["store_id", "name", "amount", "status", "thumbnail_url", "like_count", "sequence"] {
                #expect(!menus[0][member].isNull, "\(member)")
            }
            stream.close()
        }

        @Test("every tab of the store sees an order, and nobody else's does")
        func tabs() async throws {
            let pair = try await ServiceFixture.get().pair
            let people = try await People.get()
            let other = try await pair.session("owner2@example.com")
            let own = (0..<3).map { _ in pair.stream(people.session) }
            let rival = pair.stream(other)
            for stream in own + [rival] {
                try await stream.connect()
                try await stream.event("onopen") { $0.event == "onopen" }
            }
            let first = try await pair.order(people.customer)
            let second = try await pair.order(people.customer, store: 2, menus: [6])
            try await rival.waitForOrders([second])
            for stream in own {
                try await stream.waitForOrders([first])
                #expect(stream.orders == [first])
                stream.close()
            }
            #expect(rival.orders == [second])
            rival.close()
        }

        @Test("a cursor comes from Last-Event-ID or from the query, and the header wins")
        func cursors() async throws {
            let pair = try await ServiceFixture.get().pair
            let people = try await People.get()
            let id = try await pair.order(people.customer)
            func stream(_ query: String, _ header: String?) -> EventStreamClient {
                EventStreamClient(
                    port: pair.admin.port, path: "/api/sse/connect\(query)", headers: ["Cookie": people.session],
                    lastEventID: header)
            }
            for (query, header) in [("?last_event_id=0", nil), ("", "0"), ("?last_event_id=99999999", "0")] {
                let stream = stream(query, header)
                try await stream.connect()
                try await stream.waitForOrders([id])
                #expect(stream.events.first?.event == "onopen")
                #expect(stream.events.first?.id == "0")
                stream.close()
            }
            let beyond = stream("?last_event_id=99999999", nil)
            try await beyond.connect()
            try await beyond.waitForOrders([id])
            #expect(beyond.events.first?.event == "reset")
            beyond.close()

            // The snapshot's cursor misses nothing that is not in the snapshot.
            let owner = pair.admin.http.with(cookie: people.session)
            let snapshot = try await owner.get("/api/user-order/current").json
            let position = try #require(snapshot["last_event_id"].int)
            let next = try await pair.order(people.customer)
            let live = stream("", "\(position)")
            try await live.connect()
            try await live.waitForOrders([next])
            let known = Set(snapshot["body"].array.compactMap { $0["user_order_response"]["id"].int })
            #expect(Set(live.orders).isDisjoint(with: known))
            live.close()
        }

        @Test("without a session, with a wrong one or with a wrong cursor there is no stream")
        func refusals() async throws {
            let pair = try await ServiceFixture.get().pair
            let session = try await People.get().session
            let path = "/api/sse/connect"
            let none = try await pair.admin.http.get(path)
            #expect(none.status == 401)
            #expect(none.json["result"]["result_code"].int == 2003)
            let wrong = try await pair.admin.http.with(cookie: "store_session=wrong").get(path)
            #expect(wrong.status == 401)
            #expect(wrong.json["result"]["result_code"].int == 2000)
            let owner = pair.admin.http.with(cookie: session)
            for query in ["?last_event_id=-1", "?last_event_id=x", "?last_event_id=99999999999999999999"] {
                let reply = try await owner.get(path + query)
                #expect(reply.status == 400)
                #expect(reply.json["result"]["result_description"].string?.contains("last_event_id") == true)
            }
            let head = try await owner.send("HEAD", path)
            #expect(head.status == 200)
            #expect(head.header("content-type") == "text/event-stream; charset=utf-8")
            #expect(try await owner.get("/api/store-user/me").status == 200)
            #expect(try await owner.send("POST", path).status == 405)
        }

        @Test("a replay of more than may wait for one stream arrives whole")
        func longReplay() async throws {
            let pair = try await ServiceFixture.get().pair
            let session = try await pair.session("owner3@example.com")
            let owner = pair.admin.http.with(cookie: session)
            let text = String(repeating: "x", count: 15_000)
            var pushed: [String] = []
            for _ in 0..<100 {
                let reply = try await owner.post("/api/sse/push-event", json: ["data": .string(text)])
                pushed.append("\(try #require(reply.json["body"]["id"].int))")
            }
            let stream = pair.stream(session, after: "0")
            try await stream.connect()
            let last = try #require(pushed.last)
            try await stream.event("the last push") { $0.id == last }
            #expect(stream.events.filter { $0.event == "push" }.map(\.id) == pushed)
            stream.close()
        }

        @Test("logging out ends the session's streams, and no other's")
        func logout() async throws {
            let pair = try await ServiceFixture.get().pair
            let sessions = [try await pair.session("owner3@example.com"), try await pair.session("owner3@example.com")]
            let streams = sessions.map { pair.stream($0) }
            for stream in streams {
                try await stream.connect()
                try await stream.event("onopen") { $0.event == "onopen" }
            }
            #expect(try await pair.admin.http.with(cookie: sessions[0]).send("POST", "/logout").status == 200)
            try await streams[0].waitForEnd()
            let other = pair.admin.http.with(cookie: sessions[1])
            #expect(try await other.send("POST", "/api/sse/push-event").status == 200)
            try await streams[1].event("push") { $0.event == "push" }
            streams[1].close()
        }

        @Test("a push reaches every tab of the store; without a session it is refused")
        func push() async throws {
            let pair = try await ServiceFixture.get().pair
            let session = try await People.get().session
            let streams = (0..<2).map { _ in pair.stream(session) }
            for stream in streams {
                try await stream.connect()
                try await stream.event("onopen") { $0.event == "onopen" }
            }
            let owner = pair.admin.http.with(cookie: session)
            let reply = try await owner.post("/api/sse/push-event", json: ["data": ["line": "one\ntwo"]])
            #expect(reply.status == 200)
            let id = try #require(reply.json["body"]["id"].int)
            for stream in streams {
                let event = try await stream.event("push") { $0.event == "push" }
                #expect(event.json["data"]["line"].string == "one\ntwo")
                #expect(event.id == "\(id)")
                stream.close()
            }
            #expect(try await owner.send("POST", "/api/sse/push-event").status == 200)
            #expect(try await pair.admin.http.post("/api/sse/push-event", json: [:]).status == 401)
            #expect(try await owner.get("/api/sse/push-event").status == 405)
            let big: JSONValue = ["data": .string(String(repeating: "x", count: 20_000))]
            #expect(try await owner.post("/api/sse/push-event", json: big).status == 413)
            #expect(try await owner.get("/api/store-user/me").status == 200)
        }
    }
}
