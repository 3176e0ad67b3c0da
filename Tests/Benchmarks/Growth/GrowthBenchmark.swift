import Delivery
import Glibc
import SQLite

extension Benchmark {
    /// What an order costs in a database of many orders, beside what it costs in one of few.
    static let growth = Benchmark(
        name: "growth", summary: "what an order costs with ten thousand and with ten million stored ones",
        help: GrowthOptions.help
    ) { arguments in
        try await GrowthBenchmark(try GrowthOptions(arguments)).run()
    }
}

struct GrowthOptions: Sendable {
    var rounds = 5
    var orders = 10_000_000
    var stores = 100_000
    var few = 10_000
    var batches = [1, 32]
    var each = 640
    var isCold = false
    var prunes: Int?
    var keep: String?

    static let help = """
          --orders N      orders of the large database (10000000)
          --stores N      its stores (100000)
          --few N         orders of the small database, which has 10 stores (10000)
          --rounds N      how often each is measured; they take turns (5)
          --each N        orders that are placed in one measurement (640)
          --batch N       orders in a commit: 1, 32 or what else (both)
          --cold          takes the large file out of the page cache before each measurement
          --prune N       only: how long orders wait while N old rows are removed from the log
          --keep DIR      puts the databases there, and takes those that are there already
        """

    init(_ arguments: [String]) throws {
        var arguments = Arguments(arguments)
        while let option = arguments.next() {
            switch option {
            case "--orders": orders = try arguments.number(1_000...100_000_000)
            case "--stores": stores = try arguments.number(1...10_000_000)
            case "--few": few = try arguments.number(1_000...10_000_000)
            case "--rounds": rounds = try arguments.number(1...1000)
            case "--each": each = try arguments.number(32...1_000_000)
            case "--batch": batches = [try arguments.number(1...256)]
            case "--cold": isCold = true
            case "--prune": prunes = try arguments.number(1_000...10_000_000)
            case "--keep": keep = try arguments.value()
            default: throw arguments.unknown(Self.help)
            }
        }
    }
}

struct GrowthBenchmark {
    let options: GrowthOptions

    init(_ options: GrowthOptions) { self.options = options }

    private struct Place {
        let name: String
        let path: String
        let stores: ClosedRange<Int>
        let data: GrowthData
    }

    func run() async throws {
        let folder = try options.keep ?? CleanUp.makeFolder()
        let small = GrowthData(orders: options.few, stores: 10)
        let large = GrowthData(orders: options.orders, stores: options.stores)
        try Self.requireRoom(folder, small.expectedOctets + large.expectedOctets * 3 / 2)
        setenv("SQLITE_TMPDIR", folder, 1)
        var paths: [String] = []
        for (name, data) in [("small", small), ("large", large)] {
            let path = "\(folder)/\(name).db"
            paths.append(path)
            guard access(path, F_OK) != 0 else { continue }
            let start = ContinuousClock.now
            try await data.make(path) { part in
                let time = (ContinuousClock.now - start) / .seconds(1)
                Self.say("\(name): \(part), after \(fixed(time, 1)) s")
            }
            Self.say(
                "\(name): \(data.orders) orders, \(data.stores) stores, \(try Self.octets(path) >> 20) MiB in "
                    + "\(fixed((ContinuousClock.now - start) / .seconds(1), 1)) s")
        }
        if let rows = options.prunes {
            return try await GrowthPruning(path: paths[1], data: large, rows: rows, rate: 200).run()
        }
        for path in paths where !options.isCold { try Self.readAll(path) }
        let places = [
            Place(name: "few", path: paths[0], stores: 1...small.stores, data: small),
            Place(name: "many", path: paths[1], stores: 1...large.stores, data: large),
            Place(name: "many, 100 stores", path: paths[1], stores: 1...min(100, large.stores), data: large),
        ]
        for batch in options.batches { try await measure(places, batch) }
    }

    private func measure(_ places: [Place], _ batch: Int) async throws {
        let files = try await [
            places[0].path: GrowthLoad(places[0].path, places[0].data),
            places[1].path: GrowthLoad(places[1].path, places[1].data),
        ]
        var report = Report(
            "growth, \(batch) a commit", columns: places.map { .init(name: "\($0.name), µs", digits: 1) })
        var reads = Report(
            "octets a whole order",
            columns: places.flatMap {
                [.init(name: "\($0.name), KiB read", digits: 1), .init(name: "\($0.name), KiB written", digits: 1)]
            })
        let count = batch == 1 ? options.each / 4 : options.each
        for round in 0...options.rounds {
            var results: [[(name: String, cost: GrowthLoad.Cost)]] = []
            for place in places {
                guard let load = files[place.path] else { continue }
                if options.isCold { try load.dropPages() }
                results.append(try await load.life(of: count, stores: place.stores, batch: batch))
            }
            // The first round fills the caches.
            guard round > 0, let first = results.first else { continue }
            for index in first.indices {
                report.add(first[index].name, results.map { $0[index].cost.cpu })
                reads.add(
                    first[index].name,
                    results.flatMap { [$0[index].cost.read / 1024, $0[index].cost.written / 1024] })
            }
        }
        for load in files.values { await load.close() }
        print("\(options.rounds) rounds of \(count) orders, CPU of the process for each order\n")
        let names = GrowthLoad.steps + [GrowthLoad.whole]
        try report.print(
            ratios: names.flatMap { name in
                [
                    ("\(name): many / few", report.series(name, 1).ratio(to: report.series(name, 0))),
                    ("\(name): many, 100 stores / few", report.series(name, 2).ratio(to: report.series(name, 0))),
                ]
            })
        print("")
        try reads.print()
    }

    private static func requireRoom(_ folder: String, _ octets: Int) throws {
        var state = statvfs()
        guard statvfs(folder, &state) == 0 else { throw BenchmarkError("statvfs \(folder): errno \(errno)") }
        let free = Int(state.f_bavail) * Int(state.f_frsize)
        guard free > octets else {
            throw BenchmarkError("\(folder) has \(free >> 20) MiB free, \(octets >> 20) MiB are needed: set TMPDIR")
        }
    }

    /// Brings a file into the page cache, as far as there is room.
    private static func readAll(_ path: String) throws {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { throw BenchmarkError("\(path): errno \(errno)") }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while read(file, &buffer, buffer.count) > 0 {}
    }

    private static func octets(_ path: String) throws -> Int {
        var state = stat()
        guard stat(path, &state) == 0 else { throw BenchmarkError("\(path): errno \(errno)") }
        return Int(state.st_size)
    }

    private static func say(_ line: String) {
        let octets = Array((line + "\n").utf8)
        _ = write(2, octets, octets.count)
    }
}
