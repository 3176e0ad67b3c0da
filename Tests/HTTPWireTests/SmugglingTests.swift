import HTTPWire
import Testing

@Suite("Malformed and ambiguous requests")
struct SmugglingTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let text: String
        let status: Int
        init(_ name: String, _ text: String, _ status: Int = 400) {
            self.name = name
            self.text = text
            self.status = status
        }
        var testDescription: String { name }
    }

    static func field(_ name: String, _ line: String, _ status: Int = 400) -> Case {
        Case(name, "POST / HTTP/1.1\r\nHost: a\r\n\(line)\r\n\r\n", status)
    }

    static func line(_ line: String, _ status: Int = 400) -> Case {
        Case(line, "\(line)\r\nHost: a\r\n\r\n", status)
    }

    static let cases: [Case] = [
        field("two Content-Length", "Content-Length: 1\r\nContent-Length: 2"),
        field("two equal Content-Length", "Content-Length: 1\r\nContent-Length: 1"),
        field("a list as Content-Length", "Content-Length: 1, 1"),
        field("a signed Content-Length", "Content-Length: +1"), field("a negative one", "Content-Length: -1"),
        field("an empty one", "Content-Length:"), field("a hexadecimal one", "Content-Length: 0x10"),
        field("spaces in it", "Content-Length: 1 2"),
        field("one beyond Int", "Content-Length: 99999999999999999999", 413),
        field("Content-Length and Transfer-Encoding", "Content-Length: 1\r\nTransfer-Encoding: chunked"),
        field("Transfer-Encoding and Content-Length", "Transfer-Encoding: chunked\r\nContent-Length: 1"),
        field("another coding", "Transfer-Encoding: gzip"), field("two codings", "Transfer-Encoding: gzip, chunked"),
        field("chunked twice", "Transfer-Encoding: chunked, chunked"),
        field("two Transfer-Encoding", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        field("identity", "Transfer-Encoding: identity"), field("a vertical tab", "Transfer-Encoding: \u{0B}chunked"),
        field("quoted chunked", "Transfer-Encoding: \"chunked\""),
        field("a space before the colon", "Content-Length : 1"), field("a tab before the colon", "X\t: 1"),
        field("an obsolete fold", "X: 1\r\n 2"), field("an obsolete fold with a tab", "X: 1\r\n\t2"),
        field("a name that is empty", ": 1"), field("no colon", "Content-Length"),
        field("a name with a space", "X Y: 1"), field("a name with parentheses", "X(): 1"),
        field("a name above ASCII", "Ü: 1"), field("NUL in a value", "X: a\0b"), field("DEL in a value", "X: a\u{7F}"),
        field("an escape in a value", "X: \u{1B}[0m"), field("a bare CR in a value", "X: a\rb"),
        field("a bare CR that hides a field", "X: a\rContent-Length: 5"),
        field("a bare LF that hides a field", "X: a\nContent-Length: 5"),
        field("a second Host", "Host: b"), field("the same Host twice", "Host: a"),
        field("an unknown expectation", "Expect: 200-ok", 417),
        Case("bare LF everywhere", "GET / HTTP/1.1\nHost: a\n\n"),
        Case("a leading LF", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case("two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case("a space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        Case("no Host", "GET / HTTP/1.1\r\n\r\n"), Case("an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
        Case("a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        Case("a Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
        Case("a Host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
        Case("a Host with a bad port", "GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n"),
        Case("a Host with letters as port", "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n"),
        Case("an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
        Case("Transfer-Encoding in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
        line("GET  / HTTP/1.1"), line(" GET / HTTP/1.1"), line("GET /  HTTP/1.1"), line("GET / HTTP/1.1 "),
        line("GET\t/ HTTP/1.1"), line("GET / http/1.1"), line("GET / HTTP/1,1"), line("GET / HTTP/11"),
        line("GET / HTTP/1.1x"), line("GET /"), line("GET"), line("G(T / HTTP/1.1"), line("GET x HTTP/1.1"),
        line("GET * HTTP/1.1"), line("GET ftp://a/ HTTP/1.1"), line("GET http:///a HTTP/1.1"),
        line("GET http://u@h/ HTTP/1.1"), line("GET /a#b HTTP/1.1"), line("GET /<b> HTTP/1.1"),
        line("GET /%zz HTTP/1.1"),
        line("GET /%4 HTTP/1.1"), line("GET /ü HTTP/1.1"), line("GET /a\u{01}b HTTP/1.1"),
        line("GET /?\u{7F} HTTP/1.1"),
        line("GET / HTTP/2.0", 505), line("GET / HTTP/0.9", 505), line("PRI * HTTP/2.0", 505),
        line("CONNECT a:443 HTTP/1.1", 501),
        Case("a TLS greeting", "\u{16}\u{03}\u{01}\u{02}"),
    ]

    @Test("each is refused with its status, in pieces too", arguments: cases)
    func refused(item: Case) {
        for step in [Int.max, 1, 3] { #expect(parseHead(item.text, step: step).status == item.status) }
    }

    @Test(
        "what can never become a head is refused before its end arrives",
        arguments: [
            "GET / HTTP/1.1\n", "GET / HTTP/1.1\rHost", "GET / HTTP/9.9\r\nHo", "GET /\r\nHost: a", "\u{16}\u{03}",
            "GET x HTTP/1.1\r\nA",
        ])
    func early(text: String) {
        #expect(parseHead(text).status != nil)
        #expect(parseHead(text, step: 1).status != nil)
    }

    @Test("a method that is not known is well-formed")
    func unknownMethod() throws {
        let head = try #require(parseHead("BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n").head)
        #expect(head.method == .unrecognized)
    }

    @Test("random octets and damaged requests never trap, in any pieces")
    func garbage() {
        var random = SeededGenerator(state: 7)
        let good = Array(
            "POST /a?b=%41 HTTP/1.1\r\nHost: [::1]:80\r\nTransfer-Encoding: chunked\r\nConnection: a, close\r\n\r\n"
                .utf8)
        let alphabet = Array("\r\n :/%?*GETHTP1.0,;\"\0ü".utf8)
        for round in 0..<4000 {
            var octets = good
            if round % 4 == 0 {
                octets = (0..<Int.random(in: 0..<200, using: &random)).map { _ in .random(in: 0...255, using: &random) }
            } else {
                for _ in 0..<Int.random(in: 1..<4, using: &random) {
                    let index = Int.random(in: 0..<octets.count, using: &random)
                    switch Int.random(in: 0..<3, using: &random) {
                    case 0: octets[index] = alphabet.randomElement(using: &random) ?? 0
                    case 1: octets.remove(at: index)
                    default: octets.insert(alphabet.randomElement(using: &random) ?? 0, at: index)
                    }
                }
            }
            let whole = parseHead(octets)
            let pieces = parseHead(octets, step: Int.random(in: 1..<20, using: &random))
            // Pieces may show a defect before a later octet shows another one; whether it is accepted is the same.
            #expect((whole.head == nil) == (pieces.head == nil))
            if let head = whole.head { #expect(pieces.head == head) }
        }
    }
}
