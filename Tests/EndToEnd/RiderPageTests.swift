import Delivery
import Foundation
import SQLite
import Support
import Testing

extension EndToEnd {
    @Suite("The rider's page in a browser", .serialized)
    struct RiderPageTests {
        @Test("a rider logs in, sees an order when it is cooked, takes it, picks it up and delivers it")
        func wholeWay() async throws {
            try await withPage { pair, kitchen, browser, port in
                try await logIn(browser, at: port)
                #expect(try await browser.currentURL.hasSuffix("/rider"))
                #expect(try await browser.text(of: "#rider-name") == "박바람")
                try await browser.waitFor("#empty")

                let id = try await pair.order(try await pair.customer(), menus: [1, 1], note: "문 앞에 놓아 주세요")
                #expect(try await browser.findAll(row(id)).isEmpty)
                try await kitchen.cook(id, telling: pair)
                try await browser.waitFor("#available " + row(id))
                let offered = try await browser.text(of: row(id))
                for text in ["한솥부엌 홍대점", "서울시 마포구 월드컵로", "김치찌개 2", "방금 준비됨"] {
                    #expect(offered.contains(text), "\(text)")
                }
                #expect(!offered.contains("301호") && !offered.contains("문 앞"))

                try await browser.click(step(id, "take"))
                try await browser.waitFor("#mine " + row(id))
                #expect(try await browser.text(of: row(id)).contains("문 앞에 놓아 주세요"))
                try await browser.click(step(id, "pick-up"))
                try await browser.waitForText("서울시 마포구 월드컵로 12, 301호", in: row(id) + " .address")
                try await browser.reload()
                try await waitForBoard(browser)
                try await browser.click(step(id, "complete"))
                try await browser.wait(until: "!document.querySelector('\(row(id))')")
                try await browser.waitForText("오늘 1건 완료", in: "#today")
                #expect(try await kitchen.status(id) == "DELIVERED")

                // No other page of the service is a rider's.
                for path in ["/", "/dead-letters"] {
                    try await browser.navigate(to: "http://127.0.0.1:\(port)\(path)")
                    try await waitForBoard(browser)
                    #expect(try await browser.currentURL.hasSuffix("/rider"), "\(path)")
                }
                try await browser.click("#menu summary")
                try await browser.click("#language")
                try await browser.waitForText("Nothing to take right now", in: "#empty")
                try await browser.click("#menu summary")
                try await browser.click("#logout")
                try await browser.waitFor("#email")
                try await browser.navigate(to: "http://127.0.0.1:\(port)/rider")
                try await browser.waitFor("#email")
                try await expectNoErrors(browser)
            }
        }

        @Test("an order that somebody else takes is marked at once, and a tap on it says that it is gone")
        func taken() async throws {
            try await withPage { pair, kitchen, browser, port in
                try await logIn(browser, at: port)
                let customer = try await pair.customer()
                let (first, second) = (try await pair.order(customer), try await pair.order(customer))
                for id in [first, second] { try await kitchen.cook(id, telling: pair) }
                try await browser.waitFor(row(first))
                try await browser.waitFor(row(second))

                // Heard of by the stream.
                try await kitchen.takeByAnother(first, telling: pair)
                try await browser.waitForText("이미 배정됨", in: row(first))
                #expect(try await browser.findAll(step(first, "take")).isEmpty)
                // Not heard of: the tap finds it out.
                try await kitchen.takeByAnother(second, telling: nil)
                try await browser.click(step(second, "take"))
                try await browser.waitForText("이미 배정", in: "#toast")
                try await browser.waitForText("이미 배정됨", in: row(second))
                #expect(try await browser.findAll("#mine " + row(second)).isEmpty)
                // Both rows go after a while.
                try await browser.wait(until: "!document.querySelector('#available .row')", within: 15)
                try await expectNoErrors(browser, except: ["status of 409"])
            }
        }

        @Test("without a network a tap stays with its reason, and works when it is tried again; what was missed comes")
        func offline() async throws {
            try await withPage { pair, kitchen, browser, port in
                let proxy = try Proxy(to: port)
                defer { proxy.close() }
                try await logIn(browser, at: proxy.port)
                let customer = try await pair.customer()
                let id = try await pair.order(customer)
                try await kitchen.cook(id, telling: pair)
                try await browser.waitFor(step(id, "take"))
                proxy.refuse()
                proxy.cutAll()
                try await browser.click(step(id, "take"))
                try await browser.waitForText("다시 시도", in: row(id))
                try await browser.waitFor(#"#connection[data-state="reconnecting"]"#)
                let missed = try await pair.order(customer)
                try await kitchen.cook(missed, telling: pair)
                try proxy.accept()
                try await browser.click(step(id, "take"))
                try await browser.waitFor("#mine " + row(id))
                try await browser.waitFor("#available " + row(missed), within: 20)
                #expect(try await browser.findAll(row(id)).count == 1)
                try await expectNoErrors(browser, except: ["net::ERR_"])
            }
        }

        // MARK: Helpers

        /// What happens to orders elsewhere: in the database, with a hint to the service or without.
        private struct Kitchen: Sendable {
            let database: Database

            func cook(_ id: Int, telling pair: ServicePair?) async throws {
                try await change(id, [.accept, .startCooking, .finishCooking], by: .store(1), telling: pair)
            }

            func takeByAnother(_ id: Int, telling pair: ServicePair?) async throws {
                try await change(id, [.take], by: .rider(999), telling: pair)
            }

            private func change(
                _ id: Int, _ actions: [OrderAction], by actor: OrderActor, telling pair: ServicePair?
            ) async throws {
                try await database.write { db in
                    for action in actions {
                        _ = try Orders.change(
                            id, OrderChange(action, by: actor), telling: OrderNews(instance: 0), in: db)
                    }
                    // Without its event nobody hears of it.
                    if pair == nil { try db.run("DELETE FROM feed_event WHERE id = (SELECT max(id) FROM feed_event)") }
                }
            }

            func status(_ id: Int) async throws -> String {
                try await database.read { db in
                    try db.one("SELECT status FROM user_order WHERE id = ?", id) { try $0.text(0) }
                }
            }
        }

        private func withPage(
            _ body: (ServicePair, Kitchen, WebDriver, UInt16) async throws -> Void
        ) async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: host))
            let database = try await DeliveryDatabase.open(path: pair.folder.file("delivery.db"), demoData: false)
            let browser = try await WebDriver.start(width: 500, height: 900)
            try await body(pair, Kitchen(database: database), browser, pair.admin.port)
            try await browser.quit()
            await database.close()
            try await pair.stop()
            try await broker.deleteVirtualHost(host)
        }

        private func logIn(_ browser: WebDriver, at port: UInt16) async throws {
            try await browser.navigate(to: "http://127.0.0.1:\(port)/login")
            try await browser.type("rider@example.com", into: "#email")
            try await browser.type("password", into: "#password")
            try await browser.click("#login")
            try await waitForBoard(browser)
        }

        private func waitForBoard(_ browser: WebDriver) async throws {
            try await browser.waitFor(#"#board[data-state="ready"]"#, within: 20)
            try await browser.waitFor(#"#connection[data-state="connected"]"#, within: 20)
        }

        private func row(_ id: Int) -> String { #".row[data-order-id="\#(id)"]"# }
        private func step(_ id: Int, _ step: String) -> String { row(id) + #" [data-step="\#(step)"]"# }

        private func expectNoErrors(_ browser: WebDriver, except expected: [String] = []) async throws {
            let errors = try await browser.consoleMessages().filter { message in
                !expected.contains { message.contains($0) }
            }
            #expect(errors == [])
        }
    }
}
