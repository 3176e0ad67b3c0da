import Support
import Testing

extension ServiceTests {
    @Suite("Files, metrics and names on the page", .serialized)
    struct PageTests {
        @Test("every file that the pages name is served with its type, and not again to whom has it")
        func files() async throws {
            let pair = try await ServiceFixture.get().pair
            let owner = pair.admin.http.with(cookie: try await People.get().session)
            var paths: Set<String> = []
            for page in ["/login", "/main"] {
                let text = try await owner.get(page).text
                for part in text.split(separator: "\"") where part.hasPrefix("assets/") { paths.insert("/\(part)") }
            }
            #expect(paths.count >= 5)
            for path in paths.union(["/assets/store-worker.js", "/assets/store-text.js"]) {
                let file = try await pair.admin.http.get(path)
                #expect(file.status == 200, "\(path)")
                let type = path.hasSuffix(".js") ? "text/javascript" : path.hasSuffix(".css") ? "text/css" : "image/svg"
                #expect(file.header("content-type")?.hasPrefix(type) == true, "\(path)")
                #expect(file.header("x-content-type-options") == "nosniff")
                let tag = try #require(file.header("etag"))
                #expect(tag.hasPrefix("\"") && tag.hasSuffix("\""))
                let known = try await pair.admin.http.get(path, headers: ["If-None-Match": tag])
                #expect(known.status == 304)
                #expect(known.body.isEmpty)
                #expect(known.header("etag") == tag)
                let other = try await pair.admin.http.get(path, headers: ["If-None-Match": #""other""#])
                #expect(other.status == 200)
                let head = try await pair.admin.http.send("HEAD", path)
                #expect(head.status == 200)
                #expect(head.header("content-length") == "\(file.body.count)")
                #expect(try await pair.admin.http.send("POST", path).status == 405)
            }
            for path in ["/assets/", "/assets/../main", "/assets/nothing.js", "/assets/store-main.html"] {
                #expect(try await pair.admin.http.get(path).status != 200, "\(path)")
            }
        }

        @Test("metrics are Prometheus text, and count what happens")
        func metrics() async throws {
            let pair = try await ServiceFixture.get().pair
            let people = try await People.get()
            let placed = #"http_requests_total{method="POST",route="/api/user-order",status="201"}"#
            let before = try await [samples(pair.api), samples(pair.admin)]
            let stream = pair.stream(people.session)
            try await stream.connect()
            let id = try await pair.order(people.customer)
            try await stream.waitForOrders([id])
            // A reply is counted once it is written, a confirm may still be on its way.
            try await eventually("the order is counted") {
                let after = try await [samples(pair.api), samples(pair.admin)]
                func grew(_ service: Int, _ name: String) -> Bool {
                    (after[service][name] ?? 0) >= (before[service][name] ?? 0) + 1
                }
                return grew(0, placed) && grew(0, "outbox_confirmed_total") && grew(0, "sqlite_commits_total")
                    && grew(0, "http_request_seconds_count") && grew(1, "consumed_total")
                    && grew(1, "sse_events_sent_total") && grew(1, "sse_streams_connected")
            }
            stream.close()
            try await eventually("the stream is gone") {
                try await samples(pair.admin)["sse_streams_connected"] == before[1]["sse_streams_connected"]
            }
            let after = try await samples(pair.api)
            let buckets = after.filter { $0.key.hasPrefix("http_request_seconds_bucket") }
            #expect(buckets.count > 5)
            #expect(buckets.values.max() == buckets[#"http_request_seconds_bucket{le="+Inf"}"#])
        }

        /// The samples of a service's metrics by name and labels; every line must be one, or a comment.
        private func samples(_ service: ServiceProcess) async throws -> [String: Double] {
            let reply = try await service.http.get("/metrics")
            #expect(reply.header("content-type") == "text/plain; version=0.0.4; charset=utf-8")
            #expect(reply.text.hasSuffix("\n"))
            let sample = #/([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\]|\\.)*",?)*\})?) (\S+)/#
            var samples: [String: Double] = [:]
            for line in reply.text.split(separator: "\n") where !line.hasPrefix("# HELP ") && !line.hasPrefix("# TYPE ")
            {
                guard let match = try sample.wholeMatch(in: line), let value = Double(match.2) else {
                    throw SupportError("not a sample: \(line)")
                }
                #expect(samples.updateValue(value, forKey: String(match.1)) == nil, "twice: \(line)")
            }
            return samples
        }

        @Test("a menu whose name is markup is shown as text")
        func hostileMenu() async throws {
            let fixture = try await ServiceFixture.get()
            let id = try await fixture.pair.order(try await People.get().customer, menus: [fixture.data.hostileMenu])
            let browser = try await WebDriver.start()
            try await browser.navigate(to: "http://127.0.0.1:\(fixture.pair.admin.port)/login")
            try await browser.type("owner1@example.com", into: "#email")
            try await browser.type("password", into: "#password")
            try await browser.click("#login")
            let card = #"article.order-card[data-order-id="\#(id)"]"#
            try await browser.waitFor(card, within: 20)
            #expect(try await browser.text(of: card).contains(ServiceData.markup))
            #expect(try await browser.findAll("#board img, #board script").isEmpty)
            #expect(try await browser.execute("return window.harm").isNull)
            #expect(try await browser.consoleMessages() == [])
            try await browser.quit()
        }
    }
}
