import Foundation
import Support
import Testing

extension EndToEnd {
    @Suite("The whole process in browsers", .serialized)
    struct ProcessStoryTests {
        @Test("an order goes from the basket through store and rider to the settlement; each page follows live")
        func story() async throws {
            let stage = try await PaymentStage.start()
            let album = Album()
            let people = try await People.open(stage.pair)
            let (customer, owner, rider) = (people.customer, people.owner, people.rider)
            try await people.watchTheAlarm()
            try await people.settlement.waitForText("정산할 주문이 없어요", in: "#state")

            // The customer orders. The first payment is declined, so nothing reaches the store.
            try await stage.behave(declines: 100)
            try await customer.fillBasket([1, 1, 2])
            try await album.save(customer.browser, "process-basket")
            try await customer.browser.click("#place")
            let id = try await customer.shownOrder()
            try await customer.browser.waitForText("결제가 거절됐어요", in: ".state")
            try await customer.waitForStream()
            #expect(try await owner.browser.findAll(card(id)).isEmpty)
            #expect(try await people.isRinging() == false)
            try await stage.behave()
            try await customer.browser.click("#pay")
            try await customer.waitForStatus("ORDER")

            // The tab of the store rings until the order is accepted.
            try await owner.browser.waitFor(card(id) + #"[data-waiting="true"]"#)
            #expect(try await owner.browser.title.hasPrefix("(1)"))
            try await eventually("the alarm sounds") { try await people.isRinging() }
            try await owner.browser.click(card(id) + " .chips label:nth-child(3)")
            try await owner.browser.waitForText("20분", in: card(id) + " [data-slot=primary]")
            try await album.save(owner.browser, "process-owner")
            try await owner.press("primary", id)
            try await owner.waitFor(id, in: "cooking", "ACCEPT")
            #expect(try await people.isRinging() == false)
            try await customer.waitForStatus("ACCEPT")
            try await customer.browser.waitForText("약 20분 남았어요", in: ".eta")
            try await album.save(customer.browser, "process-customer")

            // It cooks. Riders see it when it is cooked.
            try await owner.press("primary", id)
            try await customer.waitForStatus("COOKING")
            #expect(try await rider.findAll(row(id)).isEmpty)
            try await owner.press("primary", id)
            try await customer.waitForStatus("COOKED")
            try await rider.waitFor("#available " + row(id))
            try await album.save(rider, "process-rider")

            try await rider.click(step(id, "take"))
            try await rider.waitFor("#mine " + row(id))
            try await customer.browser.waitForText("라이더가 가게로 가고 있어요", in: ".state")
            try await rider.click(step(id, "pick-up"))
            try await customer.waitForStatus("DELIVERY")
            try await owner.waitFor(id, in: "done", "DELIVERY")
            try await rider.click(step(id, "complete"))
            try await rider.wait(until: "!document.querySelector('\(row(id))')")
            try await customer.waitForStatus("DELIVERED")
            try await owner.waitFor(id, in: "done", "DELIVERED")
            try await customer.browser.click("#confirm")
            try await customer.waitForStatus("RECEIVE")
            try await owner.waitFor(id, in: "done", "RECEIVE")

            // The settlement page has been open all the time, and was not touched.
            try await people.settlement.waitForText("22,950원", in: "#payout", within: 20)
            for (figure, amount) in [("orders", "1건"), ("sales", "25,500원"), ("refunds", "0원"), ("fees", "2,550원")] {
                #expect(try await people.settlement.text(of: "#\(figure)") == amount)
            }
            try await people.settlement.waitForText("#\(id)", in: "#rows")
            try await album.save(people.settlement, "process-settlement")
            #expect(try await stage.ledger(id) == [25_500])
            #expect(try await stage.moved(id) == (1, 0))
            try await people.leave()
            try await stage.stop()
        }

        private func row(_ id: Int) -> String { #".row[data-order-id="\#(id)"]"# }
        private func step(_ id: Int, _ step: String) -> String { row(id) + #" [data-step="\#(step)"]"# }
    }

    /// Everybody who has to do with an order, each logged in, with a browser of their own.
    private struct People {
        let customer: CustomerPage
        let owner: OwnerPage
        let rider: WebDriver
        let settlement: WebDriver
        private var browsers: [WebDriver] { [customer.browser, owner.browser, rider, settlement] }

        static func open(_ pair: ServicePair) async throws -> People {
            async let phone = WebDriver.start()
            async let counter = WebDriver.start(width: 1280, height: 900)
            async let bike = WebDriver.start()
            async let office = WebDriver.start(width: 1024, height: 800)
            let ownerClient = pair.admin.http.with(cookie: try await pair.session())
            let people = try await People(
                customer: CustomerPage(
                    pair: pair, browser: phone, proxy: Proxy(to: pair.api.port), customer: pair.customer(),
                    owner: ownerClient),
                owner: OwnerPage(pair: pair, browser: counter, owner: ownerClient), rider: bike, settlement: office)
            for browser in [people.customer.browser, people.rider] {
                try await browser.devTools(
                    "Emulation.setDeviceMetricsOverride",
                    ["width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": true])
            }
            try await people.customer.open()
            try await people.customer.logIn()
            try await people.customer.browser.waitFor(".store-card")
            try await people.owner.open()
            let address = "http://127.0.0.1:\(pair.admin.port)/"
            try await people.rider.navigate(to: address + "login")
            try await people.rider.logIn(email: "rider@example.com")
            try await people.rider.waitForBoard()
            try await people.settlement.navigate(to: address + "login")
            try await people.settlement.logIn()
            try await people.settlement.waitForBoard()
            try await people.settlement.navigate(to: address + "settlement")
            return people
        }

        /// Lets the owner's tab sound, and notes whether it does: a headless browser is not heard.
        func watchTheAlarm() async throws {
            try await owner.browser.execute(
                """
                const { start, stop } = AudioBufferSourceNode.prototype;
                AudioBufferSourceNode.prototype.start = function (...when) {
                    window.isRinging ||= this.loop;
                    return start.apply(this, when);
                };
                AudioBufferSourceNode.prototype.stop = function (...when) {
                    window.isRinging = false;
                    return stop.apply(this, when);
                };
                """)
            // A touch anywhere lets the page sound.
            try await owner.browser.click("#store-name")
            try await owner.browser.waitFor(#"#sound[data-state="on"]"#)
        }

        func isRinging() async throws -> Bool {
            try await owner.browser.execute("return window.isRinging === true").bool ?? false
        }

        func leave() async throws {
            for browser in browsers {
                try await browser.expectNoErrors(except: ["status of 401"])
                try await browser.quit()
            }
            customer.proxy.close()
        }
    }

    /// Pictures for the documents: kept where `DELIVERY_SCREENSHOTS` names a folder.
    private struct Album {
        let folder = ProcessInfo.processInfo.environment["DELIVERY_SCREENSHOTS"]

        func save(_ browser: WebDriver, _ name: String) async throws {
            guard let folder else { return }
            // As it looks once nothing moves any more.
            let isEndless = "({ effect }) => effect.getTiming().iterations === Infinity"
            try await browser.wait(
                until: "document.getAnimations().filter((a) => a.playState === 'running').every(\(isEndless))")
            try await browser.screenshot().write(to: URL(fileURLWithPath: "\(folder)/\(name).png"))
        }
    }
}
