import Foundation
import Support
import Testing

extension EndToEnd {
    @Suite("Payments through a gateway", .serialized)
    struct PaymentTests {
        @Test("an order is paid, declined and paid by its customer later, or cancelled while its payment is on its way")
        func ways() async throws {
            let stage = try await PaymentStage.start(environment: ["PAYMENT_TIMEOUT_MS": "200"])
            let stream = stage.pair.stream(try await stage.pair.session())
            try await stream.connect()

            let paid = try await stage.place("a")
            #expect(paid.status == 201, "\(paid.text)")
            #expect(paid.json["body"]["status"].string == "ORDER")
            #expect(paid.json["body"]["payment"]["state"].string == "APPROVED")
            let first = try #require(paid.json["body"]["id"].int)
            try await stage.expectPaid(first)
            try await stream.waitForOrders([first])
            // The same order again is the same answer, and no second payment.
            #expect(try await stage.place("a").status == 201)
            #expect(try await stage.customer.post("/api/user-order/\(first)/pay", json: [:]).status == 409)

            try await stage.behave(declines: 100)
            let declined = try await stage.place("b")
            #expect(declined.status == 202)
            #expect(declined.json["body"]["status"].string == "PAYMENT_PENDING")
            #expect(declined.json["body"]["payment"]["state"].string == "DECLINED")
            #expect(declined.json["body"]["payment"]["message"].string?.contains("insufficient funds") == true)
            let second = try #require(declined.json["body"]["id"].int)
            let refused = try await stage.customer.post("/api/user-order/\(second)/pay", json: [:])
            #expect(refused.status == 202)
            try await stage.behave()
            let retried = try await stage.customer.post("/api/user-order/\(second)/pay", json: [:])
            #expect(retried.status == 200, "\(retried.text)")
            #expect(retried.json["body"]["user_order_response"]["status"].string == "ORDER")
            try await stage.expectPaid(second)

            // The gateway decides after 300 ms; the customer cancels before.
            try await stage.behave(latency: 600)
            let slow = try await stage.place("c")
            #expect(slow.status == 202)
            #expect(slow.json["body"]["payment"]["message"].string?.contains("later") == true)
            let third = try #require(slow.json["body"]["id"].int)
            let cancelled = try await stage.customer.post("/api/user-order/\(third)/cancel", json: [:])
            #expect(cancelled.status == 200, "\(cancelled.text)")
            try await stage.expectRefunded(third)
            #expect(try await stage.status(third) == "CANCEL")
            // A slow approval still pays.
            let late = try await stage.place("d")
            #expect(late.status == 202)
            let fourth = try #require(late.json["body"]["id"].int)
            try await stage.waitFor("ORDER", fourth)
            try await stream.waitForOrders([fourth])
            #expect(stream.orders == [first, second, fourth])
            stream.close()
            #expect(try await stage.metric("payment_refunds_total") == 1)
            try await stage.behave()
            #expect(try await stage.reconcile().exit == .code(0))
            try await stage.stop()
        }

        @Test("with no gateway to reach, orders are taken and paid once when it is back; two instances pay none twice")
        func unreachable() async throws {
            let stage = try await PaymentStage.start()
            let another = try await stage.pair.startAnother()
            try await stage.gateway.kill()
            var orders: [Int] = []
            for number in 0..<12 {
                let api = number.isMultiple(of: 2) ? stage.pair : another
                let reply = try await api.customer(stage.customer).post(
                    "/api/user-order", json: ["store_id": 1, "store_menu_id_list": [1]])
                #expect(reply.status == 202, "\(reply.text)")
                orders.append(try #require(reply.json["body"]["id"].int))
            }
            try await stage.gateway.startAgain()
            for order in orders {
                try await stage.waitFor("ORDER", order, within: 20)
                try await stage.expectPaid(order)
            }
            #expect(try await stage.reconcile().exit == .code(0))
            try await another.stop()
            try await stage.stop()
        }

        @Test("a gateway that is slow and fails holds nobody up: orders are pending, and all are paid once afterwards")
        func outage() async throws {
            // The long form has the breaker as it is by default.
            let isLong = ProcessInfo.processInfo.environment["DELIVERY_TEST_LONG"] != nil
            let stage = try await PaymentStage.start(environment: isLong ? ["PAYMENT_OPEN_MS": ""] : [:])
            try await stage.behave(latency: 1200, failures: 60)
            let seconds = Guarded<[Double]>([])
            let orders = Guarded<[Int]>([])
            let statuses = Guarded<Set<Int>>([])
            let end = Date(timeIntervalSinceNow: isLong ? 30 : 2.5)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for _ in 0..<10 {
                    tasks.addTask {
                        while Date() < end {
                            let start = ContinuousClock.now
                            let reply = try await stage.place()
                            let taken = (ContinuousClock.now - start) / .seconds(1)
                            seconds.update { $0.append(taken) }
                            statuses.update { _ = $0.insert(reply.status) }
                            if let id = reply.json["body"]["id"].int { orders.update { $0.append(id) } }
                            try await Task.sleep(for: .milliseconds(40))
                        }
                    }
                }
                // It opens while the gateway is as it is.
                try await eventually("the breaker opens") {
                    try await stage.metric(#"payment_breaker_state{state="open"}"#) == 1
                }
                try await tasks.waitForAll()
            }
            let sorted = seconds.read { $0.sorted() }
            let p99 = sorted[min(sorted.count - 1, sorted.count * 99 / 100)]
            print(
                "outage: \(sorted.count) orders, p50 \(sorted[sorted.count / 2]) s, p99 \(p99) s, worst \(sorted.last ?? 0) s"
            )
            #expect(p99 < 0.5)
            #expect(statuses.read { $0 } == [202])
            #expect(sorted.count > 100)
            try await stage.behave()
            let placed = orders.read { $0 }
            let back = ContinuousClock.now
            try await eventually("all are paid", within: 60) {
                try await stage.countOrders(notIn: "ORDER") == 0
            }
            print("outage: all paid \((ContinuousClock.now - back) / .seconds(1)) s after the gateway was back")
            #expect(Set(placed).count == sorted.count)
            for order in placed { try await stage.expectPaid(order) }
            #expect(try await stage.reconcile().exit == .code(0))
            try await stage.stop()
        }

        @Test("the gateway to try against is there with SANDBOX=1 only, says so, and checks what it is sent")
        func sandbox() async throws {
            let stage = try await PaymentStage.start()
            #expect(stage.gateway.output.contains("SANDBOX=1"))
            #expect(try await stage.pair.api.http.get("/sandbox/settings").status == 404)
            let http = stage.gateway.http
            #expect(try await http.get("/sandbox/payments/1").status == 404)
            #expect(try await http.post("/sandbox/payments", json: ["order_id": 1, "amount": 1]).status == 400)
            let request: JSONValue = ["order_id": 1, "amount": 1, "currency": "KRW"]
            #expect(try await http.post("/sandbox/payments", json: request).status == 400)
            let key = ["Idempotency-Key": "1"]
            #expect(try await http.post("/sandbox/payments", json: request, headers: key).status == 201)
            #expect(try await http.post("/sandbox/payments/1/cancel", json: [:], headers: key).status == 200)
            #expect(try await http.post("/sandbox/payments", json: request, headers: key).status == 409)
            // It can be the gateway of the very service that it is in, and its books survive it.
            try await stage.gateway.kill()
            try await stage.gateway.startAgain()
            #expect(try await http.get("/sandbox/payments/1").json["status"].string == "CANCELLED")
            let port = try FreePort.next()
            let own = try await ServiceProcess.start(
                "api",
                environment: [
                    "SANDBOX": "1", "PAYMENT_URL": "http://127.0.0.1:\(port)/sandbox/", "DEMO_DATA": "1",
                    "DATABASE_PATH": stage.folder.file("own.db"), "RABBITMQ_URL": "amqp://guest:guest@127.0.0.1:1/",
                ], port: port)
            let login = try await own.http.post(
                "/open-api/user/login", json: ["email": "customer@example.com", "password": "password"])
            let customer = own.http.with(token: login.json["body"]["access_token"].string ?? "")
            let order: JSONValue = ["store_id": 1, "store_menu_id_list": [1]]
            #expect(try await customer.post("/api/user-order", json: order).status == 201)
            try await own.kill()
            try await own.startAgain()
            #expect(try await own.http.get("/sandbox/payments/1").json["approvals"].int == 1)
            #expect(try await own.terminate() == .code(0))

            let settings = try await http.send(
                "PUT", "/sandbox/settings", headers: ["Content-Type": "application/json"],
                body: Array(#"{"latency_ms":-1}"#.utf8))
            #expect(settings.status == 400)
            try await stage.stop()
        }
    }
}
