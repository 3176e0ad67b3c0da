import Support
import Testing

extension EndToEnd {
    @Suite("The page on which calls can be tried", .serialized)
    struct DocsPageTests {
        @Test("a person logs in, orders, looks at the stream and stops it, and finds what they search")
        func page() async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: host))
            let browser = try await WebDriver.start()

            try await open(pair.api, browser)
            try await send("placeOrder", browser)
            try await browser.waitForText("401", in: "#placeOrder .facts")
            try await browser.click("#login-form [type=submit]")
            try await browser.waitForText("customer@example.com", in: "#login-state")
            let token = try await browser.execute("return document.querySelector('#token').value").string ?? ""
            #expect(token.count > 20)
            #expect(try await browser.text(of: "#placeOrder .curl").contains("authorization-token: \(token)"))
            try await send("placeOrder", browser)
            try await browser.waitForText("201 Created", in: "#placeOrder .facts")
            #expect(try await browser.text(of: "#placeOrder .reply pre").contains("\"amount\": 25500"))

            // What is no JSON stays here, and says why.
            try await browser.clear("#placeOrder textarea")
            try await browser.type("{", into: "#placeOrder textarea")
            try await send("placeOrder", browser)
            try await browser.waitFor("#placeOrder [aria-invalid=true]")

            try await browser.reload()
            try await browser.waitFor(#"#operations[data-state="ready"]"#)
            try await send("getOrder", browser)
            try await browser.waitForText("200 OK", in: "#getOrder .facts")
            try await browser.type("refresh_token", into: "#search")
            #expect(try await shown(browser) == [])
            try await browser.clear("#search")
            try await browser.type("USER-order cancel", into: "#search")
            #expect(try await shown(browser) == ["cancelOrder"])

            try await open(pair.admin, browser)
            try await browser.click("#login-form [type=submit]")
            try await browser.waitForText("owner1@example.com", in: "#login-state")
            try await send("connectEvents", browser)
            try await browser.waitForText("onopen", in: "#connectEvents .events")
            let order = try await pair.order(try await pair.customer())
            try await browser.waitForText("\"id\": \(order),", in: "#connectEvents .events li:first-child")
            try await browser.click("#language")
            #expect(try await browser.text(of: "#connectEvents .reply").contains("Connected"))
            try await browser.execute(
                "[...document.querySelectorAll('#connectEvents button')].find((b) => b.textContent === 'Stop').click()")
            try await browser.waitForText("Ended", in: "#connectEvents .reply")
            #expect(try await browser.execute("return document.documentElement.lang").string == "en")
            let errors = try await browser.consoleMessages().filter { !$0.contains("status of 401") }
            #expect(errors == [])

            try await browser.quit()
            try await pair.stop()
            try await broker.deleteVirtualHost(host)
        }

        private func open(_ service: ServiceProcess, _ browser: WebDriver) async throws {
            try await browser.navigate(to: "http://127.0.0.1:\(service.port)/docs")
            try await browser.waitFor(#"#operations[data-state="ready"]"#)
        }

        /// Opens an operation as a link to it does, and sends it as it is filled.
        private func send(_ id: String, _ browser: WebDriver) async throws {
            try await browser.execute("location.hash = arguments[0]", .string(id))
            try await browser.waitFor("#\(id)[open] form .primary")
            try await browser.execute("document.querySelector(arguments[0]).requestSubmit()", .string("#\(id) form"))
        }

        private func shown(_ browser: WebDriver) async throws -> [String] {
            try await browser.execute(
                "return [...document.querySelectorAll('.operation:not([hidden])')].map((item) => item.id)"
            ).array.compactMap(\.string)
        }
    }
}
