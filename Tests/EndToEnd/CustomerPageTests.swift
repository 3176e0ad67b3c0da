import Support
import Testing

extension EndToEnd {
    @Suite("The customer's page in a browser", .serialized)
    struct CustomerPageTests {
        /// Short enough for a name.
        private static let image = "<img src=x onerror=window.harm=1>"
        private static let markup = image + "<script>window.harm=1</script>"

        @Test("who is new registers, orders, follows it live and confirms, and a reload changes nothing at any step")
        func order() async throws {
            try await CustomerPage.with { page in
                let browser = page.browser
                try await page.open()
                try await browser.click(##"a[href="#/register"]"##)
                for (field, text) in [
                    ("name", Self.image), ("email", "new@example.com"), ("address", "서울시 마포구 성산로 1"),
                    ("password", "password"),
                ] { try await browser.type(text, into: "#\(field)") }
                try await browser.click("#submit")
                try await browser.click(#"[data-key="category-KOREAN_FOOD"]"#)
                try await browser.wait(until: "document.querySelectorAll('.store-card').length === 1")
                try await browser.reload()
                try await browser.click(".store-card")
                for _ in 0..<2 { try await browser.click(#"[data-key="more-1"]"#) }
                try await browser.click(#"[data-key="more-2"]"#)
                try await browser.waitForText("3개 · 25,500원 주문하기", in: "#basket-bar")
                try await browser.reload()
                try await browser.waitForText("3개 · 25,500원 주문하기", in: "#basket-bar")
                try await browser.click("#basket-bar")
                try await browser.type(Self.markup, into: "#note")
                try await browser.reload()
                try await browser.waitFor("#place:not([aria-disabled=true])")
                #expect(try await browser.property("value", of: "#note").string == Self.markup)
                #expect(try await browser.property("value", of: "#address").string == "서울시 마포구 성산로 1")
                // Two taps, faster than a reply comes.
                try await browser.execute("for (let i = 0; i < 2; i += 1) document.querySelector('#place').click()")
                let id = try await page.shownOrder()
                try await page.waitForStatus("ORDER")
                try await browser.waitForText(Self.markup, in: ".facts-list")
                try await page.waitForStream()

                try await page.store("accept", id, ["prep_minutes": 20])
                try await page.waitForStatus("ACCEPT")
                try await browser.waitForText("약 20분 남았어요", in: ".eta")
                try await browser.reload()
                try await page.waitForStatus("ACCEPT")
                try await browser.waitForText("가게 수락", in: ".timeline .now")
                try await page.waitForStream()
                for (action, status) in [
                    ("start-cooking", "COOKING"), ("finish-cooking", "COOKED"), ("start-delivery", "DELIVERY"),
                ] {
                    try await page.store(action, id)
                    try await page.waitForStatus(status)
                }
                #expect(try await browser.findAll("#cancel").isEmpty)
                try await browser.click("#confirm")
                try await page.waitForStatus("RECEIVE")
                #expect(try await browser.findAll(".timeline li").count == 6)

                try await page.open("#/orders")
                try await browser.click(#"#ended-orders [data-order="\#(id)"] button"#)
                try await browser.waitForText("25,500원 주문하기", in: "#place")
                try await page.open("#/me")
                try await browser.waitForText(Self.image, in: ".facts-list")
                #expect(try await browser.findAll("main img, main script").isEmpty)
                #expect(try await browser.execute("return window.harm").isNull)
                let mine = page.pair.api.http.with(token: try await token(page))
                #expect(try await page.count(mine) == 1)
                try await expectNoErrors(browser, except: ["401", "api/user/webhook"])
            }
        }

        private func token(_ page: CustomerPage) async throws -> String {
            let reply = try await page.pair.api.http.post(
                "/open-api/user/login", json: ["email": "new@example.com", "password": "password"])
            return try #require(reply.json["body"]["access_token"].string)
        }

        @Test("an order whose reply is lost is stored once, also when the page is reloaded meanwhile or goes offline")
        func lostReply() async throws {
            try await CustomerPage.with { page in
                let browser = page.browser
                try await page.open()
                try await page.logIn()
                try await browser.waitFor(".store-card")
                for (number, ending) in ["cut", "reload"].enumerated() {
                    try await page.fillBasket([1])
                    page.proxy.swallow(.toClient)
                    try await browser.click("#place")
                    try await eventually("the order is stored") { try await page.count() == number + 1 }
                    page.proxy.resume()
                    page.proxy.cutAll()
                    if ending == "reload" { try await browser.reload() }
                    _ = try await page.shownOrder()
                    #expect(try await page.count() == number + 1, "\(ending)")
                }
                try await page.fillBasket([2])
                try await browser.setOffline(true)
                try await browser.click("#place")
                try await browser.waitForText("주문이 접수되었는지 확인하고 있어요")
                #expect(try await page.count() == 2)
                try await browser.setOffline(false)
                _ = try await page.shownOrder()
                #expect(try await page.count() == 3)
                #expect(try await browser.execute("return localStorage.getItem('customer-attempt')").isNull)
                #expect(try await browser.findAll("#basket-bar").isEmpty)
            }
        }

        @Test("what was missed comes after a cut; tabs share basket and session; a login goes on where it was")
        func tabs() async throws {
            try await CustomerPage.with { page in
                let browser = page.browser
                let id = try await page.pair.order(page.customer, note: "문 앞")
                try await page.open("#/order/\(id)")
                try await page.logIn()
                try await page.waitForStatus("ORDER")
                try await page.waitForStream()
                page.proxy.refuse()
                page.proxy.cutAll()
                try await browser.wait(until: "document.documentElement.dataset.connection === 'reconnecting'")
                try await page.store("accept", id)
                #expect(try await browser.findAll(#".state[data-status="ACCEPT"]"#).isEmpty)
                try page.proxy.accept()
                try await page.waitForStatus("ACCEPT")

                let first = try await browser.tab
                let second = try await browser.openTab()
                try await page.open("#/store/2")
                try await browser.click(#"[data-key="more-6"]"#)
                try await browser.waitFor("#basket-bar")
                try await browser.switchTab(to: first)
                try await page.open("#/store/1")
                try await browser.waitForText("1개 ·", in: "#basket-bar")
                // A basket is for one store: the page asks before it drops what is in it.
                try await browser.click(#"[data-key="more-1"]"#)
                try await browser.click("#question-no")
                try await browser.click(#"[data-key="more-1"]"#)
                try await browser.click("#question-yes")
                try await browser.waitForText("8,000원", in: "#basket-bar")
                try await browser.switchTab(to: second)
                try await browser.waitForText("8,000원", in: "#basket-bar")

                try await page.open("#/order/\(id)")
                try await browser.click("#cancel")
                try await browser.click("#question-yes")
                try await page.waitForStatus("CANCEL")
                // A session that ended elsewhere: the login, and then the order that was shown.
                let cookies = try await browser.cookies()
                let session = try #require(cookies.first { $0["name"].string == "user_session" }?["value"].string)
                _ = try await page.pair.api.http.with(cookie: "user_session=\(session)").send("POST", "/logout")
                try await browser.waitForText("로그인이 끝났어요", in: ".entry")
                try await browser.switchTab(to: first)
                try await browser.waitFor("#email")
                try await browser.switchTab(to: second)
                try await page.logIn()
                try await page.waitForStatus("CANCEL")
            }
        }

        private func expectNoErrors(_ browser: WebDriver, except expected: [String]) async throws {
            let errors = try await browser.consoleMessages().filter { message in
                !expected.contains { message.contains($0) }
            }
            #expect(errors == [])
        }
    }
}
