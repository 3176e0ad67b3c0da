import Bytes
import HTTPWire
import Testing

@Suite("Response parser")
struct ResponseParserTests {
    struct Outcome: Equatable, Sendable {
        var status = 0
        var body = ""
        var keepsAlive = false
        var consumed = 0
        var failed = false
    }

    static func parse(_ text: String, to method: HTTPMethod = .get, step: Int = .max, closes: Bool = true) -> Outcome {
        var limits = ResponseParser.Limits()
        limits.body = 1000
        var parser = ResponseParser(to: method, limits: limits)
        let octets = Array(text.utf8)
        var outcome = Outcome()
        do {
            while outcome.consumed < octets.count, !parser.isComplete {
                let end = min(octets.count, outcome.consumed + min(step, octets.count))
                outcome.consumed += try octets[outcome.consumed..<end].withUnsafeBytes { try parser.parse($0) }
            }
            if closes { try parser.end() }
        } catch {
            return Outcome(failed: true)
        }
        outcome.status = Int(parser.status.code)
        outcome.body = parser.body.withBytes { $0.text }
        outcome.keepsAlive = parser.keepsAlive
        return outcome
    }

    static let good: [(String, Outcome)] = [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiX",
            Outcome(status: 200, body: "hi", keepsAlive: true, consumed: 40)
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
            Outcome(status: 200, body: "hi", keepsAlive: true, consumed: 59)
        ),
        ("HTTP/1.1 200\r\n\r\nall the rest", Outcome(status: 200, body: "all the rest", consumed: 28)),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
            Outcome(status: 201, keepsAlive: true, consumed: 68)
        ),
        ("HTTP/1.1 204 No Content\r\n\r\nX", Outcome(status: 204, keepsAlive: true, consumed: 27)),
        (
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
            Outcome(status: 304, keepsAlive: true, consumed: 48)
        ),
        ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", Outcome(status: 200, body: "a", consumed: 39)),
        (
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na",
            Outcome(status: 200, body: "a", consumed: 58)
        ),
    ]

    @Test("the body ends where the head says", arguments: good)
    func bodies(text: String, expected: Outcome) {
        for step in [Int.max, 1, 5] { #expect(Self.parse(text, step: step) == expected) }
    }

    @Test("the response to HEAD has no body")
    func head() {
        #expect(Self.parse("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", to: .head).body == "")
    }

    @Test(
        "what is malformed, too long or cut off is an error",
        arguments: [
            "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1\r\n\r\n",
            "\r\n\r\n",
            "HTTP/1.1 099 X\r\n\r\n", "HTTP/1.1 200 OK\nA: b\n\n", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\na", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + String(repeating: "a", count: 1001),
            "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "a", count: 1001), "HTTP/1.1 200 OK\r\nA: b",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "GET / HTTP/1.1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: " + String(repeating: "v", count: 17_000) + "\r\n\r\n",
        ])
    func refused(text: String) {
        for step in [Int.max, 1] { #expect(Self.parse(text, step: step).failed) }
    }

    @Test("one parser reads the responses of a connection one after the other")
    func reset() throws {
        var parser = ResponseParser(to: .get)
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nb"
        let octets = Array(text.utf8)
        let first = try octets.withUnsafeBytes { try parser.parse($0) }
        parser.reset(to: .get)
        let second = try octets[first...].withUnsafeBytes { try parser.parse($0) }
        let status = parser.status
        let body = parser.body.array
        #expect(first + second == octets.count)
        #expect(status == .notFound)
        #expect(body == Array("b".utf8))
    }
}
