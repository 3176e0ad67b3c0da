import Support
import Testing

/// The store owner's page in a browser, beside both services.
struct OwnerPage: Sendable {
    let pair: ServicePair
    let browser: WebDriver
    /// The same owner without a browser.
    let owner: HTTPTestClient
    /// The port that the browser uses.
    var port: UInt16 { pair.admin.port }

    /// A pair of services, and a browser that has not been anywhere; both are gone afterwards.
    static func with(_ body: (OwnerPage) async throws -> Void) async throws {
        let broker = try await RabbitMQBroker.shared()
        let host = try await broker.makeVirtualHost()
        let pair = try await ServicePair.start(broker: broker.url(virtualHost: host))
        let browser = try await WebDriver.start()
        let owner = pair.admin.http.with(cookie: try await pair.session())
        try await body(OwnerPage(pair: pair, browser: browser, owner: owner))
        try await browser.quit()
        try await pair.stop()
        try await broker.deleteVirtualHost(host)
    }

    /// Logs in as the first store's owner, and waits for the orders.
    func open() async throws {
        try await browser.navigate(to: "http://127.0.0.1:\(port)/login")
        try await browser.logIn()
        try await browser.waitForBoard()
    }

    /// Opens the page in another tab, and works there from now on.
    func openTab() async throws -> String {
        let tab = try await browser.openTab()
        try await browser.navigate(to: "http://127.0.0.1:\(port)/main")
        try await browser.waitForBoard()
        return tab
    }

    /// What the server says of an order.
    func order(_ id: Int) async throws -> JSONValue {
        try await owner.get("/api/user-order/id/\(id)").json["body"]["user_order_response"]
    }

    /// Presses a button of an order's card.
    func press(_ slot: String, _ id: Int) async throws { try await browser.click("\(card(id)) [data-slot=\(slot)]") }

    /// Waits until the order's card is in a column, with a status.
    func waitFor(_ id: Int, in column: String, _ status: String) async throws {
        try await browser.waitFor(#"#orders-\#(column) \#(card(id))[data-status="\#(status)"]"#)
    }

    /// Opens something of the page's menu.
    func openFromMenu(_ selector: String) async throws {
        try await browser.click("#menu summary")
        try await browser.click(selector)
    }
}

/// The card of an order.
func card(_ id: Int) -> String { #"article.order-card[data-order-id="\#(id)"]"# }

extension WebDriver {
    func logIn(email: String = "owner1@example.com", password: String = "password") async throws {
        try await waitFor("#login")
        try await clear("#email")
        try await type(email, into: "#email")
        try await clear("#password")
        try await type(password, into: "#password")
        try await click("#login")
    }

    func waitForBoard() async throws {
        try await waitFor(#"#board[data-state="ready"]"#, within: 20)
        try await waitFor(#"#connection[data-state="connected"]"#, within: 20)
    }

    /// The console shows errors of scripts, of loading, and of the content security policy.
    func expectNoErrors(except expected: [String] = []) async throws {
        let errors = try await consoleMessages().filter { message in !expected.contains { message.contains($0) } }
        #expect(errors == [])
    }
}
