import HTTPWire
import Testing

@Suite("Request head")
struct RequestHeadTests {
    @Test("what is no HTTP is refused at once, also behind an empty line, however it arrives", arguments: [1, 2, 3, 8])
    func noHTTP(_ step: Int) {
        #expect(parseHead(Array("\r\n]P/1.".utf8), step: step) == .refused(400))
    }

    @Test("a plain request gives its parts")
    func plain() throws {
        let text =
            "POST /api/user-order/7/pay?limit=5&x HTTP/1.1\r\nHost: shop.example:8080\r\nX-A:b  \r\nContent-Length: 12\r\n\r\nrest"
        let head = try #require(parseHead(text).head)
        #expect(head.method == .post)
        #expect(head.path == "/api/user-order/7/pay")
        #expect(head.query == "limit=5&x")
        #expect(head.host == "shop.example:8080")
        #expect(head.framing == .length(12))
        #expect(head.keepsAlive)
        #expect(head.fields == ["Host=shop.example:8080", "X-A=b", "Content-Length=12"])
        #expect(head.consumed == text.utf8.count - 4)
    }

    @Test(
        "octet by octet gives the same as all at once",
        arguments: [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET http://b:1/x?y HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
            "PUT /%41 HTTP/1.1\r\nHost: [::1]:80\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
            "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n",
            "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\r\n\r\n",
        ])
    func octetByOctet(text: String) {
        let whole = parseHead(text)
        #expect(whole != .incomplete)
        for step in 1...7 { #expect(parseHead(text, step: step) == whole) }
    }

    @Test(
        "the connection is kept or closed as RFC 9112 section 9.3 says",
        arguments: [
            ("HTTP/1.1", "", true), ("HTTP/1.1", "Connection: close\r\n", false),
            ("HTTP/1.1", "Connection: x, Close\r\n", false), ("HTTP/1.0", "", false),
            ("HTTP/1.0", "Connection: Keep-Alive\r\n", true),
            ("HTTP/1.0", "Connection: keep-alive, close\r\n", false), ("HTTP/1.9", "", true),
        ])
    func persistence(version: String, field: String, keeps: Bool) throws {
        let head = try #require(parseHead("GET / \(version)\r\nHost: a\r\n\(field)\r\n").head)
        #expect(head.keepsAlive == keeps)
    }

    @Test(
        "targets of every form",
        arguments: [
            ("GET /a/b?c?d", "/a/b", "c?d", "h"), ("GET http://x.y", "/", "", "x.y"),
            ("GET HTTPS://x.y?q=1", "/", "q=1", "x.y"), ("GET http://x:8/p", "/p", "", "x:8"),
            ("OPTIONS *", "*", "", "h"), ("GET //a/../b", "//a/../b", "", "h"),
        ])
    func targets(line: String, path: String, query: String, host: String) throws {
        let head = try #require(parseHead("\(line) HTTP/1.1\r\nHost: h\r\n\r\n").head)
        #expect(head.path == path)
        #expect(head.query == query)
        #expect(head.host == host)
    }

    @Test("HTTP/1.0 needs no Host")
    func noHost() throws {
        let head = try #require(parseHead("GET / HTTP/1.0\r\n\r\n").head)
        #expect(head.host == "")
    }

    @Test(
        "a head of exactly 16 KiB passes and one octet more does not", arguments: [(0, nil), (1, 431)] as [(Int, Int?)])
    func limit(extra: Int, status: Int?) {
        let start = "GET / HTTP/1.1\r\nHost: a\r\nX: "
        let filler = String(repeating: "v", count: 16_384 - start.utf8.count - 4 + extra)
        let text = "\(start)\(filler)\r\n\r\n"
        #expect(parseHead(text).status == status)
        #expect(parseHead(text, step: 1000).status == status)
    }

    @Test("a request line without end is 414")
    func longLine() {
        #expect(parseHead("GET /" + String(repeating: "a", count: 16_384)).status == 414)
        #expect(parseHead("GET /" + String(repeating: "a", count: 15_000) + " HTTP/1.1\r\nHost: a\r\n\r\n").head != nil)
    }

    @Test("a hundred fields pass and one more is 431", arguments: [(99, nil), (100, 431)] as [(Int, Int?)])
    func fieldCount(others: Int, status: Int?) {
        let fields = (0..<others).map { "X\($0): 1\r\n" }.joined()
        #expect(parseHead("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n").status == status)
    }

    @Test("a field is found whatever the case of its name")
    func lookup() throws {
        var head = RequestHead()
        try withBytes("GET / HTTP/1.1\r\nhOST: a\r\nX-Token_1: t\r\nAccept: a\r\nACCEPT: b\r\n\r\n") {
            try head.parse($0)
        }
        let token = head.fields.first("x-token_1")?.text
        let accept = head.fields.joined("accept")
        let missing = head.fields.first("x-token")?.text
        #expect(token == "t")
        #expect(accept == "a, b")
        #expect(missing == nil)
    }

    @Test("a head is parsed anew in the same memory")
    func reuse() throws {
        var head = RequestHead()
        try withBytes("POST /long/path?q HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nX: y\r\n\r\n") {
            try head.parse($0)
        }
        try withBytes("GET / HTTP/1.1\r\nHost: b\r\n\r\n") { try head.parse($0) }
        let parsed = ParsedHead(head, consumed: 0)
        #expect(parsed.path == "/" && parsed.query == "" && parsed.framing == .none && parsed.fields == ["Host=b"])
    }
}
