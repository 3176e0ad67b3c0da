import Bytes
import HTTPWire
import Testing

@Suite("Server-sent events")
struct EventStreamTests {
    typealias Event = EventStreamParser.Event

    @Test(
        "an event is written line by line",
        arguments: [
            (ServerSentEvent(data: "a"), "data: a\n\n"),
            (
                ServerSentEvent(data: "connect", event: "onopen", id: "7", retry: 2000),
                "retry: 2000\nid: 7\nevent: onopen\ndata: connect\n\n"
            ),
            (ServerSentEvent(data: "a\nb\rc\r\nd\n"), "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n"),
            (ServerSentEvent(data: ""), "data: \n\n"),
        ])
    func encoding(event: ServerSentEvent, text: String) throws {
        let written = try encoded { try event.encode(into: &$0) }
        #expect(written == text)
    }

    @Test(
        "a name or id that would end its line is refused",
        arguments: [
            ServerSentEvent(data: "", event: "a\nb"), ServerSentEvent(data: "", event: "a\rb"),
            ServerSentEvent(data: "", id: "1\n"), ServerSentEvent(data: "", id: "1\0"),
        ])
    func injection(event: ServerSentEvent) {
        #expect(status { _ = try encoded { try event.encode(into: &$0) } } == 500)
    }

    @Test("a comment cannot leave its line")
    func comment() {
        #expect(encoded { ServerSentEvent.encode(comment: "a\ndata: b", into: &$0) } == ": a\n: data: b\n\n")
    }

    static func parse(_ text: String, step: Int) throws -> [Event] {
        var parser = EventStreamParser()
        var events: [Event] = []
        let octets = Array(text.utf8)
        var start = 0
        while start < octets.count {
            let end = min(octets.count, start + min(step, octets.count))
            events += try octets[start..<end].withUnsafeBytes { try parser.parse($0) }
            start = end
        }
        return events
    }

    static let streams: [(String, [Event])] = [
        ("data: a\n\n", [Event(event: "message", data: "a", lastEventID: "")]),
        (
            "\u{FEFF}data:a\r\rdata: b\r\n\r\n",
            [Event(event: "message", data: "a", lastEventID: ""), Event(event: "message", data: "b", lastEventID: "")]
        ),
        ("id: 1\nevent: x\ndata: a\ndata:  b\ndata\n\n", [Event(event: "x", data: "a\n b\n", lastEventID: "1")]),
        (": note\nid: 5\n\ndata: z\n\n", [Event(event: "message", data: "z", lastEventID: "5")]),
        (
            "id: 1\ndata: a\n\nid: x\0y\ndata: b\n\nid\ndata: c\n\n",
            [
                Event(event: "message", data: "a", lastEventID: "1"),
                Event(event: "message", data: "b", lastEventID: "1"),
                Event(event: "message", data: "c", lastEventID: ""),
            ]
        ),
        ("event: lost\n\ndata: kept\n\ndata: not ended\n", [Event(event: "message", data: "kept", lastEventID: "")]),
        ("other: 1\nretry: 5x\ndata: 사과\n\n", [Event(event: "message", data: "사과", lastEventID: "")]),
    ]

    @Test("a stream is read as a browser reads it, in any pieces", arguments: streams)
    func parsing(text: String, events: [Event]) throws {
        for step in [Int.max, 1, 2, 3] { #expect(try Self.parse(text, step: step) == events) }
    }

    @Test(
        "what is written is read again",
        arguments: ["", "a", "\n", "a\n\nb", "{\"a\":1}", " leading", "id: 7\n\ndata: x"])
    func roundTrip(data: String) throws {
        let text = try encoded { try ServerSentEvent(data: data, event: "e", id: "9").encode(into: &$0) }
        #expect(try Self.parse(text, step: 1) == [Event(event: "e", data: data, lastEventID: "9")])
    }

    @Test("lines and data without end are an error")
    func limits() {
        var parser = EventStreamParser(limit: 10)
        #expect(status { _ = try withBytes("data: 123456") { try parser.parse($0) } } == 502)
        var other = EventStreamParser(limit: 10)
        #expect(status { _ = try withBytes("data:12345\ndata:12345\n") { try other.parse($0) } } == 502)
    }
}
