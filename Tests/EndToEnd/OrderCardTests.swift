import Support
import Testing

extension EndToEnd {
    @Suite("What an owner does with an order on the page", .serialized)
    struct OrderCardTests {
        @Test("an order is accepted with minutes, cooked and brought by one button; another is rejected with a reason")
        func steps() async throws {
            try await OwnerPage.with { page in
                try await page.open()
                let customer = try await page.pair.customer()
                let first = try await page.pair.order(customer, menus: [1, 1], note: "단무지 많이")
                try await page.browser.waitFor(card(first) + #"[data-waiting="true"]"#)
                #expect(try await page.browser.title.hasPrefix("(1)"))
                // 20 is what the store usually needs; 30 is chosen, and then 20 again.
                try await page.browser.click(card(first) + #" .chips label:nth-child(4)"#)
                try await page.browser.waitForText("30분", in: card(first) + " [data-slot=primary]")
                try await page.browser.click(card(first) + #" .chips label:nth-child(3)"#)
                try await page.browser.waitForText("20분", in: card(first) + " [data-slot=primary]")
                try await page.press("primary", first)
                try await page.waitFor(first, in: "cooking", "ACCEPT")
                #expect(try await page.order(first)["prep_minutes"].int == 20)
                #expect(try await page.browser.findAll("#tab-new[data-waiting]").isEmpty)

                for (column, status) in [
                    ("cooking", "COOKING"), ("done", "COOKED"), ("done", "DELIVERY"), ("done", "DELIVERED"),
                ] {
                    try await page.press("primary", first)
                    try await page.waitFor(first, in: column, status)
                    #expect(try await page.order(first)["status"].string == status)
                }
                #expect(try await page.browser.findAll(card(first) + " [data-slot=primary]:not([hidden])").isEmpty)

                let second = try await page.pair.order(customer)
                try await page.press("reject", second)
                #expect(try await page.browser.property("disabled", of: "#reject-submit").bool == true)
                try await page.browser.click(#"#reject input[value="OUT_OF_ITEMS"]"#)
                try await page.browser.type("두부가 떨어졌어요", into: "#reject-note")
                try await page.browser.click("#reject-submit")
                try await page.waitFor(second, in: "done", "REJECT")
                let rejected = try await page.order(second)
                #expect(rejected["reason"].string == "OUT_OF_ITEMS")
                #expect(rejected["reason_note"].string == "두부가 떨어졌어요")
                try await page.browser.waitForText("재료 소진", in: card(second))

                // Past orders are found again.
                try await page.openFromMenu("#show-history")
                try await page.browser.waitForText("#\(second)", in: "#history-list")
                try await page.browser.type("없는메뉴", into: "#history [name=query]")
                try await page.browser.wait(until: "document.querySelectorAll('#history-list li').length === 0")
                try await page.browser.waitFor("#history-state")
                try await page.browser.expectNoErrors()
            }
        }

        @Test("what happens elsewhere moves the card, says why, and silences it; what fails stays on the card")
        func elsewhere() async throws {
            try await OwnerPage.with { page in
                let browser = page.browser
                try await page.open()
                let first = try await browser.tab
                let second = try await page.openTab()
                let customer = try await page.pair.customer()

                let accepted = try await page.pair.order(customer)
                try await page.press("primary", accepted)
                try await page.waitFor(accepted, in: "cooking", "ACCEPT")
                #expect(try await browser.findAll(card(accepted) + " .remark:not([hidden])").isEmpty)
                try await browser.switchTab(to: first)
                try await page.waitFor(accepted, in: "cooking", "ACCEPT")
                try await browser.waitForText("다른 화면에서 수락했어요", in: card(accepted))
                try await page.press("primary", accepted)
                try await page.waitFor(accepted, in: "cooking", "COOKING")

                let cancelled = try await page.pair.order(customer)
                try await browser.waitFor(card(cancelled) + #"[data-waiting="true"]"#)
                // The accept is on its way while the customer cancels.
                try await browser.execute(
                    """
                    const real = fetch;
                    window.fetch = async (address, options) => {
                        const path = String(address);
                        if (path.endsWith("/accept")) await new Promise((go) => (window.go = go));
                        const reply = await real(address, options);
                        window.isReadAgain ||= path.includes("/api/user-order/id/");
                        return reply;
                    };
                    """)
                try await page.press("primary", cancelled)
                let reply = try await customer.post("/api/user-order/\(cancelled)/cancel", json: [:])
                #expect(reply.status == 200)
                try await page.waitFor(cancelled, in: "done", "CANCEL")
                try await browser.execute("window.go()")
                try await browser.wait(until: "window.isReadAgain")
                try await browser.waitForText("#\(cancelled) 고객이 주문을 취소했어요", in: "#toast")
                try await browser.waitForText("고객이 주문을 취소했어요", in: card(cancelled) + " .remark")
                #expect(try await browser.findAll(card(cancelled) + " [data-slot=failure]:not([hidden])").isEmpty)
                #expect(try await browser.findAll("#tab-new[data-waiting]").isEmpty)
                try await browser.switchTab(to: second)
                try await page.waitFor(cancelled, in: "done", "CANCEL")
                try await browser.expectNoErrors(except: ["status of 409"])

                let retried = try await page.pair.order(customer)
                try await browser.waitFor(card(retried))
                try await browser.setOffline(true)
                try await page.press("primary", retried)
                try await browser.waitForText("주문 수락", in: card(retried) + " [data-slot=failure]")
                #expect(try await page.order(retried)["status"].string == "ORDER")
                try await browser.setOffline(false)
                try await page.press("retry", retried)
                try await page.waitFor(retried, in: "cooking", "ACCEPT")
                #expect(try await browser.findAll(card(retried) + " [data-slot=failure]:not([hidden])").isEmpty)
            }
        }

        @Test("all of it can be done by keyboard, and the focus stays with its card")
        func keyboard() async throws {
            try await OwnerPage.with { page in
                let browser = page.browser
                try await page.open()
                let customer = try await page.pair.customer()
                var orders: [Int] = []
                for _ in 0..<3 { orders.append(try await page.pair.order(customer)) }
                for id in orders { try await browser.waitFor(card(id)) }

                try await browser.press(WebDriver.Key.down)
                #expect(try await focused(browser) == orders[0])
                try await browser.press(WebDriver.Key.down)
                #expect(try await focused(browser) == orders[1])
                // A list that changes takes the focus from nobody.
                let next = try await page.pair.order(customer)
                try await browser.waitFor(card(next))
                #expect(try await focused(browser) == orders[1])

                try await browser.press("5")
                try await browser.waitForText("45분", in: card(orders[1]) + " [data-slot=primary]")
                try await browser.press(WebDriver.Key.enter)
                try await page.waitFor(orders[1], in: "cooking", "ACCEPT")
                #expect(try await page.order(orders[1])["prep_minutes"].int == 45)
                #expect(try await focused(browser) == orders[1])
                try await browser.press(WebDriver.Key.left)
                #expect(try await focused(browser) == orders[0])

                try await browser.press("r")
                try await browser.waitFor("#reject[open]")
                try await browser.press(WebDriver.Key.escape)
                try await browser.wait(until: "!document.querySelector('#reject').open")
                #expect(try await focused(browser) == orders[0])
                try await browser.press("r")
                try await browser.waitFor("#reject[open]")
                try await browser.press(WebDriver.Key.space)
                try await browser.press(WebDriver.Key.enter)
                try await page.waitFor(orders[0], in: "done", "REJECT")

                try await browser.press("?")
                try await browser.waitFor("#keys[open]")
                try await browser.press(WebDriver.Key.escape)
                let sound = try await browser.attribute("data-state", of: "#sound")
                try await browser.press("m")
                try await browser.wait(until: "document.querySelector('#sound').dataset.state !== '\(sound ?? "")'")
                try await browser.expectNoErrors()
            }
        }

        /// The order whose card has the focus.
        private func focused(_ browser: WebDriver) async throws -> Int? {
            try await browser.execute("return Number(document.activeElement.dataset.orderId) || null").int
        }
    }
}
