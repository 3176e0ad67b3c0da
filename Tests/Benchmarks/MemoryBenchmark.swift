import Glibc
import Support

extension Benchmark {
    static let memory = Benchmark(
        name: "memory", summary: "resident memory of each service, idle or under load", help: MemoryBenchmark.help
    ) { arguments in
        if arguments.contains("--load") {
            try await MemoryBenchmark.underLoad(MemoryBenchmark.Settings(arguments))
        } else {
            try await MemoryBenchmark.idle(Options(arguments))
        }
    }
}

/// Resident memory of each service.
enum MemoryBenchmark {
    static let help =
        Options.help + """


              --load          instead: RabbitMQ, and orders by many clients, in a database of its own
              --clients N     with --load: clients of the closed loop (64)
              --rate N        with --load: orders a second after it (300)
              --streams N     with --load: event streams, one a store (100)

            Without --load: both services without a broker, --seconds after they answered one request. With it: when they are
            idle, at the end of --seconds of the closed loop and of as many with the rate, and twelve seconds later.
            """

    struct Settings: Sendable {
        var options: Options
        var clients = 64
        var rate = 300
        var streams = 100

        init(_ list: [String]) throws {
            options = try Options([])
            options.rounds = 3
            options.seconds = 15
            var arguments = Arguments(list)
            while let option = arguments.next() {
                switch option {
                case "--load": break
                case "--rounds": options.rounds = try arguments.number(1...1000)
                case "--seconds": options.seconds = try arguments.number(1...600)
                case "--clients": clients = try arguments.number(1...1000)
                case "--rate": rate = try arguments.number(1...10_000)
                case "--streams": streams = try arguments.number(1...1000)
                case "--programs": options.programs = try arguments.value()
                default: throw arguments.unknown(help)
                }
            }
        }
    }

    private static let kinds = ["VmRSS", "RssAnon", "RssFile"]
    private static let columns = [
        Report.Column(name: "VmRSS MiB", digits: 1), Report.Column(name: "of it anonymous MiB", digits: 1),
        Report.Column(name: "of it files MiB", digits: 1),
    ]

    private static func measure(_ child: Child) throws -> [Double] {
        try kinds.map { Double(try ProcessCounters.memory(child.pid, $0)) / 1024 }
    }

    static func idle(_ options: Options) async throws {
        let services = try await Services(options)
        var report = Report("memory", columns: columns)
        for _ in 0..<options.rounds {
            let running = try Services.names.map { try services.startLive($0).child }
            try await Task.sleep(for: .seconds(options.seconds))
            for (name, child) in zip(Services.names, running) {
                report.add(name, try measure(child))
                child.end()
            }
        }
        print("\(options.rounds) starts, \(options.seconds) s idle, demo data and \(options.orders) orders\n")
        try report.print()
    }

    // MARK: - Under load

    static func underLoad(_ settings: Settings) async throws {
        let broker = try await RabbitMQBroker.start()
        for pid in broker.processes { CleanUp.add(pid) }
        var report = Report("memory", columns: columns + [Report.Column(name: "orders/s", digits: 0)])
        for _ in 0..<settings.options.rounds { try await round(settings, broker.url, &report) }
        try await broker.dispose()
        print("\(settings.clients) clients, then \(settings.rate) orders a second, \(settings.streams) streams\n")
        try report.print()
    }

    private static func round(_ settings: Settings, _ broker: String, _ report: inout Report) async throws {
        let database = "\(try CleanUp.makeFolder())/delivery.db"
        var world = OrderWorld(stores: settings.streams)
        try await world.make(at: database)
        let services = try Services(settings.options, database: database, broker: broker)
        let (api, apiPort) = try services.startLive("api")
        let (store, storePort) = try services.startLive("store-admin")
        for child in [api, store] { child.drain() }
        defer { for child in [api, store] { child.end() } }
        for port in [apiPort, storePort] { try waitUntilUp(port) }
        let seen = Shared(0)
        let tabs = try world.sessions.map { session in
            try Tab(port: { storePort }, cookie: "store_session=\(session)") { event in
                if OutageBenchmark.order(of: event) != nil { seen.update { $0 += 1 } }
            }
        }
        func add(_ moment: String, _ rate: Double) throws {
            for (name, child) in [("api", api), ("store-admin", store)] {
                report.add("\(name), \(moment)", try measure(child) + [rate])
            }
        }
        try await Task.sleep(for: .seconds(2))
        try add("idle", 0)
        var accepted = 0
        for (moment, clients, pause) in [
            ("closed loop", settings.clients, 0),
            // Each client waits a tenth of a second before an order.
            ("\(settings.rate) orders/s", max(1, settings.rate / 10), 100_000),
        ] {
            let load = EndingClients()
            for client in 0..<clients {
                let token = world.tokens[client % world.tokens.count]
                try load.add(port: { apiPort }) { [world] _ in
                    if pause > 0 { usleep(useconds_t(pause)) }
                    return (request(world, token), 201)
                }
            }
            try await Task.sleep(for: .seconds(settings.options.seconds))
            let account = load.account
            try add(moment, Double(account.answered.count) / Double(settings.options.seconds))
            load.end()
            let end = load.account
            guard end.others.isEmpty, end.broken.isEmpty else {
                throw BenchmarkError("not answered 201: \((end.others + end.broken).first ?? "")")
            }
            accepted += end.answered.count
            // The next one begins when nothing is left of this one.
            let deadline = monotonicSeconds() + 60
            while seen.read({ $0 }) < accepted {
                guard monotonicSeconds() < deadline else { throw BenchmarkError("orders do not arrive") }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        try await Task.sleep(for: .seconds(12))
        try add("12 s later", 0)
        for tab in tabs { tab.close() }
    }

    private static func request(_ world: OrderWorld, _ token: String) -> [UInt8] {
        let store = Int.random(in: 1...world.stores)
        let menus = (0..<3).map { _ in "\((store - 1) * world.menus + Int.random(in: 1...world.menus))" }
        return LoadConnection.request(
            "POST", "/api/user-order", ["authorization-token: \(token)"],
            json: "{\"store_id\":\(store),\"store_menu_id_list\":[\(menus.joined(separator: ","))]}")
    }

    private static func waitUntilUp(_ port: Int) throws {
        let deadline = monotonicSeconds() + 30
        while try Probe.get("/health/ready", port: port).body.contains("\"status\":\"UP\"") == false {
            guard monotonicSeconds() < deadline else { throw BenchmarkError("a service does not say UP") }
            usleep(20_000)
        }
    }
}
