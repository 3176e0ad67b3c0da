import Service
import Testing

@Suite("Metrics")
struct MetricsTests {
    /// A reader of the text format 0.0.4 that takes nothing on trust.
    private struct Exposition {
        var types: [String: String] = [:]
        var help: [String: String] = [:]
        var samples: [(name: String, labels: [String: String], value: Double)] = []

        init(_ octets: [UInt8]) throws {
            let text = String(decoding: octets, as: UTF8.self)
            #expect(text.isEmpty || text.hasSuffix("\n"))
            for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
                if let match = line.wholeMatch(of: /# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)/) {
                    #expect(help.updateValue(String(match.2), forKey: String(match.1)) == nil)
                } else if let match = line.wholeMatch(of: /# TYPE ([a-zA-Z_:]\w*) (counter|gauge|histogram)/) {
                    #expect(types.updateValue(String(match.2), forKey: String(match.1)) == nil)
                } else {
                    let match = try #require(line.wholeMatch(of: /([a-zA-Z_:]\w*)(?:\{((?s).*)\})? (\S+)/), "\(line)")
                    let labels = try Self.labels(match.2.map(String.init) ?? "")
                    samples.append((String(match.1), labels, try Self.number(String(match.3))))
                }
            }
            let names = samples.map { "\($0.name)\($0.labels.sorted { $0.key < $1.key })" }
            #expect(Set(names).count == names.count, "a series stands in the text twice")
        }

        private static func number(_ text: String) throws -> Double {
            switch text {
            case "NaN": .nan
            case "+Inf": .infinity
            case "-Inf": -.infinity
            default: try #require(Double(text))
            }
        }

        private static func labels(_ text: String) throws -> [String: String] {
            var labels: [String: String] = [:]
            var rest = Substring(text)
            while !rest.isEmpty {
                let match = try #require(rest.prefixMatch(of: /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)",?/), "\(rest)")
                let value = match.2.replacing("\\n", with: "\n").replacing("\\\"", with: "\"")
                    .replacing("\\\\", with: "\\")
                labels[String(match.1)] = String(value)
                rest = rest[match.range.upperBound...]
            }
            return labels
        }

        func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
            samples.first { $0.name == name && $0.labels == labels }?.value
        }
    }

    @Test("counters, gauges and readings come out as they are")
    func simple() throws {
        let metrics = Metrics()
        let counter = metrics.counter("orders_total", help: "Orders that were placed.")
        let gauge = metrics.gauge("streams", help: "Open streams.")
        metrics.reading("age_seconds", help: "The oldest row.") { 0.25 }
        counter.add()
        counter.add(2)
        gauge.set(5)
        gauge.add(-7)
        let text = try Exposition(metrics.render())
        #expect(text.value("orders_total") == 3)
        #expect(text.value("streams") == -2)
        #expect(text.value("age_seconds") == 0.25)
        #expect(text.types == ["orders_total": "counter", "streams": "gauge", "age_seconds": "gauge"])
        #expect(text.help["orders_total"] == "Orders that were placed.")
    }

    @Test("series of one name stand together under one head")
    func labels() throws {
        let metrics = Metrics()
        let first = metrics.counter("requests_total", ["route": "/a", "status": "200"], help: "Requests.")
        _ = metrics.gauge("between", help: "Another family.")
        let second = metrics.counter("requests_total", ["route": "/b", "status": "200"], help: "Requests.")
        first.add(1)
        second.add(2)
        let text = try Exposition(metrics.render())
        #expect(text.value("requests_total", ["route": "/a", "status": "200"]) == 1)
        #expect(text.value("requests_total", ["route": "/b", "status": "200"]) == 2)
        #expect(text.samples.map(\.name) == ["requests_total", "requests_total", "between"])
    }

    @Test("asking twice for a series gives the same one")
    func sameSeries() throws {
        let metrics = Metrics()
        for _ in 0..<3 {
            metrics.counter("a_total", ["x": "1"], help: "A.").add()
            metrics.gauge("b", help: "B.").add(1)
            metrics.histogram("c_seconds", help: "C.").observe(1)
        }
        let text = try Exposition(metrics.render())
        #expect(text.value("a_total", ["x": "1"]) == 3)
        #expect(text.value("b") == 3)
        #expect(text.value("c_seconds_count") == 3)
    }

    @Test(
        "quotes, backslashes and line ends in a label are escaped", arguments: ["a\"b", "a\\b", "a\nb", "a\r\nb", "한글"])
    func escaping(value: String) throws {
        let metrics = Metrics()
        metrics.counter("a_total", ["x": value], help: "A.").add()
        let lines = metrics.render().split(separator: UInt8(ascii: "\n"))
        #expect(lines.count == 3)
        #expect(try Exposition(metrics.render()).value("a_total", ["x": value]) == 1)
    }

    @Test("a reading that is no number has the format's own name for it")
    func notFinite() throws {
        let metrics = Metrics()
        metrics.reading("a", help: "A.") { .nan }
        metrics.reading("b", help: "B.") { .infinity }
        metrics.reading("c", help: "C.") { -.infinity }
        let text = try Exposition(metrics.render())
        #expect(text.value("a")?.isNaN == true)
        #expect(text.value("b") == .infinity && text.value("c") == -.infinity)
    }

    @Test("a histogram's buckets add up, and end with all of it")
    func histogram() throws {
        let metrics = Metrics()
        let histogram = metrics.histogram("push_seconds", ["store": "1"], help: "Push.")
        for seconds in [0.0, 0.0004, 0.0005, 0.02, 59.9, 61, 1e9] { histogram.observe(seconds) }
        histogram.observe(.milliseconds(3))
        for nonsense in [Double.nan, .infinity, -1] { histogram.observe(nonsense) }
        let text = try Exposition(metrics.render())
        let buckets = text.samples.filter { $0.name == "push_seconds_bucket" }
        #expect(buckets.map { $0.labels["le"] ?? "" } == Histogram.bounds.map { "\($0)" } + ["+Inf"])
        #expect(buckets.map(\.value) == buckets.map(\.value).sorted())
        #expect(buckets.allSatisfy { $0.labels["store"] == "1" })
        #expect(text.value("push_seconds_bucket", ["store": "1", "le": "0.0005"]) == 3)
        #expect(text.value("push_seconds_bucket", ["store": "1", "le": "0.005"]) == 4)
        #expect(text.value("push_seconds_bucket", ["store": "1", "le": "60.0"]) == 6)
        #expect(text.value("push_seconds_bucket", ["store": "1", "le": "+Inf"]) == 8)
        #expect(text.value("push_seconds_count", ["store": "1"]) == 8)
        let sum = try #require(text.value("push_seconds_sum", ["store": "1"]))
        #expect(abs(sum - 1_000_000_120.9239) < 1e-3)
    }

    @Test("counting from many threads loses nothing")
    func threads() async throws {
        let metrics = Metrics()
        let counter = metrics.counter("a_total", help: "A.")
        let histogram = metrics.histogram("b_seconds", help: "B.")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1_000 {
                        counter.add()
                        histogram.observe(0.001)
                    }
                }
            }
        }
        let text = try Exposition(metrics.render())
        #expect(text.value("a_total") == 8_000)
        #expect(text.value("b_seconds_count") == 8_000)
    }

    @Test("nothing measured is nothing said")
    func empty() {
        #expect(Metrics().render().isEmpty)
    }
}
