import Chaos
import FoundationEssentials
import Glibc

extension Benchmark {
    static let chaos = Benchmark(
        name: "chaos", summary: "orders against both services and RabbitMQ while all of them die; counts every order",
        help: ChaosBenchmark.help
    ) { try await ChaosBenchmark($0).run() }
}

/// The long form of the chaos test, with figures.
struct ChaosBenchmark {
    private var settings: ChaosSettings
    private var printsSchedule = false

    static let help = """
          --orders N     orders that are accepted at least (100000)
          --kills N      SIGKILLs that are sent at least (300)
          --minutes N    how long the faults take, with a fraction if need be (30)
          --instances N  processes of each service, on one database file (2)
          --cuts N       how often a tab's connection is cut (1000)
          --seed N       chooses the faults and the orders (another one each time)
          --keep         keeps the database, the logs and a report also when nothing is wrong
          --schedule     prints what would happen when, and ends

        Starts RabbitMQ and N api and N store-admin on one database file. Customers place orders at a steady rate, most
        of them with an Idempotency-Key under which they try again; tabs of all stores read with Last-Event-ID from
        either instance and are cut. Meanwhile all processes are killed, ended, held still and started again. In the end
        the orders that were answered 201, those in the event log and those that each tab has seen must be the same, each
        once. It prints a table and a line of JSON. If something is wrong it says what, keeps the database, all logs and
        a report in the folder chaos beside the programs, and fails. The same seed brings the same faults.
        """

    init(_ list: [String]) throws {
        settings = ChaosSettings(seed: UInt64.random(in: 0..<1_000_000))
        (settings.orders, settings.kills, settings.cuts, settings.seconds) = (100_000, 300, 1000, 30 * 60)
        var arguments = Arguments(list)
        while let option = arguments.next() {
            switch option {
            case "--orders": settings.orders = try arguments.number(1...100_000_000)
            case "--kills": settings.kills = try arguments.number(1...1_000_000)
            case "--instances": settings.instances = try arguments.number(1...16)
            case "--cuts": settings.cuts = try arguments.number(0...10_000_000)
            case "--seed": settings.seed = try arguments.number(0...UInt64.max)
            case "--keep": settings.keeps = true
            case "--schedule": printsSchedule = true
            case "--minutes":
                guard let minutes = Double(try arguments.value()), minutes > 0, minutes <= 100_000 else {
                    throw BenchmarkError("--minutes takes a number above 0")
                }
                settings.seconds = minutes * 60
            default: throw arguments.unknown(Self.help)
            }
        }
    }

    func run() async throws {
        let schedule = ChaosSchedule(settings)
        if printsSchedule { return print(schedule.steps.map(\.description).joined(separator: "\n")) }
        print("seed \(settings.seed), \(schedule.steps.count) faults with \(schedule.kills) kills")
        fflush(nil)
        let report = try await ChaosRun(settings) { line in
            print(line)
            fflush(nil)
        }.run()
        print("\n\(report.table)\n")
        print(report.slowest.joined(separator: "\n") + "\n")
        for (warning, count) in report.figures.warnings.sorted(by: { $0.key < $1.key }) {
            print("logged \(count) times: \(warning)")
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        print("\n" + String(decoding: try encoder.encode(report.figures), as: UTF8.self))
        if !report.violations.isEmpty { throw BenchmarkError(report.summary) }
    }
}
