import Foundation
import Service
import Synchronization
import Testing

@Suite("The log")
struct LoggerTests {
    private static let hostile = [
        "plain", "", "\"quoted\" \\ back", "line\nline\r\n\t", "\u{0}\u{1}\u{1B}[2J\u{7F}", "\u{85}\u{9B}31m",
        "\u{2028}\u{2029}", "\u{202E}drowssap\u{2066}", "한글 👩‍👩‍👧‍👦", "\u{FFFD}\u{FFFF}\u{10FFFF}", "e\u{301}",
        "{\"level\":\"error\"}", "</script>", "%s%n", "a=b c=d",
    ]

    private func lines(
        _ format: LogFormat, level: LogLevel = .debug, _ body: (Logger) -> Void
    ) async throws -> [String] {
        let pipe = try Pipe()
        let log = Logger(service: "test", level: level, format: format, descriptor: pipe.writer)
        let reading = pipe.reading()
        body(log)
        log.close(patience: 20_000)
        pipe.closeWriter()
        let text = String(decoding: await reading.value, as: UTF8.self)
        #expect(text.isEmpty || text.hasSuffix("\n"))
        return text.split(separator: "\n").map(String.init)
    }

    private func parse(_ line: String) throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
        return try #require(object as? [String: Any])
    }

    @Test("each line is a JSON object that says when, what and where, whatever the texts hold", arguments: hostile)
    func json(text: String) async throws {
        let lines = try await lines(.json) { log in
            log.warning(text, ["order_id": 7, "text": LogValue(text), "least": .number(.min)])
        }
        let object = try parse(#require(lines.first))
        #expect(lines.count == 1)
        #expect(object["message"] as? String == text)
        #expect(object["text"] as? String == text)
        #expect(object["order_id"] as? Int == 7)
        #expect(object["least"] as? Int == .min)
        #expect(object["level"] as? String == "warning")
        #expect(object["service"] as? String == "test")
        let time = try #require(object["time"] as? String)
        #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
        let date = try Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(time)
        #expect(abs(date.timeIntervalSinceNow) < 60)
    }

    @Test("a line of text cannot be broken, moved or turned around by what it quotes", arguments: hostile)
    func text(text: String) async throws {
        let lines = try await lines(.text) { log in log.error(text, ["text": LogValue(text)]) }
        let line = try #require(lines.first)
        #expect(lines.count == 1)
        #expect(line.contains(" ERROR test: "))
        for scalar in line.unicodeScalars {
            #expect(scalar.properties.generalCategory != .control)
            #expect(!(0x2028...0x202E).contains(scalar.value) && !(0x2066...0x2069).contains(scalar.value))
        }
    }

    @Test("a readable text stays readable")
    func readable() async throws {
        let lines = try await lines(.text) { log in log.info("한글 order", ["id": 7, "name": "김치찌개"]) }
        #expect(lines.first?.hasSuffix(" INFO test: 한글 order id=7 name=김치찌개") == true)
    }

    @Test("what is below the level is not written", arguments: LogLevel.allCases)
    func levels(level: LogLevel) async throws {
        let lines = try await lines(.json, level: level) { log in
            log.debug("debug")
            log.info("info")
            log.warning("warning")
            log.error("error")
            for other in LogLevel.allCases { #expect(log.isEnabled(other) == (other >= level)) }
        }
        let expected = LogLevel.allCases.drop { $0 != level }.map(\.rawValue)
        #expect(try lines.map { try parse($0)["message"] as? String } == expected)
    }

    @Test("a long text is cut, and the line is still JSON")
    func longText() async throws {
        let text = String(repeating: "한\u{1F600}\"", count: 100_000)
        let lines = try await lines(.json) { log in log.info("long", ["text": LogValue(text)]) }
        let shown = try #require(parse(lines.first ?? "")["text"] as? String)
        #expect(shown.utf8.count < 64 * 1024)
        #expect(shown.hasSuffix("…") && text.hasPrefix(shown.dropLast()))
    }

    @Test("closing writes what waits; what comes later is dropped; closing again is harmless")
    func closing() async throws {
        let lines = try await lines(.json) { log in
            for index in 0..<5_000 { log.info("line", ["index": .number(index)]) }
            log.close(patience: 20_000)
            log.info("late")
        }
        #expect(try lines.map { try parse($0)["index"] as? Int } == (0..<5_000).map { $0 })
    }

    @Test("lines of many threads are whole, and each thread's are in order")
    func threads() async throws {
        let pipe = try Pipe()
        let log = Logger(service: "test", level: .info, format: .json, descriptor: pipe.writer)
        let reading = pipe.reading()
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    for index in 0..<500 { log.info("line", ["writer": .number(writer), "index": .number(index)]) }
                }
            }
        }
        log.close()
        pipe.closeWriter()
        let objects = try String(decoding: await reading.value, as: UTF8.self).split(separator: "\n")
            .map { try parse(String($0)) }
        #expect(objects.count == 4_000)
        for writer in 0..<8 {
            let indices = objects.filter { $0["writer"] as? Int == writer }.compactMap { $0["index"] as? Int }
            #expect(indices == Array(0..<500))
        }
    }

    @Test("a reader that stands still costs bounded memory and no time, and is told what was dropped")
    func standstill() async throws {
        let pipe = try Pipe()
        let filler = pipe.fill()
        let log = Logger(service: "test", level: .info, format: .json, descriptor: pipe.writer)
        let text = String(repeating: "x", count: 1_000)
        let count = 20_000
        for index in 0..<count { log.info("line", ["index": .number(index), "text": LogValue(text)]) }
        let reading = pipe.reading()
        log.close(patience: 20_000)
        pipe.closeWriter()
        let octets = await reading.value.dropFirst(filler)
        // What waits, twice: in the buffer and on its way.
        #expect(octets.count < 3 << 20)
        let objects = try String(decoding: octets, as: UTF8.self).split(separator: "\n").map { try parse(String($0)) }
        let dropped = objects.filter { $0["message"] as? String == "log lines were dropped" }
            .compactMap { $0["count"] as? Int }.reduce(0, +)
        let written = objects.filter { $0["message"] as? String == "line" }.count
        #expect(dropped > 0 && written > 0)
        #expect(written + dropped == count)
    }

    @Test("a reader that stands still does not keep the service from ending")
    func closingAgainstAFullPipe() throws {
        let pipe = try Pipe()
        let filler = pipe.fill()
        let log = Logger(service: "test", level: .info, format: .text, descriptor: pipe.writer)
        log.info("nobody reads this yet")
        let duration = ContinuousClock().measure { log.close(patience: 100) }
        #expect(duration < .seconds(5))
        let late = String(decoding: pipe.read(upTo: filler + 40).dropFirst(filler), as: UTF8.self)
        #expect(late.contains(" INFO test: "))
    }

    @Test("a non-blocking descriptor loses nothing and cuts no line")
    func nonBlocking() async throws {
        let pipe = try Pipe()
        _ = fcntl(pipe.writer, F_SETFL, fcntl(pipe.writer, F_GETFL) | O_NONBLOCK)
        let log = Logger(service: "test", level: .info, format: .json, descriptor: pipe.writer)
        let text = String(repeating: "x", count: 1_000)
        for index in 0..<500 { log.info("line", ["index": .number(index), "text": LogValue(text)]) }
        let reading = pipe.reading()
        log.close(patience: 20_000)
        pipe.closeWriter()
        let lines = String(decoding: await reading.value, as: UTF8.self).split(separator: "\n")
        #expect(try lines.map { try parse(String($0))["index"] as? Int } == (0..<500).map { $0 })
    }

    @Test("a logger that nobody closed takes nobody down")
    func neverClosed() throws {
        let pipe = try Pipe()
        do {
            let log = Logger(service: "test", level: .info, format: .text, descriptor: pipe.writer)
            log.info("first")
        }
        #expect(pipe.read(upTo: 1).count == 1)
    }
}
