import Chaos
import Foundation
import Support
import Testing

extension EndToEnd {
    /// The long form is `bench chaos`.
    @Suite("Chaos", .serialized)
    struct ChaosTests {
        @Test(
            "every accepted order is in the log once and in every tab once, whatever is killed",
            arguments: [1, 2])
        func chaos(instances: Int) async throws {
            let given = ProcessInfo.processInfo.environment["CHAOS_SEED"].flatMap { UInt64($0) }
            var settings = ChaosSettings(seed: given ?? UInt64.random(in: 0..<1_000_000))
            (settings.orders, settings.kills, settings.cuts) = (1000, 14, 60)
            (settings.instances, settings.seconds) = (instances, 15)
            print("chaos with \(instances) instances of each service, seed \(settings.seed)")
            let report = try await ChaosRun(settings).run()
            print(report.table)
            #expect(report.violations.isEmpty, "\(report.summary)")
            #expect(report.figures.killCount >= settings.kills)
            #expect(report.figures.cuts >= settings.cuts)
            #expect(report.figures.accepted >= settings.orders)
        }
    }
}
