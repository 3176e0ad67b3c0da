import EventLoop
import HTTP
import HTTPWire
import Testing

@Suite("Client", .timeLimit(.minutes(1)))
struct ClientTests {
    func run(_ body: (HTTPServer, HTTPClient, String) async throws -> Void) async throws {
        let group = try EventLoopGroup(count: 1)
        defer { group.stop() }
        var client = HTTPClient(on: group.first)
        client.limits.body = 100_000
        try await withServer { router in
            router.on(.post, "/echo") { request in
                .text(
                    "\(request.header("x-key") ?? "-") \(request.host) \(String(decoding: request.body, as: UTF8.self))"
                )
            }
            router.on(.get, "/never") { _ in
                try await Task.sleep(for: .milliseconds(500))
                return .empty()
            }
            router.on(.get, "/large") { _ in .json([UInt8](repeating: 0x61, count: 100_001)) }
            router.on(.get, "/stream") { _ in
                .eventStream { writer in
                    writer.send(SharedBytes(Array("data: a\n\n".utf8)))
                    writer.close()
                }
            }
        } _: { server in
            try await body(server, client, "http://127.0.0.1:\(server.address.port)")
        }
    }

    func url(_ text: String) throws -> HTTPURL { try #require(HTTPURL(text)) }

    @Test("a request goes out and its response comes back")
    func exchange() async throws {
        try await run { server, client, base in
            let request = HTTPClient.Request(
                .post, try url(base + "/echo?x"), fields: ["X-Key": "k"], body: Array("hello".utf8))
            for _ in 0..<3 {
                let response = try await client.send(request, within: .seconds(5))
                #expect(response.status == .ok)
                #expect(response.fields["content-type"] == "text/plain; charset=utf-8")
                #expect(String(decoding: response.body, as: UTF8.self) == "k 127.0.0.1:\(server.address.port) hello")
            }
            let missing = try await client.send(.init(.get, try url(base)), within: .seconds(5))
            #expect(missing.status == .notFound)
            let stream = try await client.send(.init(.get, try url(base + "/stream")), within: .seconds(5))
            #expect(stream.body == Array("data: a\n\n".utf8))
        }
    }

    @Test(
        "deadline, size limit and a field that cannot be sent are errors",
        arguments: [
            ("/never", 504), ("/large", 502), ("/injection", 500),
        ])
    func failures(path: String, status: Int) async throws {
        try await run { _, client, base in
            var request = HTTPClient.Request(.get, try url(base + path))
            if path == "/injection" { request.fields.append("X", "a\r\nB: c") }
            let error = await #expect(throws: HTTPError.self) {
                _ = try await client.send(request, within: path == "/never" ? .milliseconds(50) : .seconds(5))
            }
            #expect(error.map { Int($0.status.code) } == status)
        }
    }

    @Test("nobody there is a connect error")
    func refused() async throws {
        try await run { server, client, base in
            await server.shutdown(within: .zero)
            await #expect(throws: ConnectError.self) {
                _ = try await client.send(.init(.get, try url(base)), within: .seconds(5))
            }
        }
    }

    @Test("a cancelled request ends at once")
    func cancellation() async throws {
        try await run { _, client, base in
            let request = HTTPClient.Request(.get, try url(base + "/never"))
            let task = Task { try await client.send(request, within: .seconds(5)) }
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
        }
    }

    @Test(
        "an address that the policy refuses is not connected to, by whatever name",
        arguments: ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
    func refusedAddress(host: String) async throws {
        try await run { server, client, _ in
            let asked = Signal()
            let guarded = HTTPClient(on: client.loop) { address in
                asked.fire()
                return AddressPolicy.publicOnly(address)
            }
            let url = try url("http://\(host):\(server.address.port)/echo")
            let error = await #expect(throws: AddressRefused.self) {
                _ = try await guarded.send(.init(.get, url), within: .seconds(5))
            }
            #expect(error?.host == url.host)
            #expect(asked.value > 0)
            #expect(server.statistics.acceptedConnections == 0)
        }
    }

    @Test("of a host's addresses those are tried that the policy allows")
    func someAllowed() async throws {
        try await run { server, client, _ in
            let guarded = HTTPClient(on: client.loop) { $0.isIPv4 }
            let url = try url("http://localhost:\(server.address.port)/echo")
            let response = try await guarded.send(.init(.get, url), within: .seconds(5))
            #expect(response.status == .methodNotAllowed)
        }
    }

    @Test(
        "URLs are taken apart, or refused",
        arguments: [
            ("http://a", "a", 80, "/"), ("HTTP://A:81/X?Y", "a", 81, "/X?Y"), ("http://[::1]:9?q", "::1", 9, "/?q"),
            ("https://a.example./", "a.example.", 443, "/"), ("https://a_b-c:80/", "a_b-c", 80, "/"),
            ("http://127.0.0.1", "127.0.0.1", 80, "/"), ("https://[2001:DB8::1]", "2001:db8::1", 443, "/"),
            ("http://3com.example", "3com.example", 80, "/"), ("http://xn--bj0bj06e/", "xn--bj0bj06e", 80, "/"),
            ("ftp://a/", nil, 0, ""), ("a", nil, 0, ""), ("://a", nil, 0, ""), ("http:/a", nil, 0, ""),
            ("http://", nil, 0, ""), ("http://u@a/", nil, 0, ""), ("http://a@b:80/", nil, 0, ""),
            ("http://a:0/", nil, 0, ""), ("http://a:/", nil, 0, ""), ("http://:80/", nil, 0, ""),
            ("http://a:99999/", nil, 0, ""), ("http://a/ b", nil, 0, ""), ("http://a/#f", nil, 0, ""),
            ("http://[::1/", nil, 0, ""), ("http://[::1%25eth0]/", nil, 0, ""), ("http://[a]/", nil, 0, ""),
            ("http://::1/", nil, 0, ""), ("http://[1.2.3.4]/", nil, 0, ""), ("http://a:+1/", nil, 0, ""),
            // What resolvers take for an address, and people do not.
            ("http://127.1/", nil, 0, ""), ("http://2130706433/", nil, 0, ""), ("http://0x7f000001/", nil, 0, ""),
            ("http://0x7f.0.0.1/", nil, 0, ""), ("http://0177.0.0.01/", nil, 0, ""), ("http://a.0x7f/", nil, 0, ""),
            ("http://127.0.0.1./", nil, 0, ""), ("http://a\\@b/", nil, 0, ""), ("http://a%2eb/", nil, 0, ""),
            ("http://a..b/", nil, 0, ""), ("http://.a/", nil, 0, ""), ("http://./", nil, 0, ""),
            ("http://가게.kr/", nil, 0, ""), ("http://\(String(repeating: "a", count: 64))/", nil, 0, ""),
        ] as [(String, String?, Int, String)])
    func urls(text: String, host: String?, port: Int, target: String) {
        let url = HTTPURL(text)
        #expect(url?.host == host)
        if host != nil {
            #expect(url?.port == port)
            #expect(url?.target == target)
            #expect(url?.isSecure == text.lowercased().hasPrefix("https"))
            #expect(url.flatMap { HTTPURL("\($0)") } == url)
        }
    }
}
