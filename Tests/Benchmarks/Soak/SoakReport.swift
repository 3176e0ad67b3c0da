import FoundationEssentials
import Glibc

/// Looks at the process once a minute, prints a line, and finds workers that stand still.
struct SoakWatch {
    let soak: Soak
    let start: ContinuousClock.Instant
    let workers: [SoakOrders]

    init(_ soak: Soak, start: ContinuousClock.Instant, workers: [SoakOrders]) {
        self.soak = soak
        self.start = start
        self.workers = workers
    }

    /// Returns the samples when its task is cancelled.
    func run() async throws -> [SoakSample] {
        var samples: [SoakSample] = []
        for minute in 1... {
            do { try await Task.sleep(until: start + .seconds(60 * minute)) } catch { break }
            let sample = try SoakSample.now(Double(minute))
            samples.append(sample)
            for worker in workers where worker.sample() > 1 {
                soak.ledger.violate("\(worker.name) has stood still for two minutes")
            }
            let (totals, counters) = (soak.ledger.totals, soak.counted)
            print(
                """
                minute \(minute): \(totals.published) published, \(totals.confirmed) confirmed, \(totals.returned) \
                returned, \(totals.unknown) unknown, \(totals.notSent) not sent, \(totals.received) received, \
                \(totals.duplicates) again; \(counters.connected) connections made; \(soak.alive) connections and \
                channels, \(sample.descriptors) descriptors, \(sample.threads) threads, RSS \(sample.resident) KiB, \
                heap \(sample.heap) KiB; \(soak.ledger.violationCount) violations
                """)
            fflush(nil)
        }
        return samples
    }
}

/// What a soak prints at its end.
struct SoakReport {
    let settings: SoakBenchmark.Settings
    let faults: [String: Int]
    let samples: [SoakSample]

    /// The first tenth fills caches and pools.
    private var settled: [SoakSample] { Array(samples.dropFirst(max(1, samples.count / 10))) }

    private struct Line: Encodable {
        let benchmark = "soak"
        let minutes: Double
        let seed: UInt64
        let totals: SoakLedger.Totals
        let counters: Soak.Counters
        let faults: [String: Int]
        let before: SoakSample
        let after: SoakSample
        let residentGrowth: Double
        let heapGrowth: Double
        let violations: Int
    }

    /// KiB a minute that the heap may grow by in the samples of ten minutes and more.
    private static let growthMax = 200.0

    func print(_ soak: Soak, before: SoakSample, after: SoakSample) throws {
        let (residentGrowth, heapGrowth) = (settled.slope { $0.resident }, settled.slope { $0.heap })
        if settled.count >= 9, heapGrowth > Self.growthMax {
            soak.ledger.violate("the heap grows by \(fixed(heapGrowth, 0)) KiB a minute")
        }
        let (totals, counters) = (soak.ledger.totals, soak.counted)
        for violation in soak.ledger.violations { Swift.print("violation: \(violation)") }
        Swift.print("\n\(fixed(settings.minutes, 1)) minutes, seed \(settings.seed)\n")
        var rows: [(String, String)] = [
            ("faults", "\(faults.values.reduce(0, +))"), ("connections made", "\(counters.connected)"),
            ("recoveries", "\(counters.recovered)"), ("published", "\(totals.published)"),
            ("confirmed", "\(totals.confirmed)"), ("returned", "\(totals.returned)"), ("refused", "\(totals.refused)"),
            ("unknown", "\(totals.unknown)"), ("of these published again", "\(totals.publishedAgain)"),
            ("not sent", "\(totals.notSent)"), ("received", "\(totals.received)"),
            ("of these marked as redelivered", "\(totals.redelivered)"),
            ("received more than once", "\(totals.duplicates)"),
            ("confirmed and missing", "\(soak.ledger.missing.count)"),
            ("descriptors at the start / at the end", "\(before.descriptors) / \(after.descriptors)"),
            ("threads", "\(before.threads) / \(after.threads)"),
            ("RSS KiB", "\(before.resident) / \(after.resident)"), ("heap KiB", "\(before.heap) / \(after.heap)"),
        ]
        if settled.count > 2 {
            rows.append(("RSS growth, KiB a minute", fixed(residentGrowth, 1)))
            rows.append(("heap growth, KiB a minute", fixed(heapGrowth, 1)))
        }
        rows.append(("violations", "\(soak.ledger.violationCount)"))
        Swift.print("| soak | |\n| --- | ---: |")
        for (name, value) in rows { Swift.print("| \(name) | \(value) |") }
        Swift.print("\n| fault | times |\n| --- | ---: |")
        for (name, count) in faults.sorted(by: { $0.key < $1.key }) { Swift.print("| \(name) | \(count) |") }
        let line = Line(
            minutes: settings.minutes, seed: settings.seed, totals: totals, counters: counters, faults: faults,
            before: before, after: after, residentGrowth: residentGrowth, heapGrowth: heapGrowth,
            violations: soak.ledger.violationCount)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        Swift.print("\n" + String(decoding: try encoder.encode(line), as: UTF8.self))
    }
}
