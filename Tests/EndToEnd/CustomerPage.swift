import Support
import Testing

/// The customer's page in a browser, beside both services.
struct CustomerPage: Sendable {
    let pair: ServicePair
    let browser: WebDriver
    /// Between the browser and `api`.
    let proxy: Proxy
    /// The first demo customer without a browser.
    let customer: HTTPTestClient
    /// The owner of store 1.
    let owner: HTTPTestClient

    static func with(_ body: (CustomerPage) async throws -> Void) async throws {
        let broker = try await RabbitMQBroker.shared()
        let host = try await broker.makeVirtualHost()
        let pair = try await ServicePair.start(broker: broker.url(virtualHost: host))
        let proxy = try Proxy(to: pair.api.port)
        defer { proxy.close() }
        let browser = try await WebDriver.start(width: 390, height: 844)
        let page = CustomerPage(
            pair: pair, browser: browser, proxy: proxy, customer: try await pair.customer(),
            owner: pair.admin.http.with(cookie: try await pair.session()))
        try await body(page)
        try await browser.quit()
        try await pair.stop()
        try await broker.deleteVirtualHost(host)
    }

    func open(_ hash: String = "#/") async throws {
        try await browser.navigate(to: "http://127.0.0.1:\(proxy.port)/\(hash)")
    }

    func logIn(_ email: String = "customer@example.com") async throws {
        try await browser.type(email, into: "#email")
        try await browser.type("password", into: "#password")
        try await browser.click("#submit")
    }

    /// Goes to store 1, puts menus into the basket, and opens the checkout.
    func fillBasket(_ menus: [Int]) async throws {
        try await open("#/store/1")
        for menu in menus { try await browser.click(#"[data-key="more-\#(menu)"]"#) }
        try await browser.click("#basket-bar")
        try await browser.waitFor("#place:not([aria-disabled=true])")
    }

    /// The order that the page shows; waits for it.
    func shownOrder() async throws -> Int {
        let hash = try await browser.wait(until: "/^#\\/order\\/\\d+$/.test(location.hash) && location.hash")
        return Int(hash.string?.dropFirst("#/order/".count) ?? "") ?? 0
    }

    func waitForStatus(_ status: String) async throws {
        try await browser.waitFor(#".state[data-status="\#(status)"]"#)
    }

    func waitForStream() async throws {
        try await browser.wait(until: "document.documentElement.dataset.connection === 'connected'", within: 20)
    }

    /// Does something to an order as the store.
    func store(_ action: String, _ id: Int, _ body: JSONValue = [:]) async throws {
        try await eventually("the store may \(action) order \(id)") {
            try await owner.post("/api/user-order/\(id)/\(action)", json: body).status == 200
        }
    }

    /// How many orders the customer has.
    func count(_ customer: HTTPTestClient? = nil) async throws -> Int {
        let client = customer ?? self.customer
        let open = try await client.get("/api/user-order/current").json["body"].array.count
        return open + (try await client.get("/api/user-order/history").json["body"].array.count)
    }
}
