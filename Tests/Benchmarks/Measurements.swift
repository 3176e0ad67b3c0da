import FoundationEssentials
import Glibc

/// What the kernel counts for one process.
enum ProcessCounters {
    /// Microseconds of user and system time of all its threads.
    static func cpu(_ pid: pid_t) throws -> Double {
        var clock = clockid_t()
        var time = timespec()
        guard clock_getcpuclockid(pid, &clock) == 0, clock_gettime(clock, &time) == 0 else {
            throw BenchmarkError("process \(pid) has ended")
        }
        return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
    }

    /// KiB of a line of `/proc/PID/status`: VmRSS, RssAnon, RssFile, VmHWM.
    static func memory(_ pid: pid_t, _ name: String = "VmRSS") throws -> Int {
        for line in try text("/proc/\(pid)/status").split(separator: "\n") where line.hasPrefix(name + ":") {
            if let number = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap({
                Int($0)
            }) {
                return number
            }
        }
        throw BenchmarkError("/proc/\(pid)/status has no \(name)")
    }

    private static func text(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else { throw BenchmarkError("\(path): errno \(errno)") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The values of one quantity, a value a round.
struct Series: Encodable {
    var values: [Double] = []

    var median: Double {
        let sorted = values.sorted()
        guard let last = sorted.last else { return .nan }
        let middle = sorted.count / 2
        if sorted.count == 1 { return last }
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    /// This by that, round by round.
    func ratio(to other: Series) -> Series { Series(values: zip(values, other.values).map { $0 / $1 }) }

    /// Median, least and most.
    func cell(_ digits: Int) -> String {
        let (least, most) = (values.min() ?? .nan, values.max() ?? .nan)
        return "\(fixed(median, digits)) (\(fixed(least, digits))–\(fixed(most, digits)))"
    }

    private enum Keys: String, CodingKey { case median, min, max }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(rounded(median), forKey: .median)
        try container.encode(rounded(values.min() ?? 0), forKey: .min)
        try container.encode(rounded(values.max() ?? 0), forKey: .max)
    }

    /// JSON has no infinity: null.
    private func rounded(_ value: Double) -> Double? { value.isFinite ? (value * 1000).rounded() / 1000 : nil }
}

/// `value` with a fixed number of decimals, thousands set apart.
func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "–" }
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let number = Int((abs(value) * Double(scale)).rounded())
    var whole = String(number / scale)
    var position = whole.count - 3
    while position > 0 {
        whole.insert(",", at: whole.index(whole.startIndex, offsetBy: position))
        position -= 3
    }
    let decimals = String(number % scale)
    let sign = value < 0 && number > 0 ? "-" : ""
    if digits == 0 { return sign + whole }
    return sign + whole + "." + String(repeating: "0", count: digits - decimals.count) + decimals
}

/// The results of one benchmark: rows of series.
struct Report {
    struct Column {
        let name: String
        let digits: Int
    }

    let benchmark: String
    let columns: [Column]
    private var rows: [(name: String, series: [Series])] = []

    init(_ benchmark: String, columns: [Column]) {
        self.benchmark = benchmark
        self.columns = columns
    }

    /// Adds one value a column to the row of this name.
    mutating func add(_ name: String, _ values: [Double]) {
        if !rows.contains(where: { $0.name == name }) {
            rows.append((name, columns.map { _ in Series() }))
        }
        for index in rows.indices where rows[index].name == name {
            for (column, value) in values.enumerated() { rows[index].series[column].values.append(value) }
        }
    }

    func series(_ name: String, _ column: Int) -> Series {
        rows.first { $0.name == name }?.series[column] ?? Series()
    }

    /// Prints a Markdown table of `median (least–most)`, then one line of JSON.
    func print(ratios: [(name: String, series: Series)] = []) throws {
        Swift.print("| \(benchmark) | " + columns.map(\.name).joined(separator: " | ") + " |")
        Swift.print("| --- |" + columns.map { _ in " ---: |" }.joined())
        for row in rows {
            let cells = zip(row.series, columns).map { $0.cell($1.digits) }
            Swift.print("| \(row.name) | " + cells.joined(separator: " | ") + " |")
        }
        if !ratios.isEmpty { Swift.print("\n| ratio in the same round | |\n| --- | ---: |") }
        for ratio in ratios { Swift.print("| \(ratio.name) | \(ratio.series.cell(2)) |") }
        var values: [String: [String: Series]] = [:]
        for row in rows {
            values[row.name] = Dictionary(uniqueKeysWithValues: zip(columns.map(\.name), row.series))
        }
        let line = Line(
            benchmark: benchmark, results: values,
            ratios: Dictionary(uniqueKeysWithValues: ratios.map { ($0.name, $0.series) }))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        Swift.print("\n" + String(decoding: try encoder.encode(line), as: UTF8.self))
    }

    private struct Line: Encodable {
        let benchmark: String
        let results: [String: [String: Series]]
        let ratios: [String: Series]
    }
}
