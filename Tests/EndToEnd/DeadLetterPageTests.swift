import AMQP
import AMQPWire
import Foundation
import Support
import Testing

extension EndToEnd {
    @Suite("The operator's page in a browser", .serialized)
    struct DeadLetterPageTests {
        private static let hostile = "<img src=x onerror=window.harm=1><script>window.harm=1</script>"

        @Test("an operator sees dead letters, sends one again and discards another; what they hold stays text")
        func story() async throws {
            try await withPage { broker, host, browser, admin in
                try await browser.navigate(to: "http://127.0.0.1:\(admin.port)/")
                try await logIn(browser)
                try await browser.waitFor(#"#board[data-state="ready"]"#, within: 20)
                #expect(try await browser.currentURL.hasSuffix("/dead-letters"))
                try await browser.waitFor(".empty")
                #expect(try await browser.text(of: "#total") == "0건")

                try await publish(broker.url(virtualHost: host))
                try await browser.click("#refresh")
                try await browser.waitForText("3건", in: "#total")
                let cards = try await browser.findAll(".letter")
                #expect(cards.count == 3)
                let first = try await browser.text(of: cards[0])
                #expect(first.contains("there is no order 41") && first.contains("#41") && first.contains("3회"))
                #expect(first.contains("user_order_id") && first.contains("4bf92f3577b34da6a3ce929d0e0e4736"))
                let second = try await browser.text(of: cards[1])
                #expect(second.contains(Self.hostile) && second.contains("reason \(Self.hostile)"))
                #expect(try await browser.findAll("#letters img, #letters script").isEmpty)
                // What shows nothing, or turns a text around, is seen.
                #expect(try await browser.text(of: cards[2]).contains(#"\u{0}\u{7}\u{202E}hello\u{FFFF}"#))
                try await screenshots(browser, "list")

                // By keyboard: to keep it is what Enter does first, and the focus is where it was.
                try await focus(browser, 2, "discard")
                try await browser.press(WebDriver.Key.enter)
                try await browser.waitFor("#confirm[open]")
                #expect(try await browser.text(of: "#confirm-what").contains("reason \(Self.hostile)"))
                #expect(try await browser.findAll("#confirm img, #confirm script").isEmpty)
                try await screenshots(browser, "confirm")
                try await browser.press(WebDriver.Key.enter)
                try await browser.wait(until: "!document.querySelector('#confirm').open")
                #expect(try await browser.findAll(".letter").count == 3)
                #expect(try await focused(browser) == "2 discard")
                try await browser.press(WebDriver.Key.enter)
                try await browser.waitFor("#confirm[open]")
                try await browser.press(WebDriver.Key.escape)
                try await browser.wait(until: "!document.querySelector('#confirm').open")
                #expect(try await browser.findAll(".letter").count == 3)

                try await browser.press(WebDriver.Key.enter)
                try await browser.click("#confirm-discard")
                try await browser.waitForText("2건", in: "#total")
                #expect(try await focused(browser) == "2 ")
                #expect(try await dead(broker, host) == 2)

                // There is still no such order, so that it comes back.
                try await browser.click(".letter [data-slot=replay]")
                try await browser.waitForText("1건", in: "#total")
                try await browser.waitForText("다시 보냈어요", in: "#toast")
                try await eventually("it is back") { try await dead(broker, host) == 2 }
                #expect(try await browser.execute("return window.harm").isNull)

                // Somebody else was faster.
                try await purge(broker.url(virtualHost: host))
                try await browser.click(".letter [data-slot=replay]")
                try await browser.waitForText("이미 처리된", in: "#toast")
                try await browser.waitFor(".empty")
                try await browser.click("#menu summary")
                try await browser.click("#language")
                try await browser.waitForText("No dead letters")
                try await expectNoErrors(browser, except: ["status of 401", "status of 404"])

                try await browser.click("#menu summary")
                try await browser.click("#logout")
                try await browser.waitFor("#email")
                try await browser.navigate(to: "http://127.0.0.1:\(admin.port)/dead-letters")
                try await browser.waitFor("#email")
            }
        }

        @Test("a broker that is down is told with what to do, and a session that ended leads to the login")
        func troubles() async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            let proxy = try Proxy(to: broker.port)
            defer { proxy.close() }
            try await withPage(broker, broker.url(virtualHost: host, port: proxy.port), host) {
                broker, host, browser, admin in
                proxy.refuse()
                try await browser.navigate(to: "http://127.0.0.1:\(admin.port)/login")
                try await logIn(browser)
                try await browser.waitForText("RabbitMQ", in: "#problem")
                try await screenshots(browser, "down")
                try proxy.accept()
                try await publish(broker.url(virtualHost: host))
                try await browser.click("#problem-retry")
                try await browser.waitForText("3건", in: "#total")

                // What was read stays; what is done to it fails where it was asked for.
                proxy.refuse()
                try await browser.click("#refresh")
                try await browser.waitFor("#stale-notice")
                #expect(try await browser.findAll(".letter").count == 3)
                try await browser.click(".letter [data-slot=replay]")
                try await browser.waitForText("RabbitMQ", in: ".letter [data-slot=failure]")
                try await screenshots(browser, "stale")
                try proxy.accept()
                try await browser.click(".letter [data-slot=replay]")
                try await browser.waitForText("2건", in: "#total")
                try await expectNoErrors(browser, except: ["status of 503"])

                try await browser.deleteCookies()
                try await browser.click("#refresh")
                try await browser.waitFor("#email")
            }
        }

        // MARK: Helpers

        /// A broker and `store-admin` with an operator.
        private func withPage(
            _ body: (RabbitMQBroker, String, WebDriver, ServiceProcess) async throws -> Void
        ) async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            try await withPage(broker, broker.url(virtualHost: host), host, body)
        }

        private func withPage(
            _ broker: RabbitMQBroker, _ url: String, _ host: String,
            _ body: (RabbitMQBroker, String, WebDriver, ServiceProcess) async throws -> Void
        ) async throws {
            let folder = try TemporaryFolder("operator")
            let admin = try await ServiceProcess.start(
                "store-admin",
                environment: ["RABBITMQ_URL": url, "DATABASE_PATH": folder.file("delivery.db"), "DEMO_DATA": "1"])
            try await eventually("the topology is declared") {
                try await broker.queue("delivery.dead.queue", virtualHost: host) != nil
            }
            let browser = try await WebDriver.start()
            try await body(broker, host, browser, admin)
            try await browser.quit()
            try await admin.terminate()
            folder.remove()
            try await broker.deleteVirtualHost(host)
        }

        private func logIn(_ browser: WebDriver) async throws {
            try await browser.waitFor("#login")
            try await browser.type("operator@example.com", into: "#email")
            try await browser.type("password", into: "#password")
            try await browser.click("#login")
        }

        private func publish(_ url: String) async throws {
            let letters: [(String, FieldTable)] = [
                (
                    #"{"user_order_id":41}"#,
                    [
                        "x-error": "there is no order 41", "x-attempts": 3, "x-first-seen": .string(ago(minutes: 3)),
                        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                    ]
                ),
                (
                    Self.hostile + String(repeating: " 안녕하세요", count: 100),
                    [
                        "x-error": .string("reason \(Self.hostile)"), "x-attempts": 1,
                        "x-first-seen": .string(ago(minutes: 61)),
                    ]
                ),
                ("\u{0}\u{7}\u{202E}hello\u{FFFF}", [:]),
            ]
            try await AMQPConnection.withConnection(url, name: "test") { connection in
                let channel = try await connection.openChannel()
                for (body, headers) in letters {
                    let properties = BasicProperties(
                        headers: headers, deliveryMode: .persistent,
                        messageID: headers.isEmpty ? nil : "0b7e9c1e-6f3f-4a4b-9d0e-1f2a3b4c5d6e",
                        type: headers.isEmpty ? nil : "UserOrderMessage")
                    try await channel.publish(
                        Array(body.utf8), to: "delivery.dead.exchange", properties: properties, mandatory: true)
                }
            }
        }

        private func ago(minutes: Double) -> String {
            Date(timeIntervalSinceNow: -60 * minutes).formatted(.iso8601)
        }

        private func purge(_ url: String) async throws {
            try await AMQPConnection.withConnection(url, name: "test") { connection in
                try await connection.openChannel().purgeQueue("delivery.dead.queue")
            }
        }

        private func dead(_ broker: RabbitMQBroker, _ host: String) async throws -> Int? {
            try await broker.queue("delivery.dead.queue", virtualHost: host)?.messages
        }

        private func focus(_ browser: WebDriver, _ place: Int, _ slot: String) async throws {
            try await browser.execute(
                "document.querySelectorAll('.letter')[arguments[0] - 1].querySelector(arguments[1]).focus()",
                .int(place), .string("[data-slot=\(slot)]"))
        }

        /// The place of the card that has the focus, and the button in it.
        private func focused(_ browser: WebDriver) async throws -> String? {
            try await browser.execute(
                """
                const element = document.activeElement, card = element.closest('.letter');
                return [...document.querySelectorAll('.letter')].indexOf(card) + 1 + ' ' + (element.dataset.slot ?? '');
                """
            ).string
        }

        /// Wide and narrow, for whoever wants to look: DELIVERY_SCREENSHOTS names a folder.
        private func screenshots(_ browser: WebDriver, _ name: String) async throws {
            for (size, width) in [("phone", 390), ("wide", 1280), ("dark", 1024)] {
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

        private func expectNoErrors(_ browser: WebDriver, except expected: [String] = []) async throws {
            let errors = try await browser.consoleMessages().filter { message in
                !expected.contains { message.contains($0) }
            }
            #expect(errors == [])
        }
    }
}
