import Bytes
import HTTPWire
import Testing

@Suite("Message encoding")
struct MessageEncodingTests {
    @Test(
        "status lines carry code and phrase",
        arguments: [
            (200, "HTTP/1.1 200 OK\r\n"), (201, "HTTP/1.1 201 Created\r\n"),
            (431, "HTTP/1.1 431 Request Header Fields Too Large\r\n"),
            (299, "HTTP/1.1 299 \r\n"),
        ] as [(UInt16, String)])
    func statusLine(code: UInt16, line: String) {
        #expect(encoded { $0.appendStatusLine(HTTPStatus(code)) } == line)
    }

    @Test(
        "a field that could be read as another line is refused and nothing is written",
        arguments: [
            ("A", "b\r\nSet-Cookie: x"), ("A", "b\n"), ("A", "b\0"), ("A b", "c"), ("", "c"), ("A:", "c"), ("Ä", "c"),
        ])
    func injection(name: String, value: String) {
        var buffer = ByteBuffer()
        #expect(status { try buffer.appendFields(["Good": "1", name: value]) } == 500)
        let isEmpty = buffer.isEmpty
        #expect(isEmpty)
    }

    @Test("fields are written in order and found whatever their case")
    func fields() throws {
        var fields: HeaderFields = ["Location": "/a", "Set-Cookie": "a=1"]
        fields.append("set-cookie", "b=2")
        fields.set("LOCATION", "/한")
        #expect(try encoded { try $0.appendFields(fields) } == "Set-Cookie: a=1\r\nset-cookie: b=2\r\nLOCATION: /한\r\n")
        #expect(fields["location"] == "/한")
        #expect(fields.values("Set-Cookie") == ["a=1", "b=2"])
    }

    @Test("a request target that could be read as more is refused")
    func requestLine() throws {
        #expect(try encoded { try $0.appendRequestLine(.post, target: "/a?b") } == "POST /a?b HTTP/1.1\r\n")
        for target in ["", "/a b", "/a\r\n", "/ü"] {
            #expect(status { _ = try encoded { try $0.appendRequestLine(.get, target: target) } } == 500)
        }
    }

    @Test("chunks are read again by the decoder")
    func chunks() {
        let text = encoded { buffer in
            withBytes("hello") { buffer.appendChunk($0) }
            withBytes("") { buffer.appendChunk($0) }
            withBytes(String(repeating: "x", count: 300)) { buffer.appendChunk($0) }
            buffer.appendLastChunk()
        }
        #expect(text.hasPrefix("5\r\nhello\r\n12c\r\n"))
        #expect(
            ChunkedDecoderTests.decode(text)
                == .done("hello" + String(repeating: "x", count: 300), consumed: text.utf8.count))
    }

    @Test(
        "dates follow RFC 9110",
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (1_795_136_400, "Fri, 20 Nov 2026 01:00:00 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"), (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
        ] as [(Int64, String)])
    func dates(seconds: Int64, text: String) {
        #expect(encoded { HTTPDate.append(seconds, to: &$0) } == text)
    }
}
