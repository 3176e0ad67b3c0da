import Foundation
import Support
import Testing

extension EndToEnd {
    /// Docs/examples/nginx/delivery.conf as it is, but for ports and certificate, in Debian's nginx.
    @Suite("Both services under one address", .serialized)
    struct NginxTests {
        @Test("pages, both logins and live events go through nginx, also when a service behind it is restarted")
        func browser() async throws {
            try await withProxy { pair, address, _ in
                let browser = try await WebDriver.start(arguments: ["--ignore-certificate-errors"])
                try await browser.navigate(to: "\(address)/store-admin/")
                try await browser.waitFor("#email")
                #expect(try await browser.currentURL == "\(address)/store-admin/login")
                try await browser.type("owner1@example.com", into: "#email")
                try await browser.type("password", into: "#password")
                try await browser.click("#login")
                try await browser.waitFor(#"#connection[data-state="connected"]"#, within: 20)
                #expect(try await browser.currentURL == "\(address)/store-admin/main")
                // Without its last slash it is another place to relative addresses.
                try await browser.navigate(to: "\(address)/store-admin")
                try await browser.waitFor(#"#connection[data-state="connected"]"#, within: 20)
                #expect(try await browser.currentURL == "\(address)/store-admin/")
                let owner = try await browser.tab

                // A customer in the same browser: the two cookies do not know of each other.
                try await browser.openTab()
                try await browser.navigate(to: "\(address)/docs")
                try await browser.waitFor(#"#operations[data-state="ready"]"#)
                let login = try await fetch(
                    browser, "POST", "login", ["email": "customer@example.com", "password": "password"])
                #expect(login["status"].int == 200)
                #expect(try await fetch(browser, "GET", "api/user/me")["status"].int == 200)
                #expect(try await fetch(browser, "GET", "store-admin/api/store-user/me")["status"].int == 200)
                #expect(try await browser.execute("return document.cookie").string == "")

                let first = try await order(browser)
                let customer = try await browser.tab
                try await browser.switchTab(to: owner)
                try await browser.waitFor(card(first))

                try await pair.admin.kill()
                try await browser.waitFor(#"#connection[data-state="reconnecting"]"#, within: 20)
                try await browser.switchTab(to: customer)
                let missed = try await order(browser)
                try await pair.admin.startAgain()
                try await browser.switchTab(to: owner)
                try await browser.waitFor(#"#connection[data-state="connected"]"#, within: 30)
                try await browser.waitFor(card(missed), within: 20)

                try await browser.navigate(to: "\(address)/store-admin/docs")
                try await browser.waitFor(#"#operations[data-state="ready"]"#)
                #expect(try await browser.text(of: "#title") == "Delivery: store-admin")
                try await browser.quit()
            }
        }

        @Test("events come through at once, one by one, and large or hidden requests do not")
        func requests() async throws {
            try await withProxy { pair, address, _ in
                let token = try await pair.customer().headers["authorization-token"] ?? ""
                let session = try await pair.session()
                let bare = try await pair.admin.http.with(cookie: session).get("/store-admin")
                #expect(bare.status == 303 && bare.header("location") == "/store-admin/main")
                let stream = try ChildProcess(
                    "/usr/bin/curl",
                    ["-sNk", "-H", "Cookie: \(session)", "\(address)/store-admin/api/sse/connect?last_event_id=0"])
                try await onOwnThread { try stream.waitForLine(within: 5) { $0.hasPrefix("event: onopen") ? () : nil } }
                for _ in 0..<3 {
                    let placed = try await onOwnThread {
                        try curl(
                            [
                                "-H", "authorization-token: \(token)", "-H", "Content-Type: application/json", "-d",
                                #"{"store_id":1,"store_menu_id_list":[1]}"#,
                            ], "\(address)/api/user-order")
                    }
                    #expect(placed.status == 201)
                    let id = try JSONValue(parsing: Array(placed.body.utf8))["body"]["id"].int ?? 0
                    // Below the heartbeat's 15 s, after which a buffer that waits would be sent, too.
                    try await onOwnThread {
                        try stream.waitForLine(within: 5) {
                            $0.contains(#""user_order_response":{"#) && $0.contains("\"id\":\(id),") ? () : nil
                        }
                    }
                }
                try await onOwnThread { try stream.kill() }

                for path in [
                    "metrics", "health/ready", "health/live", "store-admin/metrics", "store-admin/health/ready",
                    "sandbox/settings",
                ] {
                    let status = try await status(of: "\(address)/\(path)")
                    #expect(status == 404, "\(path)")
                }
                let refused = try await status(
                    of: "\(address)/open-api/user/login", sending: String(repeating: "x", count: 70_000))
                #expect(refused == 413)
                let redirected = try await status(of: "\(address)/store-admin")
                #expect(redirected == 308)
            }
        }

        @Test("each client has its own limit of logins, whatever addresses it claims to have")
        func forwardedAddresses() async throws {
            try await withProxy { _, address, plain in
                let redirected = try await onOwnThread { try curl([], plain) }
                #expect(redirected.status == 308)
                for number in 1...10 {
                    let status = try await failedLogin(address, from: "127.0.0.2", claiming: "192.0.2.\(number)")
                    #expect(status == 401)
                }
                let limited = try await failedLogin(address, from: "127.0.0.2", claiming: "192.0.2.11")
                let other = try await failedLogin(address, from: "127.0.0.3", claiming: "127.0.0.2")
                #expect(limited == 429)
                #expect(other == 401)
            }
        }

        // MARK: Helpers

        /// A pair of services behind nginx, its address with https, and the one without.
        private func withProxy(_ body: (ServicePair, String, String) async throws -> Void) async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            let ports = (secure: try FreePort.next(), plain: try FreePort.next())
            let address = "https://localhost:\(ports.secure)"
            let pair = try await ServicePair.start(
                broker: broker.url(virtualHost: host),
                environment: ["PUBLIC_ORIGIN": address, "TRUSTED_PROXIES": "127.0.0.1"],
                adminEnvironment: ["BASE_PATH": "/store-admin"])
            let folder = try TemporaryFolder("nginx")
            let certificates = try TestCertificates()
            let files = try certificates.issue("localhost", names: ["DNS:localhost"])
            try folder.write(
                try configuration(pair, ports.secure, ports.plain, files, folder), to: "nginx.conf")
            let nginx = try ChildProcess("/usr/sbin/nginx", ["-e", "stderr", "-c", folder.file("nginx.conf")])
            try await eventually("nginx listens: \(nginx.output)") {
                try await onOwnThread { (try? curl([], "http://127.0.0.1:\(ports.plain)/"))?.status == 308 }
            }
            try await body(pair, address, "http://localhost:\(ports.plain)/")
            try await onOwnThread { try nginx.kill() }
            folder.remove()
            try await pair.stop()
            try await broker.deleteVirtualHost(host)
        }

        /// The example in a whole configuration of one process that writes into the folder only.
        private func configuration(
            _ pair: ServicePair, _ port: UInt16, _ plain: UInt16, _ files: TestCertificates.Files,
            _ folder: TemporaryFolder
        ) throws -> String {
            let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent()
            var example = try String(
                contentsOf: root.appendingPathComponent("Docs/examples/nginx/delivery.conf"), encoding: .utf8)
            for (line, replacement) in [
                ("127.0.0.1:8080", "127.0.0.1:\(pair.api.port)"), ("127.0.0.1:8081", "127.0.0.1:\(pair.admin.port)"),
                ("listen 80;", "listen 127.0.0.1:\(plain);"), ("listen 443 ", "listen 127.0.0.1:\(port) "),
                ("/etc/ssl/delivery.example.com.pem", files.certificate),
                ("/etc/ssl/delivery.example.com.key", files.key),
            ] {
                #expect(example.contains(line))
                example = example.replacingOccurrences(of: line, with: replacement)
            }
            let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map { "\($0)_temp_path \(folder.path)/\($0);" }
            return """
                daemon off;
                master_process off;
                pid \(folder.path)/nginx.pid;
                \(getuid() == 0 ? "user root;" : "")
                events { worker_connections 256; }
                http {
                    access_log off;
                    \(temporary.joined(separator: "\n    "))
                \(example)
                }
                """
        }

        /// What curl gets; no certificate is looked at.
        private func curl(_ arguments: [String], _ url: String, input: String? = nil) throws -> (
            status: Int, body: String
        ) {
            let output = try ChildProcess.run(
                "/usr/bin/curl", ["-sk", "-m", "20", "-w", "\n%{http_code}"] + arguments + [url], input: input)
            let lines = output.split(separator: "\n", omittingEmptySubsequences: false)
            return (Int(lines.last ?? "") ?? 0, lines.dropLast().joined(separator: "\n"))
        }

        private func status(of url: String, sending body: String? = nil) async throws -> Int {
            try await onOwnThread {
                try curl(body == nil ? [] : ["--data-binary", "@-"], url, input: body).status
            }
        }

        private func failedLogin(
            _ address: String, from client: String, claiming other: String
        ) async throws -> Int {
            let body = #"{"email":"customer2@example.com","password":"wrong password"}"#
            let fields = ["-H", "X-Forwarded-For: \(other)", "-H", "Content-Type: application/json"]
            return try await onOwnThread {
                try curl(["--interface", client] + fields + ["-d", body], "\(address)/open-api/user/login").status
            }
        }

        /// A call that the page makes, with the browser's cookies.
        private func fetch(
            _ browser: WebDriver, _ method: String, _ path: String, _ body: JSONValue = .null
        ) async throws -> JSONValue {
            try await browser.execute(
                """
                const [method, path, body] = arguments;
                const headers = body === null ? {} : { 'Content-Type': 'application/json' };
                return fetch(new URL(path, location.origin + '/'),
                    { method, headers, body: body === null ? undefined : JSON.stringify(body) })
                    .then(async (reply) => ({ status: reply.status, json: await reply.json() }));
                """, .string(method), .string(path), body)
        }

        private func order(_ browser: WebDriver) async throws -> Int {
            let reply = try await fetch(
                browser, "POST", "api/user-order", ["store_id": 1, "store_menu_id_list": [1, 1]])
            #expect(reply["status"].int == 201, "\(reply)")
            return reply["json"]["body"]["id"].int ?? 0
        }

        private func card(_ id: Int) -> String { #"article.order-card[data-order-id="\#(id)"]"# }
    }
}
