import Support
import Testing

extension EndToEnd {
    @Suite("How a store is run on the page", .serialized)
    struct StoreRunningTests {
        @Test("busy, a pause, settings and what is sold out hold for customers and for every tab, in both languages")
        func running() async throws {
            try await OwnerPage.with { page in
                let browser = page.browser
                try await page.open()
                let first = try await browser.tab
                let second = try await page.openTab()
                let customer = try await page.pair.customer()

                // Busy: what customers are told, and what a card offers.
                let before = try await page.pair.order(customer)
                try await browser.waitForText("20분", in: card(before) + " [data-slot=primary]")
                try await browser.click(".running [data-do=busy]")
                try await browser.waitFor("#busy-strip")
                for tab in [first, second] {
                    try await browser.switchTab(to: tab)
                    try await browser.waitForText("30분", in: "#busy-text")
                    try await browser.waitForText("30분", in: card(before) + " [data-slot=primary]")
                }
                try await browser.click("#busy-end")
                try await browser.wait(until: "document.querySelector('#busy-strip').hidden")

                // A pause ends when somebody says so, in any tab.
                try await browser.click(".running [data-do=pause]")
                try await browser.click(#"[data-pause="30"]"#)
                try await browser.waitFor("#pause-strip")
                #expect(try await refusal(customer, page) == 3006)
                try await browser.switchTab(to: first)
                try await browser.click("#pause-end")
                try await browser.wait(until: "document.querySelector('#pause-strip').hidden")
                #expect(try await refusal(customer, page) == nil)

                // Sold out for two hours, and on sale again.
                try await page.openFromMenu("#show-soldout")
                try await browser.click(#"[data-menu-id="1"] button"#)
                try await browser.click(#"[data-menu-id="1"] [data-key="1 120"]"#)
                try await browser.waitFor(#"[data-menu-id="1"][data-sold-out="true"]"#)
                #expect(try await refusal(customer, page) == 3002)
                try await browser.click(#"[data-menu-id="1"] button"#)
                try await browser.waitFor(#"[data-menu-id="1"][data-sold-out="false"]"#)
                #expect(try await refusal(customer, page) == nil)
                try await browser.press(WebDriver.Key.escape)

                // What the settings say is what the next order gets.
                try await page.openFromMenu("#show-settings")
                try await browser.clear("#settings-minutes")
                try await browser.type("0", into: "#settings-minutes")
                try await browser.click("#settings [type=submit]")
                try await browser.waitFor("#settings-failure")
                try await browser.clear("#settings-minutes")
                try await browser.type("15", into: "#settings-minutes")
                try await browser.click("#settings [name=auto]")
                try await browser.click("#settings [type=submit]")
                try await browser.wait(until: "!document.querySelector('#settings').open")
                let automatic = try await page.pair.order(customer)
                try await page.waitFor(automatic, in: "cooking", "ACCEPT")
                #expect(try await page.order(automatic)["prep_minutes"].int == 15)

                try await page.openFromMenu("#language")
                try await browser.waitForText("Start cooking", in: card(automatic))
                try await browser.switchTab(to: second)
                try await browser.waitForText("Start cooking", in: card(automatic))
                let unnamed = try await browser.execute(
                    """
                    const korean = /[가-힣]/;
                    return [...document.querySelectorAll("[data-text], [data-slot]:not(:empty)")]
                        .filter((element) => element.children.length === 0 && korean.test(element.textContent))
                        .filter((element) => !element.closest("[data-slot=items], [data-slot=place], #language"))
                        .map((element) => element.textContent);
                    """)
                #expect(unnamed.array.compactMap(\.string) == [])
                try await browser.expectNoErrors(except: ["status of 409"])
                try await keepsFifty(browser)
                try await isGivenBack(browser)
            }
        }

        /// A page that stays open all day keeps the last orders that have ended, and no more.
        private func keepsFifty(_ browser: WebDriver) async throws {
            let kept = try await browser.execute(
                """
                return import("/assets/store-orders.js").then(({ Orders }) => {
                    const orders = new Orders();
                    const now = new Date().toISOString();
                    for (let id = 1; id <= 400; id += 1) {
                        orders.place({ user_order_response: { id, status: "ORDER", version: 1, ordered_at: now } });
                        orders.change({ id, status: "REJECT", version: 2, changed_at: now });
                        // What comes late or twice changes nothing.
                        orders.change({ id, status: "ACCEPT", version: 2, changed_at: now });
                    }
                    const { done } = orders.arranged();
                    return [done.length, done[0].id, done.at(-1).status, orders.isTrimmed, orders.get(1) ?? null];
                });
                """)
            #expect(kept == [50, 400, "REJECT", true, .null])
        }

        /// An order that a rider takes and gives back waits for a rider again, or for the store itself.
        private func isGivenBack(_ browser: WebDriver) async throws {
            let steps = try await browser.execute(
                """
                return import("/assets/store-orders.js").then(({ Orders, nextStep }) => {
                    const orders = new Orders();
                    const now = new Date().toISOString();
                    orders.place({ user_order_response: { id: 1, status: "COOKED", version: 4, ordered_at: now } });
                    const change = (action, version, rider) => {
                        orders.change({ id: 1, status: "COOKED", action, version, changed_at: now, ...rider });
                        return nextStep(orders.get(1));
                    };
                    return [change("TAKE", 5, { rider_id: 9 }), change("RELEASE", 6)];
                });
                """)
            #expect(steps == [.null, "start-delivery"])
        }

        /// The result code with which an order is refused; nil when it is taken.
        private func refusal(_ customer: HTTPTestClient, _ page: OwnerPage) async throws -> Int? {
            let reply = try await customer.post("/api/user-order", json: ["store_id": 1, "store_menu_id_list": [1]])
            return reply.status == 201 ? nil : reply.json["result"]["result_code"].int
        }
    }
}
