import Bytes
import HTTPWire
import Testing

@Suite("Chunked transfer coding")
struct ChunkedDecoderTests {
    enum Outcome: Equatable, Sendable {
        case done(String, consumed: Int)
        case incomplete
        case refused(Int)
    }

    static func decode(_ octets: [UInt8], step: Int = .max, limit: Int = 1000) -> Outcome {
        var decoder = ChunkedDecoder()
        var body = ByteBuffer()
        var position = 0
        do {
            while position < octets.count, !decoder.isDone {
                let end = min(octets.count, position + min(step, octets.count))
                position += try octets[position..<end].withUnsafeBytes {
                    try decoder.decode($0, into: &body, limit: limit)
                }
            }
        } catch {
            return .refused(Int((error as? HTTPError)?.status.code ?? 0))
        }
        return decoder.isDone ? .done(body.withBytes { $0.text }, consumed: position) : .incomplete
    }

    static func decode(_ text: String, step: Int = .max, limit: Int = 1000) -> Outcome {
        decode(Array(text.utf8), step: step, limit: limit)
    }

    @Test(
        "bodies are put together and the octets behind them left alone",
        arguments: [
            ("5\r\nhello\r\n0\r\n\r\nGET", "hello", 15),
            ("1\r\na\r\n00a\r\n0123456789\r\n0\r\n\r\n", "a0123456789", 28),
            ("0\r\n\r\n", "", 5), ("2;name=\"v\";x\r\nab\r\n0;y\r\nTrailer: 1\r\nB:\r\n\r\n", "ab", 41),
            ("A\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n\r\n\r\n\r\n", 20),
        ])
    func bodies(text: String, body: String, consumed: Int) {
        for step in [Int.max, 1, 2, 3] {
            #expect(Self.decode(text, step: step) == .done(body, consumed: consumed))
        }
    }

    @Test(
        "what is malformed is 400",
        arguments: [
            "\r\n", "x\r\n", ";a\r\n", "5 \r\nhello\r\n", " 5\r\nhello\r\n", "5\nhello\r\n", "5\r\nhello\n0\r\n\r\n",
            "5\r\nhello0\r\n\r\n", "5\r\nhelloo\r\n0\r\n\r\n", "+5\r\nhello", "-1\r\n", "0x5\r\nhello", "5;a\nhello",
            "5;\u{01}\r\nhello", "5\rhello", "0\r\n\n", "0\r\nX\r\n\r\n", "0\r\n X: a\r\n\r\n", "0\r\nX: a\n\r\n",
            "0\r\nX : a\r\n\r\n", "FFFFFFFFFFFFFFFFF\r\n", "0000000000000000\r\n",
        ])
    func malformed(text: String) {
        for step in [Int.max, 1] { #expect(Self.decode(text, step: step) == .refused(400)) }
    }

    @Test(
        "a size beyond the limit is 413 before its data arrive",
        arguments: ["3E9\r\n", "7FFFFFFFFFFFFFF\r\n", "3e8\r\n"])
    func tooLarge(text: String) {
        let expected: Outcome = text == "3e8\r\n" ? .incomplete : .refused(413)
        #expect(Self.decode(text) == expected)
    }

    @Test("many small chunks count together")
    func sum() {
        #expect(Self.decode(String(repeating: "1\r\na\r\n", count: 11), limit: 10) == .refused(413))
    }

    @Test("extensions of a body together, and its trailers, are bounded")
    func overhead() {
        #expect(
            Self.decode(String(repeating: "1;" + String(repeating: "e", count: 99) + "\r\na\r\n", count: 42))
                == .refused(400))
        #expect(Self.decode("0\r\nX: " + String(repeating: "t", count: 9000)) == .refused(431))
    }

    @Test("random octets never trap")
    func garbage() {
        var random = SeededGenerator(state: 11)
        let alphabet = Array("0123aF;\r\n:x \0".utf8)
        for _ in 0..<5000 {
            let octets = (0..<Int.random(in: 1..<40, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? 0
            }
            #expect(Self.decode(octets) == Self.decode(octets, step: 1))
        }
    }
}
