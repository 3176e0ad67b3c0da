import Delivery
import SQLite
import Support
import Testing

extension EndToEnd {
    @Suite("The settlement page in a browser", .serialized)
    struct SettlementPageTests {
        @Test("an owner sees a day and a month to the won, in both languages; an operator sees all stores")
        func days() async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: host)) { path in
                try await Self.fill(path)
            }
            let browser = try await WebDriver.start()
            let page = "http://127.0.0.1:\(pair.admin.port)/settlement"
            try await logIn(browser, try await pair.session(), page)

            try await open(browser, page + "?day=2026-11-20")
            #expect(try await browser.text(of: "#store") == "한솥부엌 홍대점")
            #expect(try await browser.text(of: "#orders") == "2건")
            #expect(try await browser.text(of: "#sales") == "29,000원")
            #expect(try await browser.text(of: "#refunds") == "-21,000원")
            #expect(try await browser.text(of: "#fees") == "800원")
            #expect(try await browser.text(of: "#payout") == "7,200원")
            let rows = try await browser.execute(
                "return [...document.querySelectorAll('#rows tr')].map((row) => row.innerText.replaceAll(/\\s+/g, ' '))"
            )
            #expect(
                rows.array.map(\.string) == [
                    "#7 00:10 21,000 2,100 18,900", "#8 12:00 8,000 800 7,200", "#7 환불 23:59 -21,000 -2,100 -18,900",
                ])
            let link = try await browser.property("href", of: "#csv").string ?? ""
            #expect(link.hasSuffix("/api/settlement?day=2026-11-20&format=csv"))

            try await browser.click("#next")
            try await browser.waitForText("이 기간에는 정산할 주문이 없어요", in: "#state")
            try await browser.click("#modes label:nth-of-type(2)")
            try await browser.waitForText("2건", in: "#orders")
            try await browser.click("#rows a")
            try await browser.waitForText("2026년 11월 20일", in: "#heading")
            try await browser.click("#language")
            try await browser.waitForText("Payout", in: ".totals")
            #expect(try await browser.text(of: "#payout") == "₩7,200")
            try await browser.reload()
            try await browser.waitFor(#"#board[data-state="ready"]"#)
            #expect(try await browser.text(of: "#heading").contains("20 November 2026"))

            try await browser.deleteCookies()
            try await logIn(browser, try await pair.session("operator@example.com"), page)
            try await open(browser, page + "?day=2026-11-20")
            try await browser.waitForText("Settlement of all stores", in: "#title")
            let stores = try await browser.execute("return document.querySelector('#rows').innerText")
            #expect(stores.string?.contains("한솥부엌 홍대점") == true)
            #expect(try await browser.findAll("#rows tr").count == 1)
            #expect(try await browser.consoleMessages() == [])
            try await browser.quit()
            try await pair.stop()
            try await broker.deleteVirtualHost(host)
        }

        private func logIn(_ browser: WebDriver, _ session: String, _ page: String) async throws {
            try await browser.navigate(to: page.replacing("/settlement", with: "/login"))
            try await browser.addCookie(
                name: "store_session", value: String(session.drop { $0 != "=" }.dropFirst()))
        }

        private func open(_ browser: WebDriver, _ address: String) async throws {
            try await browser.navigate(to: address)
            try await browser.waitFor(#"#board[data-state="ready"]"#, within: 20)
        }

        private static func fill(_ path: String) async throws {
            let database = try await DeliveryDatabase.open(path: path, demoData: true)
            let day = try #require(KoreanDay("2026-11-20")).start.milliseconds
            try await database.write { db in
                for (order, kind, amount, fee, minute) in [
                    (7, "SALE", 21_000, 2_100, 10), (8, "SALE", 8_000, 800, 720), (7, "REFUND", -21_000, -2_100, 1_439),
                ] {
                    try db.run(
                        "INSERT INTO settlement_entry(order_id, kind, store_id, day, amount, fee, at) VALUES (?, ?, 1, '2026-11-20', ?, ?, ?)",
                        order, kind, amount, fee, day + minute * 60_000)
                }
            }
            await database.close()
        }
    }
}
