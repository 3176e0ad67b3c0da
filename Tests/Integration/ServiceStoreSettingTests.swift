import Delivery
import Support
import Testing

extension ServiceTests {
    @Suite("How a store runs", .serialized)
    struct StoreSettingTests {
        @Test("settings are told to the tabs and seen by customers; what is wrong with them is named")
        func settings() async throws {
            let store = try await StoreThree.get()
            let stream = try await store.openStream()
            let changed = try await store.set(["busy_minutes": 10, "unknown": 1])
            #expect(changed.status == 200, "\(changed.text)")
            let wanted: Support.JSONValue = [
                "auto_accept": false, "default_prep_minutes": 20, "busy_minutes": 10, "paused_until": nil,
                "area_codes": [],
            ]
            #expect(changed.json["body"] == wanted)
            #expect(try await store.owner.get("/api/store/settings").json["body"] == wanted)
            #expect(try await stream.event("store-settings") { $0.event == "store-settings" }.json == wanted)
            let shown = try await storeOfCustomer(store)
            #expect(shown["busy_minutes"].int == 10 && shown["estimated_minutes"].int == 30)
            #expect(shown["paused_until"].isNull && shown["name"].string != nil)
            for (body, field) in [
                (["busy_minutes": -1], "busy_minutes"), (["default_prep_minutes": 0], "default_prep_minutes"),
                (["paused_until": "2020-01-01T00:00:00Z"], "paused_until"), (["auto_accept": 1], "auto_accept"),
                (["area_codes": [""]], "area_codes[0]"),
            ] as [(Support.JSONValue, String)] {
                let reply = try await store.set(body)
                #expect(reply.status == 400, "\(reply.text)")
                #expect(reply.json["result"]["result_description"].string?.hasPrefix(field) == true, "\(reply.text)")
            }
            #expect(try await store.set(["busy_minutes": 0]).status == 200)
            #expect(stream.events.filter { $0.event == "store-settings" }.count <= 2)
            stream.close()
        }

        @Test("a paused store takes no orders, one that delivers elsewhere neither, and both are told apart")
        func refusals() async throws {
            let store = try await StoreThree.get()
            let order: Support.JSONValue = ["store_id": 3, "store_menu_id_list": [10]]
            let until = soon()
            #expect(try await store.set(["paused_until": .string(until)]).json["body"]["paused_until"].string == until)
            let paused = try await store.customer.post("/api/user-order", json: order)
            #expect(paused.status == 409 && paused.code == 3006, "\(paused.text)")
            #expect(paused.json["result"]["result_description"].string?.contains(until) == true)
            #expect(try await storeOfCustomer(store)["paused_until"].string == until)
            #expect(try await store.set(["paused_until": nil, "area_codes": ["제주 서귀포시"]]).status == 200)
            let outside = try await store.customer.post("/api/user-order", json: order)
            #expect(outside.status == 422 && outside.code == 3005, "\(outside.text)")
            let inside = try await store.customer.post(
                "/api/user-order",
                json: ["store_id": 3, "store_menu_id_list": [10], "address": "제주특별자치도 서귀포시 중앙로 1"])
            #expect(inside.status == 201, "\(inside.text)")
            #expect(inside.json["body"]["address"].string == "제주특별자치도 서귀포시 중앙로 1")
            #expect(try await store.set(["area_codes": []]).status == 200)
            #expect(try await store.order() > 0)
        }

        @Test("a menu that is sold out is told to the tabs, shown to customers and cannot be ordered")
        func soldOut() async throws {
            let store = try await StoreThree.get()
            let stream = try await store.openStream()
            func ask(_ path: String, _ body: Support.JSONValue = [:]) async throws -> HTTPResponse {
                try await store.owner.post("/api/store-menu/\(path)", json: body)
            }
            let until = soon()
            let reply = try await ask("12/sold-out", ["until": .string(until)])
            #expect(reply.status == 200, "\(reply.text)")
            let menu = reply.json["body"]
            #expect(menu["id"].int == 12 && menu["sold_out"].bool == true)
            #expect(menu["sold_out_until"].string == until)
            #expect(try await stream.event("store-menu") { $0.event == "store-menu" }.json == menu)
            #expect(try await store.owner.get("/api/store-menu").json["body"].array.contains(menu))
            let shown = try await store.customer.get("/api/store-menu/search?storeId=3").json["body"].array
            #expect(shown.map { $0["sold_out"].bool } == [false, false, true, false])
            let refused = try await store.customer.post(
                "/api/user-order", json: ["store_id": 3, "store_menu_id_list": [10, 12]])
            #expect(refused.status == 409 && refused.code == 3002, "\(refused.text)")
            let open = try await store.owner.send("POST", "/api/store-menu/12/sold-out")
            #expect(open.json["body"]["sold_out"].bool == true && open.json["body"]["sold_out_until"].isNull)
            #expect(try await ask("12/on-sale").json["body"]["sold_out"].bool == false)
            #expect(try await store.order(menus: [10, 12]) > 0)
            #expect(try await ask("12/sold-out", ["until": "2020-01-01T00:00:00Z"]).status == 400)
            #expect(try await ask("12/sold-out", ["until": "tomorrow"]).status == 400)
            for path in ["1/sold-out", "99/on-sale", "x/sold-out", "0/on-sale", "9223372036854775808/on-sale"] {
                let reply = try await ask(path)
                #expect(reply.status == 404 && reply.code == 3405, "\(path): \(reply.text)")
            }
            stream.close()
        }

        @Test("the day in figures counts what happens")
        func summary() async throws {
            let store = try await StoreThree.get()
            func summary() async throws -> Support.JSONValue {
                try await store.owner.get("/api/store/summary").json["body"]
            }
            let before = try await summary()
            let (kept, rejected) = (try await store.announcedOrder(menus: [13]), try await store.announcedOrder())
            for step in ["accept", "start-cooking", "finish-cooking"] {
                #expect(try await store.step(step, kept).status == 200)
            }
            #expect(try await store.step("reject", rejected, ["reason": "KITCHEN_CLOSED"]).status == 200)
            let after = try await summary()
            func grown(_ name: String) -> Int { (after[name].int ?? 0) - (before[name].int ?? 0) }
            #expect(grown("orders") == 2 && grown("rejected") == 1 && grown("open") == 1)
            #expect(grown("sales") == 10_000)
            #expect(after["average_accept_seconds"].int != nil && after["average_cooking_seconds"].int != nil)
            #expect(after["menus"].array.contains { $0["store_menu_id"].int == 13 })
            #expect(try await store.owner.get("/api/store/summary?day=2020-02-29").json["body"]["orders"].int == 0)
            for day in ["2020-02-30", "today", "2020-1-1"] {
                #expect(try await store.owner.get("/api/store/summary?day=\(day)").status == 400)
            }
        }

        @Test("a store that accepts by itself: waiting orders too, each once at two instances, with the busy minutes")
        func autoAccept() async throws {
            let store = try await StoreThree.get()
            let another = try await store.pair.startAnother()
            let stream = try await store.openStream()
            var ids = [try await store.announcedOrder()]
            let settings = try await store.set(["auto_accept": true, "default_prep_minutes": 30, "busy_minutes": 5])
            #expect(settings.status == 200, "\(settings.text)")
            #expect(try await store.find(ids[0])["user_order_response"]["status"].string == "ACCEPT")
            for index in 0..<20 {
                let pair = index.isMultiple(of: 2) ? store.pair : another
                ids.append(try await pair.order(pair.customer(store.customer), store: 3, menus: [10]))
            }
            let wanted = ids
            try await eventually("all are accepted") {
                let accepted = stream.events.filter { $0.json["action"].string == "ACCEPT" }
                return Set(wanted).isSubset(of: accepted.compactMap { $0.json["id"].int })
            }
            for id in ids {
                let entry = try await store.find(id)
                #expect(entry["timeline"].array.map { $0["action"].string } == ["PLACE", "ACCEPT"])
                #expect(entry["timeline"][1]["actor"].string == "SYSTEM")
                #expect(entry["user_order_response"]["prep_minutes"].int == 35)
                let events = stream.events.filter { $0.orderID == id || $0.json["id"].int == id }
                #expect(events.map(\.event) == ["message", "order-status"], "order \(id)")
            }
            #expect(
                try await store.set(["auto_accept": false, "default_prep_minutes": 20, "busy_minutes": 0]).status == 200
            )
            let waits = try await store.announcedOrder()
            #expect(try await store.find(waits)["user_order_response"]["status"].string == "ORDER")
            stream.close()
            try await another.stop()
        }

        @Test("a USER of the store is busy, pauses and sells out; how the store is run is not theirs")
        func roles() async throws {
            let store = try await StoreThree.get()
            let name = try await store.owner.get("/api/store-user/me").json["body"]["store"]["name"]
            let email = "user\(UInt32.random(in: .min ... .max))@example.com"
            let registered = try await store.owner.post(
                "/open-api/store-user",
                json: ["store_name": name, "email": .string(email), "password": "password", "role": "USER"])
            #expect(registered.status == 201, "\(registered.text)")
            let user = store.pair.admin.http.with(cookie: try await store.pair.session(email))
            func set(_ settings: Support.JSONValue) async throws -> HTTPResponse {
                try await user.send(
                    "PUT", "/api/store/settings", headers: ["Content-Type": "application/json"], body: settings.bytes)
            }
            #expect(try await set(["busy_minutes": 5, "paused_until": nil, "auto_accept": false]).status == 200)
            #expect(try await set(["busy_minutes": 0]).status == 200)
            for settings in [["auto_accept": true], ["default_prep_minutes": 30], ["area_codes": ["서울"]]]
                as [Support.JSONValue]
            {
                let reply = try await set(settings)
                #expect(reply.status == 403 && reply.code == 403, "\(reply.text)")
            }
            #expect(try await user.post("/api/store-menu/11/sold-out", json: [:]).status == 200)
            #expect(try await user.post("/api/store-menu/11/on-sale", json: [:]).status == 200)
            #expect(
                try await user.post("/api/user-order/\(try await store.announcedOrder())/accept", json: [:]).status
                    == 200)
        }

        // MARK: Helpers

        private func storeOfCustomer(_ store: StoreThree) async throws -> Support.JSONValue {
            try await store.customer.get("/api/store/search?category=CHICKEN").json["body"].array
                .first { $0["id"].int == 3 } ?? .null
        }

        /// An hour from now, as the services write it.
        private func soon() -> String {
            "\(Timestamp.now.adding(.seconds(3600)))"
        }
    }
}
