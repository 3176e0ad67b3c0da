import Support
import Testing

@Suite("Reading event streams")
struct EventStreamTests {
    static let text = """
        \u{FEFF}: hello\r
        retry: 2000\r
        id: 7\r
        event: onopen\r
        data: "connect"\r
        \r
        id: 8
        data:one
        data:  two

        data: three\r\rid: 9\0\revent: nothing\r\rid\ndata\n\ndata: cut
        """

    static let expected = [
        ServerEvent(id: "7", event: "onopen", data: "\"connect\""),
        ServerEvent(id: "8", data: "one\n two"),
        ServerEvent(id: "8", data: "three"),
        ServerEvent(id: "", data: ""),
    ]

    @Test("all line ends, comments, names and ids are read, in pieces of any size", arguments: [1, 2, 3, 7, 1000])
    func parser(size: Int) {
        var parser = EventStreamParser()
        var events: [ServerEvent] = []
        let bytes = Array(Self.text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            events += parser.parse(Array(bytes[start..<min(start + size, bytes.count)]))
        }
        #expect(events == Self.expected)
        #expect(parser.retry == 2000)
        #expect(parser.comments == ["hello"])
        #expect(parser.lastEventID == "")
    }

    /// Sends the next five numbered events after the client's cursor, then ends or waits.
    private func numbers(chunked: Bool, ends: Bool = true) throws -> TestListener {
        try TestListener { socket in
            var request = ""
            while !request.hasSuffix("\r\n\r\n") { request += String(decoding: try socket.read(), as: UTF8.self) }
            let cursor =
                request.split(separator: "\r\n").first { $0.hasPrefix("Last-Event-ID: ") }
                .flatMap { Int($0.dropFirst(15)) } ?? 0
            let coding = chunked ? "Transfer-Encoding: chunked\r\n" : ""
            try socket.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\(coding)\r\n")
            for id in (cursor + 1)...(cursor + 5) {
                let event = "id: \(id)\ndata: \(id)\n\n"
                try socket.write(chunked ? "\(String(event.utf8.count, radix: 16))\r\n\(event)\r\n" : event)
            }
            if !ends { _ = try socket.read() }
        }
    }

    @Test("a stream that is cut is resumed from its last id", arguments: [true, false])
    func resumes(chunked: Bool) async throws {
        let server = try numbers(chunked: chunked, ends: false)
        let stream = EventStreamClient(port: server.port, path: "/", lastEventID: "10")
        try await stream.connect()
        try await stream.events(5)
        try await stream.resume()
        try await stream.event("event 20") { $0.id == "20" }
        #expect(stream.events.map(\.id) == (11...20).map { "\($0)" })
        #expect(stream.connections == 2)
    }

    @Test("a stream that reconnects by itself goes on until it is closed")
    func reconnects() async throws {
        let server = try numbers(chunked: false)
        let stream = EventStreamClient(port: server.port, path: "/", reconnects: true)
        try await stream.connect()
        try await stream.events(20)
        stream.close()
        try await stream.waitForEnd()
        let ids = stream.events.map(\.id)
        #expect(ids == (1...ids.count).map { "\($0)" })
    }

    @Test("a stream that is refused says so with its status")
    func refused() async throws {
        let server = try TestListener { socket in
            _ = try socket.read()
            try socket.write("HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nlost")
        }
        let stream = EventStreamClient(port: server.port, path: "/")
        await #expect(throws: SupportError.self) { try await stream.connect() }
        #expect(stream.response?.status == 401)
        #expect(stream.response?.text == "lost")
    }
}
