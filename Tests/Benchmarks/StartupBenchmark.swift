extension Benchmark {
    /// From the start of the process to the first 200 of `/health/live`, with a filled database in the page cache.
    static let startup = Benchmark(name: "startup", summary: "time until each service answers /health/live") {
        arguments in
        let options = try Options(arguments)
        let services = try await Services(options)
        var report = Report("startup", columns: [.init(name: "ms to the first 200 of /health/live", digits: 1)])
        for round in 0...options.rounds {
            for name in Services.names {
                let start = ContinuousClock.now
                let service = try services.startLive(name)
                let time = ContinuousClock.now - start
                service.child.end()
                // The first start fills the page cache.
                if round > 0 { report.add(name, [time / .milliseconds(1)]) }
            }
        }
        print("\(options.rounds) starts each, demo data and \(options.orders) orders\n")
        try report.print()
    }
}
