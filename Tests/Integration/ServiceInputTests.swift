import Support
import Testing

extension ServiceTests {
    @Suite("Bad input gets a clear answer and harms nobody", .serialized)
    struct InputTests {
        enum Caller: Sendable { case customer, stranger, forger }

        struct Case: CustomTestStringConvertible, Sendable {
            var method = "POST"
            var path = "/api/user-order"
            var caller = Caller.customer
            var headers = ["Content-Type": "application/json"]
            var body: String?
            let status: Int
            var code: Int?
            var says = ""

            var testDescription: String { "\(method) \(path) \((body ?? "").prefix(60)) by a \(caller): \(status)" }
        }

        static let bodies = [
            Case(body: "{", status: 400),
            Case(body: "", status: 400, says: "empty"),
            Case(body: "[]", status: 400),
            Case(body: "null", status: 400),
            Case(body: String(repeating: "[", count: 10_000), status: 400),
            Case(body: #"{"store_menu_id_list":[1]}"#, status: 400, says: "store_id"),
            Case(body: #"{"store_id":"1","store_menu_id_list":[1]}"#, status: 400, says: "store_id"),
            Case(body: #"{"store_id":1.5,"store_menu_id_list":[1]}"#, status: 400, says: "store_id"),
            Case(body: #"{"store_id":null,"store_menu_id_list":[1]}"#, status: 400, says: "store_id"),
            Case(body: #"{"store_id":99999999999999999999,"store_menu_id_list":[1]}"#, status: 400, says: "store_id"),
            Case(body: #"{"store_id":1}"#, status: 400, says: "store_menu_id_list"),
            Case(body: #"{"store_id":1,"store_menu_id_list":1}"#, status: 400, says: "store_menu_id_list"),
            Case(body: #"{"store_id":1,"store_menu_id_list":[1,"2"]}"#, status: 400, says: "store_menu_id_list[1]"),
            Case(body: #"{"store_id":1,"store_menu_id_list":[]}"#, status: 400, says: "store_menu_id_list"),
            Case(body: #"{"store_id":1,"items":[]}"#, status: 400, says: "items"),
            Case(body: #"{"store_id":1,"items":[{"store_menu_id":1,"quantity":0}]}"#, status: 400, says: "quantity"),
            Case(body: #"{"store_id":1,"items":[{"store_menu_id":1,"quantity":-1}]}"#, status: 400, says: "quantity"),
            Case(
                body: #"{"store_id":1,"items":[{"store_menu_id":1,"quantity":10000}]}"#, status: 400, says: "quantity"),
            Case(body: #"{"store_id":1,"items":[{"store_menu_id":1}]}"#, status: 400, says: "quantity"),
            Case(
                body: #"{"store_id":1,"store_menu_id_list":[1],"items":[{"store_menu_id":1,"quantity":1}]}"#,
                status: 400, says: "items"),
            Case(body: #"{"store_id":1,"store_menu_id_list":[1],"note":7}"#, status: 400, says: "note"),
            Case(body: #"{"body":{"store_menu_id_list":[1]}}"#, status: 400, says: "store_id"),
            Case(body: #"{"store_id":999,"store_menu_id_list":[1]}"#, status: 404, code: 3404),
            Case(body: #"{"store_id":-1,"store_menu_id_list":[1]}"#, status: 404, code: 3404),
            Case(body: #"{"store_id":1,"store_menu_id_list":[9999]}"#, status: 404, code: 3405, says: "9999"),
            Case(body: #"{"store_id":1,"store_menu_id_list":[1,6]}"#, status: 422, code: 3004, says: "6"),
        ]

        static let good = #"{"store_id":1,"store_menu_id_list":[1]}"#

        static let requests = [
            Case(caller: .stranger, body: good, status: 401, code: 2003),
            Case(caller: .forger, body: good, status: 401, code: 2000),
            Case(headers: ["Content-Type": "text/plain"], body: good, status: 415),
            Case(headers: ["Content-Type": "application/x-www-form-urlencoded"], body: "store_id=1", status: 415),
            Case(
                headers: ["Idempotency-Key": String(repeating: "k", count: 300)], body: good, status: 400,
                says: "Idempotency-Key"),
            Case(method: "PUT", body: good, status: 405),
            Case(method: "DELETE", path: "/open-api/user/login", status: 405),
            Case(method: "GET", path: "/api/nothing", status: 404),
            Case(method: "GET", path: "/api/user-order/id/999999", status: 404, code: 3000),
            Case(method: "GET", path: "/api/user-order/id/seven", status: 404, code: 3000),
            Case(method: "GET", path: "/api/user-order/current?limit=0", status: 400, says: "limit"),
            Case(method: "GET", path: "/api/user-order/history?before=x", status: 400, says: "before"),
            Case(method: "GET", path: "/api/store/search?category=SHOES", status: 400, says: "category"),
            Case(method: "GET", path: "/api/store-menu/search", status: 400, says: "storeId"),
            Case(method: "GET", path: "/api/user/me", caller: .stranger, status: 401, code: 2003),
            Case(
                path: "/open-api/user/login", body: #"{"email":"customer@example.com","password":"wrong"}"#,
                status: 401, code: 1406),
            Case(
                path: "/open-api/user/login", body: #"{"email":"nobody@example.com","password":"password"}"#,
                status: 401, code: 1406),
            Case(
                path: "/open-api/user/login", body: #"{"email":"customer@example.com"}"#, status: 400, says: "password"),
            Case(path: "/open-api/user/refresh", body: #"{"refresh_token":"x"}"#, status: 401, code: 2000),
            Case(
                path: "/open-api/user/register",
                body: #"{"name":"n","email":"customer@example.com","address":"a","password":"password"}"#,
                status: 409, code: 1405),
            Case(
                path: "/open-api/user/register",
                body: #"{"name":"n","email":"no","address":"a","password":"password"}"#,
                status: 400, says: "email"),
            Case(
                path: "/open-api/user/register",
                body: #"{"name":"n","email":"new@example.com","address":"a","password":"short"}"#, status: 400,
                says: "password"),
        ]

        @Test("an order that cannot be taken is refused with the field or the rule", arguments: bodies)
        func orders(_ wrong: Case) async throws { try await expectRefusal(wrong) }

        @Test("a request that cannot be answered is refused with its own status", arguments: requests)
        func others(_ wrong: Case) async throws { try await expectRefusal(wrong) }

        @Test("an order below the minimum, and of a menu that is not on sale, is refused")
        func rules() async throws {
            let data = try await ServiceFixture.get().data
            for (menu, code) in [(data.cheapMenu, 3003), (data.formerMenu, 3004)] {
                try await expectRefusal(
                    Case(body: #"{"store_id":1,"store_menu_id_list":[\#(menu)]}"#, status: 422, code: code))
            }
        }

        @Test("a body of 2 MB, and one that is not UTF-8, are refused")
        func size() async throws {
            let pair = try await ServiceFixture.get().pair
            let customer = try await People.get().customer
            let big =
                #"{"store_id":1,"store_menu_id_list":[1],"note":""# + String(repeating: "n", count: 2 << 20) + #""}"#
            let reply = try await customer.send(
                "POST", "/api/user-order", headers: ["Content-Type": "application/json"], body: Array(big.utf8))
            #expect(reply.status == 413)
            #expect(reply.json["result"]["result_code"].int == 413)
            let octets = Array(#"{"store_id":1,"note":""#.utf8) + [0xff, 0xfe] + Array(#""}"#.utf8)
            let broken = try await customer.send(
                "POST", "/api/user-order", headers: ["Content-Type": "application/json"], body: octets)
            #expect(broken.status == 400)
            try await pair.order(customer)
        }

        @Test("an Idempotency-Key gives the same order again, and 422 with another body")
        func idempotency() async throws {
            let pair = try await ServiceFixture.get().pair
            let customer = try await People.get().customer
            let key = "key-\(UInt64.random(in: .min ... .max))"
            func order(_ client: HTTPTestClient, menu: Int) async throws -> HTTPResponse {
                // The same octets each time: they belong to the key.
                try await client.send(
                    "POST", "/api/user-order", headers: ["Content-Type": "application/json", "Idempotency-Key": key],
                    body: Array(#"{"store_id":1,"store_menu_id_list":[\#(menu)]}"#.utf8))
            }
            let first = try await order(customer, menu: 1)
            #expect(first.status == 201)
            let again = try await order(customer, menu: 1)
            #expect(again.status == 201)
            #expect(again.json == first.json)
            let other = try await order(customer, menu: 2)
            #expect(other.status == 422)
            #expect(other.json["result"]["result_code"].int == 422)
            let another = try await order(try await pair.customer("customer2@example.com"), menu: 1)
            #expect(another.status == 201)
            #expect(another.json["body"]["id"] != first.json["body"]["id"])
        }

        @Test("somebody else's order is not there, for customers and for stores")
        func foreignOrders() async throws {
            let pair = try await ServiceFixture.get().pair
            let people = try await People.get()
            let id = try await pair.order(people.customer)
            let path = "/api/user-order/id/\(id)"
            #expect(try await people.customer.get(path).json["body"]["user_order_response"]["id"].int == id)
            let other = try await pair.customer("customer2@example.com").get(path)
            #expect(other.status == 404)
            #expect(other.json["result"]["result_code"].int == 3000)
            let owner = pair.admin.http.with(cookie: people.session)
            #expect(try await owner.get(path).status == 200)
            let rival = pair.admin.http.with(cookie: try await pair.session("owner2@example.com"))
            for reply in [
                try await rival.get(path), try await rival.post("/api/user-order/\(id)/acknowledge", json: [:]),
            ] {
                #expect(reply.status == 404)
                #expect(reply.json["result"]["result_code"].int == 3000)
            }
        }

        @Test("an error comes as a problem document when it is asked for; a body may be enveloped")
        func forms() async throws {
            let pair = try await ServiceFixture.get().pair
            let customer = try await People.get().customer
            let reply = try await customer.post(
                "/api/user-order", json: ["store_id": 999, "store_menu_id_list": [1]],
                headers: ["Accept": "application/problem+json"])
            #expect(reply.status == 404)
            #expect(reply.header("content-type") == "application/problem+json")
            #expect(reply.json["status"].int == 404)
            #expect(reply.json["result_code"].int == 3404)
            #expect(reply.json["title"].string?.isEmpty == false)
            #expect(reply.json["trace_id"].string == reply.header("x-request-id"))
            let enveloped = try await customer.post(
                "/api/user-order", json: ["body": ["store_id": 1, "store_menu_id_list": [1]]])
            #expect(enveloped.status == 201)
            let id = enveloped.json["body"]["id"].int ?? 0
            #expect(enveloped.header("location") == "/api/user-order/id/\(id)")
            #expect(enveloped.json["result"]["result_code"].int == 201)
            #expect(enveloped.json["result"]["result_message"].string == "OK")
            let login = try await pair.api.http.post(
                "/open-api/user/login", json: ["body": ["email": "customer@example.com", "password": "password"]])
            #expect(login.status == 200)
        }

        // MARK: Helpers

        private func expectRefusal(_ wrong: Case) async throws {
            let fixture = try await ServiceFixture.get()
            let customer = try await People.get().customer
            let processes = fixture.processes
            let client =
                switch wrong.caller {
                case .customer: customer
                case .stranger: fixture.pair.api.http
                case .forger: fixture.pair.api.http.with(token: "0123456789abcdef")
                }
            let reply = try await client.send(
                wrong.method, wrong.path, headers: wrong.headers, body: wrong.body.map { Array($0.utf8) })
            #expect(reply.status == wrong.status, "\(reply.text)")
            let result = reply.json["result"]
            #expect(result["result_code"].int == wrong.code ?? wrong.status, "\(reply.text)")
            #expect(result["result_message"].string?.isEmpty == false)
            #expect(result["result_description"].string?.contains(wrong.says) == true, "\(reply.text)")
            #expect(reply.header("content-type")?.hasPrefix("application/json") == true)
            #expect(reply.header("x-request-id")?.count == 32)
            if wrong.status == 405 { #expect(reply.header("allow")?.contains("OPTIONS") == true) }
            if wrong.status == 401 { #expect(reply.header("www-authenticate") != nil) }
            try await fixture.pair.order(customer)
            #expect(fixture.processes == processes)
        }
    }
}
