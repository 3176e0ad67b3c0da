extension Benchmark {
    /// Resident memory of each service that has answered one request and then stood idle.
    static let memory = Benchmark(name: "memory", summary: "resident memory of each idle service") { arguments in
        let options = try Options(arguments)
        let services = try await Services(options)
        var report = Report(
            "memory",
            columns: [
                .init(name: "VmRSS MiB", digits: 1), .init(name: "of it anonymous MiB", digits: 1),
                .init(name: "of it files MiB", digits: 1),
            ])
        for _ in 0..<options.rounds {
            let running = try Services.names.map { try services.startLive($0).child }
            try await Task.sleep(for: .seconds(options.seconds))
            for (name, child) in zip(Services.names, running) {
                let kinds = ["VmRSS", "RssAnon", "RssFile"]
                report.add(name, try kinds.map { Double(try ProcessCounters.memory(child.pid, $0)) / 1024 })
                child.end()
            }
        }
        print("\(options.rounds) starts, \(options.seconds) s idle, demo data and \(options.orders) orders\n")
        try report.print()
    }
}
