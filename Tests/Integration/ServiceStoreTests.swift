import Foundation
import Support
import Testing

extension ServiceTests {
    @Suite("What a store does with its orders", .serialized)
    struct StoreTests {
        @Test("an order goes through every step; each is answered with the order and told to the tabs once")
        func steps() async throws {
            let store = try await StoreThree.get()
            let stream = try await store.openStream()
            let id = try await store.announcedOrder(note: "벨 누르지 마세요")
            let steps: [(String, JSONValue?, String)] = [
                ("accept", ["prep_minutes": 25, "unknown": [1]], "ACCEPT"), ("start-cooking", nil, "COOKING"),
                ("finish-cooking", ["body": [:]], "COOKED"), ("start-delivery", nil, "DELIVERY"),
                ("receive-delivery", nil, "DELIVERED"),
            ]
            for (step, body, status) in steps {
                let reply = try await store.step(step, id, body)
                #expect(reply.status == 200, "\(reply.text)")
                let order = reply.json["body"]["user_order_response"]
                #expect(order["id"].int == id && order["status"].string == status)
                #expect(order["prep_minutes"].int == 25 && order["ready_at"].string != nil)
                #expect(reply.json["body"]["timeline"].array.last?["status"].string == status)
                let event = try await stream.event("order-status \(status)") {
                    $0.event == "order-status" && $0.json["id"].int == id && $0.json["status"].string == status
                }
                #expect(event.json["actor"].string == "STORE" && event.json["changed_at"].string != nil)
                let again = try await store.step(step, id, body)
                #expect(again.status == 409 && again.code == 3001, "\(again.text)")
            }
            let moves = stream.events.filter { $0.event == "order-status" && $0.json["id"].int == id }
            #expect(moves.map { $0.json["version"].int } == [2, 3, 4, 5, 6])
            let seen = try await store.customer.get("/api/user-order/id/\(id)").json["body"]
            #expect(
                seen["timeline"].array.map { $0["action"].string } == [
                    "PLACE", "ACCEPT", "START_COOKING", "FINISH_COOKING", "START_DELIVERY", "RECEIVE_DELIVERY",
                ])
            #expect(seen["timeline"].array.dropFirst().allSatisfy { $0["actor"].string == "STORE" })
            stream.close()
        }

        @Test("a rejected order has its reason and note and is over; a bad body changes nothing")
        func reject() async throws {
            let store = try await StoreThree.get()
            let id = try await store.announcedOrder()
            for (body, says) in [
                (#"{}"#, "reason"), (#"{"reason":"BORED"}"#, "reason"), (#"{"reason":1}"#, "reason"),
                (#"{"reason":"OTHER","note":"\#(String(repeating: "x", count: 201))"}"#, "note"), ("", "empty"),
                (#"{"reason":"OTHER","expected_status":"x"}"#, "expected_status"), ("[", "JSON"),
            ] {
                let reply = try await store.owner.send(
                    "POST", "/api/user-order/\(id)/reject", headers: ["Content-Type": "application/json"],
                    body: Array(body.utf8))
                #expect(reply.status == 400 && reply.code == 400, "\(body): \(reply.text)")
                #expect(reply.json["result"]["result_description"].string?.contains(says) == true, "\(reply.text)")
            }
            #expect(try await store.step("accept", id, ["prep_minutes": 0]).status == 400)
            #expect(try await store.step("accept", id, ["prep_minutes": 241]).status == 400)
            #expect(try await store.find(id)["user_order_response"]["version"].int == 1)

            let reply = try await store.step("reject", id, ["reason": "OUT_OF_ITEMS", "note": " 닭이 없어요 "])
            #expect(reply.status == 200, "\(reply.text)")
            let order = reply.json["body"]["user_order_response"]
            #expect(order["status"].string == "REJECT" && order["reason"].string == "OUT_OF_ITEMS")
            #expect(order["reason_note"].string == "닭이 없어요" && order["closed_at"].string != nil)
            #expect(try await store.step("accept", id).code == 3001)
            let found = try await store.owner.get("/api/user-order/history?status=REJECT&limit=1").json["body"]
            #expect(found[0]["user_order_response"]["id"].int == id)
        }

        @Test("of two tabs that accept at once one does, and the other is told that it was done")
        func twoTabs() async throws {
            let store = try await StoreThree.get()
            let second = store.pair.admin.http.with(cookie: try await store.pair.session("owner3@example.com"))
            for round in 0..<15 {
                let id = try await store.announcedOrder()
                async let one = store.owner.post("/api/user-order/\(id)/accept", json: ["prep_minutes": 11])
                async let two = second.post("/api/user-order/\(id)/accept", json: ["prep_minutes": 22])
                let replies = try await [one, two]
                #expect(replies.map(\.status).sorted() == [200, 409], "round \(round)")
                #expect(replies.first { $0.status == 409 }?.code == 3001)
                let order = try await store.find(id)["user_order_response"]
                #expect(order["version"].int == 2)
                #expect(order["prep_minutes"].int == (replies[0].status == 200 ? 11 : 22))
            }
        }

        @Test("history finds by status, words and days, in any script")
        func history() async throws {
            let store = try await StoreThree.get()
            let word = "말\(UInt32.random(in: .min ... .max))"
            var ids: [Int] = []
            for note in ["\(word) 하나", "\(word) 둘", "없음"] {
                ids.append(try await store.announcedOrder(menus: [11], note: note))
            }
            for id in ids { #expect(try await store.step("reject", id, ["reason": "OTHER"]).status == 200) }
            func search(_ query: String) async throws -> HTTPResponse {
                let allowed = CharacterSet(
                    charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~&=")
                return try await store.owner.get(
                    "/api/user-order/history?" + (query.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""))
            }
            func found(_ query: String) async throws -> [Int] {
                try await search(query).json["body"].array.compactMap { $0["user_order_response"]["id"].int }
            }
            #expect(try await found("query=\(word)") == [ids[1], ids[0]])
            #expect(try await found("query=\(word) 하나 양념") == [ids[0]])
            #expect(try await found("query=\(word)&status=RECEIVE") == [])
            #expect(try await found("query=#\(ids[2])") == [ids[2]])
            #expect(try await found("query=\(word)&from=2020-01-01&to=2020-12-31") == [])
            let first = try await search("query=\(word)&limit=1")
            #expect(first.json["next_before"].int == ids[1])
            #expect(try await found("query=\(word)&limit=1&before=\(ids[1])") == [ids[0]])
            for (query, field) in [
                ("status=COOKING", "status"), ("from=x", "from"), ("to=2026-02-30", "to"), ("limit=0", "limit"),
                ("query=%07", "query"),
            ] {
                let reply = try await store.owner.get("/api/user-order/history?\(query)")
                #expect(reply.status == 400, "\(reply.text)")
                #expect(reply.json["result"]["result_description"].string?.hasPrefix(field) == true, "\(reply.text)")
            }
        }

        @Test("the kitchen's ticket is a page for the store's users")
        func ticket() async throws {
            let store = try await StoreThree.get()
            let id = try await store.order()
            let page = try await store.owner.get("/ticket/\(id)")
            #expect(page.status == 200 && page.header("content-type") == "text/html; charset=utf-8")
            #expect(page.header("cache-control") == "private, no-cache")
            #expect(!page.text.contains("<script>") && !page.text.contains("style="))
            let stranger = try await store.pair.admin.http.get("/ticket/\(id)")
            #expect(stranger.status == 303 && stranger.header("location") == "/login")
        }
    }
}
