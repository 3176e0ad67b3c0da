import Foundation
import Support
import Testing

extension EndToEnd {
    @Suite("The kitchen's ticket in a browser", .serialized)
    struct TicketPageTests {
        private static let hostile = "<img src=x onerror=window.harm=1>\n<b>맵지 않게</b>"

        @Test("a ticket shows what the kitchen needs, prints when it is told to, and says that an order is off")
        func ticket() async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: host), environment: [:])
            let customer = try await pair.customer()
            let id = try await pair.order(customer, menus: [1, 1, 2], note: Self.hostile)
            let owner = pair.admin.http.with(cookie: try await pair.session())
            let accepted = try await owner.post("/api/user-order/\(id)/accept", json: ["prep_minutes": 20])
            #expect(accepted.status == 200, "\(accepted.text)")

            let browser = try await WebDriver.start()
            try await browser.devTools(
                "Page.addScriptToEvaluateOnNewDocument",
                ["source": "window.printed = 0; window.print = () => { window.printed += 1; };"])
            let address = "http://127.0.0.1:\(pair.admin.port)"
            // A stranger is sent to the login.
            try await browser.navigate(to: "\(address)/ticket/\(id)")
            try await browser.waitFor("#email")
            try await browser.type("owner1@example.com", into: "#email")
            try await browser.type("password", into: "#password")
            try await browser.click("#login")
            try await browser.waitFor("#board")

            try await browser.navigate(to: "\(address)/ticket/\(id)")
            try await browser.waitFor(#"#page[data-state="ready"]"#)
            #expect(try await browser.text(of: "#number") == "#\(id)")
            let text = try await browser.text(of: "#ticket")
            for part in ["한솥부엌 홍대점", "20분", "서울시 마포구", "25,500원", "<b>맵지 않게</b>"] {
                #expect(text.contains(part), "\(part) in \(text)")
            }
            let items = try await browser.execute(
                "return [...document.querySelectorAll('#items li')].map((item) => item.textContent)")
            #expect(items == ["2 × 김치찌개", "1 × 제육볶음 정식"])
            #expect(try await browser.findAll("#ticket img, #note b").isEmpty)
            #expect(try await browser.execute("return [window.printed, window.harm]").array == [0, .null])
            try await screenshots(browser, "ticket")
            try await browser.click("#print")
            #expect(try await browser.execute("return window.printed").int == 1)
            try await browser.click("#language")
            try await browser.waitForText("Ready by", in: "#ticket")

            // On paper there is the ticket alone, on one page of its length, 80 mm wide.
            let printed = try await browser.devTools("Page.printToPDF", ["preferCSSPageSize": true])
            let file = try #require(Data(base64Encoded: printed["data"].string ?? ""))
            if let folder = ProcessInfo.processInfo.environment["DELIVERY_SCREENSHOTS"] {
                try file.write(to: URL(fileURLWithPath: "\(folder)/ticket.pdf"))
            }
            let pages = String(decoding: file, as: UTF8.self).matches(
                of: /\/MediaBox \[0 0 ([0-9]+)[0-9.]* ([0-9]+)[0-9.]*\]/)
            #expect(pages.count == 1)
            #expect((225...228).contains(pages.first.flatMap { Int($0.1) } ?? 0), "in points")
            #expect((250...600).contains(pages.first.flatMap { Int($0.2) } ?? 0), "in points")

            try await browser.navigate(to: "\(address)/ticket/\(id)?print=1")
            try await browser.wait(until: "window.printed === 1")

            #expect(
                try await owner.post(
                    "/api/user-order/\(id)/reject", json: ["reason": "OTHER", "expected_status": "ACCEPT"]
                ).status == 200)
            try await browser.reload()
            try await browser.waitForText("REJECTED", in: "#stamp")
            try await browser.navigate(to: "\(address)/ticket/99999")
            try await browser.waitFor("#problem")
            #expect(try await browser.execute("return document.querySelector('#print').disabled").bool == true)
            let errors = try await browser.consoleMessages().filter { !$0.contains("status of 404") }
            #expect(errors == [])
            try await browser.quit()
            try await pair.stop()
            try await broker.deleteVirtualHost(host)
        }

        /// For whoever wants to look: DELIVERY_SCREENSHOTS names a folder.
        private func screenshots(_ browser: WebDriver, _ name: String) async throws {
            for (size, width) in [("phone", 390), ("dark", 1024)] {
                try await browser.devTools(
                    "Emulation.setDeviceMetricsOverride",
                    ["width": .int(width), "height": 844, "deviceScaleFactor": 1, "mobile": .bool(width < 500)])
                let overflow = try await browser.execute(
                    "return document.documentElement.scrollWidth - document.documentElement.clientWidth")
                #expect(overflow.int == 0, "\(name) \(size)")
                guard let folder = ProcessInfo.processInfo.environment["DELIVERY_SCREENSHOTS"] else { continue }
                try await browser.devTools(
                    "Emulation.setEmulatedMedia",
                    ["features": [["name": "prefers-color-scheme", "value": size == "dark" ? "dark" : "light"]]])
                try await browser.screenshot().write(to: URL(fileURLWithPath: "\(folder)/\(name)-\(size).png"))
            }
            try await browser.devTools("Emulation.clearDeviceMetricsOverride")
        }
    }
}
