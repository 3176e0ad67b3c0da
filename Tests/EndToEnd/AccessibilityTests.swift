import Foundation
import Support
import Testing

extension EndToEnd {
    /// Runs axe-core, which Docs/scripts/test installs, on every page of both services.
    @Suite("Every page is free of what axe-core finds serious", .serialized)
    struct AccessibilityTests {
        /// A page, whose it is, the element that is there once it shows what it should, and what else can be opened on
        /// it, JavaScript each.
        struct AuditedPage: Sendable {
            enum Service: Sendable { case api, admin }
            let service: Service
            let path: String
            let account: String?
            let ready: String
            let states: [String]

            init(_ service: Service, _ path: String, as account: String? = nil, ready: String, states: [String] = []) {
                (self.service, self.path, self.account) = (service, path, account)
                (self.ready, self.states) = (ready, states)
            }
        }

        /// A page that is missing here is not looked at: one line for each.
        static let pages: [AuditedPage] = [
            AuditedPage(.admin, "/login", ready: "#login"),
            AuditedPage(.admin, "/main", as: "owner1@example.com", ready: ".order-card", states: ownersSheets),
            AuditedPage(.api, "/", ready: "#submit", states: ["location.hash = '#/register'"]),
            AuditedPage(.api, "/", as: "customer@example.com", ready: ".store-card", states: customersViews),
            AuditedPage(.admin, "/ticket/1", as: "owner1@example.com", ready: "#page[data-state=ready]"),
            AuditedPage(.admin, "/rider", as: "rider@example.com", ready: "#available li"),
            AuditedPage(
                .api, "/docs", ready: #"#operations[data-state="ready"]"#, states: operations("placeOrder")),
            AuditedPage(
                .admin, "/docs", as: "owner1@example.com", ready: #"#operations[data-state="ready"]"#,
                states: operations("getStoreUser") + operations("changeStoreSettings")),
            AuditedPage(
                .admin, "/settlement", as: "owner1@example.com", ready: #"#board[data-state="ready"]"#,
                states: ["document.querySelector('#modes [value=month]').click()"]),
            AuditedPage(
                .admin, "/settlement", as: "operator@example.com", ready: #"#board[data-state="ready"]"#),
            AuditedPage(.admin, "/dead-letters", as: "operator@example.com", ready: "#total"),
        ]

        private static let customersViews = ["store/1", "checkout", "order/1", "orders", "me"].map { view in
            """
            return new Promise((done) => {
              const look = () => (document.querySelector(".skeleton") ? setTimeout(look, 20) : done());
              addEventListener("hashchange", () => setTimeout(look), { once: true });
              document.querySelector("[data-key=more-1]")?.click();
              location.hash = "#/\(view)";
            });
            """
        }

        /// Opens an operation of the documents, unfolds all of it, and sends it.
        private static func operations(_ id: String) -> [String] {
            [
                """
                const item = document.getElementById("\(id)");
                item.open = true;
                return new Promise((done) => setTimeout(() => {
                  for (const part of item.querySelectorAll("details")) part.open = true;
                  item.querySelector("form").requestSubmit();
                  // Not before what was faded is painted as it is.
                  const end = () => requestAnimationFrame(() => requestAnimationFrame(() => done()));
                  const look = () => (item.querySelector(".facts") ? end() : setTimeout(look, 20));
                  look();
                }));
                """
            ]
        }

        private static let ownersSheets = ["soldout", "history", "settings", "reject", "pause", "keys"].map { sheet in
            let open =
                switch sheet {
                case "reject": ".order-card [data-slot=reject]"
                case "pause": ".running [data-do=pause]"
                default: "#show-\(sheet)"
                }
            return "document.querySelector('dialog[open]')?.close(); document.querySelector('\(open)').click()"
        }

        @Test("on a phone in the light and on a desk in the dark, with every sheet of the owner's page")
        func audit() async throws {
            let axe = try source()
            try await OwnerPage.with { page in
                let (pair, browser) = (page.pair, page.browser)
                let customer = try await pair.customer()
                let orders = [
                    try await pair.order(customer, note: "단무지 많이"), try await pair.order(customer, menus: [1, 2, 2]),
                    try await pair.order(customer),
                ]
                try await eventually("the orders are there") {
                    try await page.owner.get("/api/user-order/current").json["body"].array.count == orders.count
                }
                let cooked = ["accept", "start-cooking", "finish-cooking"]
                for (id, steps) in [(orders[1], ["accept"]), (orders[2], cooked)] {
                    for step in steps {
                        #expect(try await page.owner.post("/api/user-order/\(id)/\(step)", json: [:]).status == 200)
                    }
                }
                for audited in Self.pages {
                    let service = audited.service == .api ? pair.api : pair.admin
                    try await browser.navigate(to: "http://127.0.0.1:\(service.port)/health/live")
                    try await browser.deleteCookies()
                    if let account = audited.account {
                        try await addSession(account, service, audited.service, browser)
                    }
                    for (scheme, width) in [("light", 390), ("dark", 1280)] {
                        try await emulate(scheme, width, browser)
                        try await browser.navigate(to: "http://127.0.0.1:\(service.port)\(audited.path)")
                        try await browser.waitFor(audited.ready, within: 20)
                        try await browser.execute("\(axe)\nwindow.axe = axe;")
                        try await expectClean("\(audited.path) \(scheme) \(width)", browser)
                        for state in audited.states {
                            try await browser.execute(state)
                            try await expectClean("\(audited.path) \(scheme) \(width), \(state)", browser)
                        }
                    }
                }
            }
        }

        private func addSession(
            _ account: String, _ service: ServiceProcess, _ kind: AuditedPage.Service, _ browser: WebDriver
        ) async throws {
            let name = kind == .api ? "user_session" : "store_session"
            let reply = try await service.http.post(
                "/login", json: ["email": .string(account), "password": "password"])
            guard let session = reply.cookie(name) else {
                throw SupportError("\(account) cannot log in: \(reply.status) \(reply.text)")
            }
            try await browser.addCookie(name: name, value: session)
        }

        private func emulate(_ scheme: String, _ width: Int, _ browser: WebDriver) async throws {
            try await browser.devTools(
                "Emulation.setDeviceMetricsOverride",
                ["width": .int(width), "height": 844, "deviceScaleFactor": 1, "mobile": .bool(width < 500)])
            // What moves has no colour of its own.
            try await browser.devTools(
                "Emulation.setEmulatedMedia",
                [
                    "features": [
                        ["name": "prefers-color-scheme", "value": .string(scheme)],
                        ["name": "prefers-reduced-motion", "value": "reduce"],
                    ]
                ])
        }

        private func expectClean(_ what: String, _ browser: WebDriver) async throws {
            let found = try await browser.execute(
                """
                return axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations
                    .filter(({ impact }) => impact === "serious" || impact === "critical")
                    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ target }) => target.join(" "))}`));
                """)
            #expect(found.array.compactMap(\.string) == [], "\(what)")
        }

        private func source() throws -> String {
            let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
            let file = "/\(root)/.build/axe/axe_playwright_python/axe.min.js"
            guard let source = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw SupportError("axe-core is not in .build/axe, where Docs/scripts/test installs it")
            }
            return source
        }
    }
}
