import Foundation
import Support
import Testing

extension EndToEnd {
    @Suite("The store owner's page in a browser", .serialized)
    struct PageTests {
        @Test("an owner logs in and sees an order within a second; it is there after a reload")
        func orderAppears() async throws {
            try await OwnerPage.with { page in
                let (pair, browser, port) = (page.pair, page.browser, page.port)
                try await browser.navigate(to: "http://127.0.0.1:\(port)/")
                try await browser.waitFor("#email")
                #expect(try await browser.currentURL.hasSuffix("/login"))

                try await browser.logIn(password: "wrong password")
                try await browser.waitFor("#error")
                #expect(try await browser.text(of: "#error") == "이메일 또는 비밀번호가 맞지 않습니다.")
                #expect(try await browser.currentURL.hasSuffix("/login"))

                try await browser.logIn()
                try await browser.waitForBoard()
                #expect(try await browser.currentURL.hasSuffix("/main"))
                #expect(try await browser.text(of: "#store-name") == "한솥부엌 홍대점")
                #expect(try await browser.findAll("article.order-card").isEmpty)

                let customer = try await pair.customer()
                var times: [Duration] = []
                var orders: [Int] = []
                for _ in 0..<5 {
                    let start = ContinuousClock.now
                    let id = try await pair.order(customer, menus: [1, 1])
                    try await browser.waitFor(card(id))
                    times.append(ContinuousClock.now - start)
                    orders.append(id)
                }
                // The middle one: a machine that does other things too may be late once.
                #expect(times.sorted()[2] < .seconds(1), "\(times)")
                #expect(try await browser.text(of: card(orders[0])).contains("2 × 김치찌개"))
                #expect(try await browser.text(of: card(orders[0])).contains("16,000원"))
                #expect(try await browser.title.contains("5"))

                try await browser.reload()
                try await browser.waitForBoard()
                for id in orders { try await expectOnce(id, browser) }
                try await browser.expectNoErrors(except: ["status of 401"])
            }
        }

        @Test("a connection that is cut and refused for a while comes back with what was missed, each once")
        func cutConnection() async throws {
            try await OwnerPage.with { page in
                let (pair, browser, port) = (page.pair, page.browser, page.port)
                let proxy = try Proxy(to: port)
                defer { proxy.close() }
                try await browser.navigate(to: "http://127.0.0.1:\(proxy.port)/login")
                try await browser.logIn()
                try await browser.waitForBoard()
                let customer = try await pair.customer()
                let before = try await pair.order(customer)
                try await browser.waitFor(card(before))

                proxy.refuse()
                proxy.cutAll()
                try await browser.waitFor(#"#connection[data-state="reconnecting"]"#)
                var missed: [Int] = []
                for _ in 0..<3 { missed.append(try await pair.order(customer)) }
                #expect(try await browser.findAll(card(missed[0])).isEmpty)

                try proxy.accept()
                try await browser.waitFor(#"#connection[data-state="connected"]"#, within: 30)
                for id in missed { try await browser.waitFor(card(id), within: 20) }
                let after = try await pair.order(customer)
                try await browser.waitFor(card(after))
                for id in [before] + missed + [after] { try await expectOnce(id, browser) }
                let shown = try await browser.execute(
                    "return [...document.querySelectorAll('#orders-new .order-card')].map(e => +e.dataset.orderId)")
                #expect(shown.array.compactMap(\.int) == [before] + missed + [after])
                try await browser.expectNoErrors(except: ["net::ERR_"])
            }
        }

        @Test("two tabs both see an order, and acknowledging in one silences the other")
        func twoTabs() async throws {
            try await OwnerPage.with { page in
                let (pair, browser, port) = (page.pair, page.browser, page.port)
                try await browser.navigate(to: "http://127.0.0.1:\(port)/login")
                try await browser.logIn()
                try await browser.waitForBoard()
                let first = try await browser.tab
                let second = try await browser.openTab()
                try await browser.navigate(to: "http://127.0.0.1:\(port)/main")
                try await browser.waitForBoard()

                let id = try await pair.order(try await pair.customer())
                for tab in [second, first] {
                    try await browser.switchTab(to: tab)
                    try await browser.waitFor(card(id) + #"[data-waiting="true"]"#)
                }
                try await page.press("acknowledge", id)
                for tab in [first, second] {
                    try await browser.switchTab(to: tab)
                    try await browser.waitFor(card(id) + #"[data-waiting="false"]"#)
                    #expect(try await browser.findAll("#tab-new[data-waiting]").isEmpty)
                    try await expectOnce(id, browser)
                }
                try await browser.reload()
                try await browser.waitFor(card(id) + #"[data-waiting="false"]"#)
                try await browser.expectNoErrors()
            }
        }

        @Test("what people type becomes text of the page and never a part of it")
        func hostileText() async throws {
            let hostile = "<img src=x onerror=window.harm=1><script>window.harm=1</script>"
            try await OwnerPage.with { page in
                let (pair, browser, port) = (page.pair, page.browser, page.port)
                let registered = try await pair.admin.http.post(
                    "/open-api/store-user",
                    json: [
                        "store_name": .string(hostile), "email": "hostile@example.com", "password": "password",
                        "role": "MASTER",
                    ])
                #expect(registered.status == 201)
                try await browser.navigate(to: "http://127.0.0.1:\(port)/login")
                try await browser.logIn(email: "hostile@example.com")
                try await browser.waitForBoard()
                #expect(try await browser.text(of: "#store-name") == hostile)
                let session = try await pair.session("hostile@example.com")
                let pushed = try await pair.admin.http.with(cookie: session)
                    .post("/api/sse/push-event", json: ["data": .string(hostile)])
                #expect(pushed.status == 200)
                try await browser.waitForText(hostile, in: "#toast")

                try await browser.deleteCookies()
                try await browser.navigate(to: "http://127.0.0.1:\(port)/login")
                try await browser.logIn()
                try await browser.waitForBoard()
                let id = try await pair.order(try await pair.customer(), note: hostile)
                try await browser.waitFor(card(id))
                #expect(try await browser.text(of: card(id)).contains(hostile))
                #expect(try await browser.findAll("#board img, #board script, .notices img, .bar img").isEmpty)
                #expect(try await browser.execute("return window.harm").isNull)
                try await browser.expectNoErrors()
            }
        }

        private func expectOnce(_ id: Int, _ browser: WebDriver) async throws {
            #expect(try await browser.findAll(card(id)).count == 1, "order \(id)")
        }
    }
}
