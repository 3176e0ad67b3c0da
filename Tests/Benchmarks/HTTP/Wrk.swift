import Glibc

/// The load generator.
struct Wrk {
    struct Result {
        let requests: Int
        let perSecond: Double
        /// Microseconds.
        let p50: Double
        let p99: Double
    }

    let version: String
    private let program: String

    init() throws {
        program = try find("wrk", package: "nginx wrk")
        version = try Child(program, ["-v"]).readLine().map { String($0.split(separator: "[")[0]) } ?? "wrk"
    }

    func run(_ port: Int, _ path: String, seconds: Int) throws -> Result {
        let child = try Child(
            program, ["-t1", "-c64", "-d\(seconds)s", "--latency", "http://127.0.0.1:\(port)\(path)"])
        let output = child.readAll()
        var requests: Int?
        var perSecond: Double?
        var latencies: [Substring: Double] = [:]
        for line in output.split(separator: "\n") {
            let words = line.split(separator: " ")
            if line.contains("Non-2xx") || line.contains("Socket errors") { throw BenchmarkError(output) }
            if words.count > 2, words[1] == "requests", words[2] == "in" { requests = Int(words[0]) }
            if words.count == 2, words[0] == "Requests/sec:" { perSecond = Double(words[1]) }
            if words.count == 2, words[0].hasSuffix("%") { latencies[words[0]] = microseconds(words[1]) }
        }
        guard let requests, let perSecond, requests > 0, let p50 = latencies["50%"], let p99 = latencies["99%"] else {
            throw BenchmarkError("wrk printed something else:\n\(output)")
        }
        return Result(requests: requests, perSecond: perSecond, p50: p50, p99: p99)
    }

    private func microseconds(_ text: Substring) -> Double? {
        for (unit, factor) in [("us", 1.0), ("ms", 1e3), ("s", 1e6)] where text.hasSuffix(unit) {
            return Double(text.dropLast(unit.count)).map { $0 * factor }
        }
        return nil
    }
}
