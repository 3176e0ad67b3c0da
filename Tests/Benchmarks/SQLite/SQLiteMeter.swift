import EventLoop
import FoundationEssentials
import Glibc

/// When the next commit or read begins, at a fixed pace.
struct Clock: Sendable {
    let rate: Int

    static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    /// User and system time of this process so far, in microseconds.
    static var cpu: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
    }

    private func wait(_ number: Int, since start: UInt64) -> UInt64 {
        let due = start &+ UInt64(number) &* 1_000_000_000 / UInt64(rate)
        let now = Self.now
        return due > now ? due - now : 0
    }

    func pace(_ number: Int, since start: UInt64) {
        guard rate > 0 else { return }
        let left = wait(number, since: start)
        guard left > 0 else { return }
        var time = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
        nanosleep(&time, nil)
    }

    func pace(_ number: Int, since start: UInt64, on loop: EventLoop) async throws {
        guard rate > 0 else { return }
        let left = wait(number, since: start)
        if left > 0 { try await loop.sleep(for: .nanoseconds(Int64(left))) }
    }
}

/// Takes the time and the CPU time of one measurement.
struct Meter {
    let start = Clock.now
    private let cpu = Clock.cpu
    /// Nanoseconds.
    var latencies: [UInt64] = []

    init(expected: Int) { latencies.reserveCapacity(expected) }

    func outcome(count: Int, sum: UInt64 = 0) -> Outcome {
        let seconds = Double(Clock.now &- start) / 1e9
        let cpu = Clock.cpu - cpu
        let sorted = latencies.sorted()
        func percentile(_ part: Int) -> Double {
            sorted.isEmpty ? 0 : Double(sorted[min(sorted.count - 1, sorted.count * part / 100)]) / 1000
        }
        return Outcome(
            count: count, seconds: seconds, cpu: cpu / Double(count), p50: percentile(50), p99: percentile(99), sum: sum
        )
    }
}

struct Outcome: Sendable {
    let count: Int
    let seconds: Double
    /// Microseconds for each.
    let cpu: Double
    let p50: Double
    let p99: Double
    /// Of what was read.
    let sum: UInt64

    var perSecond: Double { Double(count) / seconds }

    var json: String {
        get throws {
            let line = Line(
                n: count, secs: seconds, per_s: perSecond.rounded(), cpu_us_per: (cpu * 1000).rounded() / 1000,
                p50_us: (p50 * 10).rounded() / 10, p99_us: (p99 * 10).rounded() / 10, sum: sum)
            return String(decoding: try JSONEncoder().encode(line), as: UTF8.self)
        }
    }

    /// Throws when it is not such a line.
    init(json: String) throws {
        let line = try JSONDecoder().decode(Line.self, from: Data(json.utf8))
        self.init(
            count: line.n, seconds: line.secs, cpu: line.cpu_us_per, p50: line.p50_us, p99: line.p99_us,
            sum: line.sum ?? 0)
    }

    init(count: Int, seconds: Double, cpu: Double, p50: Double, p99: Double, sum: UInt64) {
        (self.count, self.seconds, self.cpu, self.p50, self.p99, self.sum) = (count, seconds, cpu, p50, p99, sum)
    }

    private struct Line: Codable {
        let n: Int
        let secs: Double
        let per_s: Double
        let cpu_us_per: Double
        let p50_us: Double
        let p99_us: Double
        let sum: UInt64?
    }
}
