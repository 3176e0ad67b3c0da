import Glibc
import SQLite
import Support

extension Benchmark {
    static let orders = Benchmark(
        name: "orders", summary: "whole orders, from the POST to the event on the store's stream",
        help: OrdersBenchmark.Settings.help
    ) { try await OrdersBenchmark.run(OrdersBenchmark.Settings($0)) }
}

/// The whole way of an order through both services and RabbitMQ, in a closed and in an open loop.
enum OrdersBenchmark {
    struct Settings: Sendable {
        var rounds = 3
        var seconds = 10
        var connections = 64
        var rate = 300
        var stores = 100
        var loops = ["closed", "open"]
        var prefetch = 50
        var programs = Options.ownFolder

        static let help = """
              --rounds N       how often each is measured (3)
              --seconds N      how long orders are posted (10)
              --connections N  that post (64)
              --rate N         orders a second in the open loop (300)
              --stores N       with 20 menus, a session and an open stream each (100)
              --only LOOP      closed or open
              --prefetch N     of store-admin (50)
              --programs DIR   where api and store-admin are (beside bench)

            Each round starts both services on a new database, and a RabbitMQ serves all rounds. An order has three menus,
            a customer with a token, and a store that is chosen at random. Fails if an order is refused, lost or seen twice.
            """

        init(_ list: [String]) throws {
            var arguments = Arguments(list)
            while let option = arguments.next() {
                switch option {
                case "--rounds": rounds = try arguments.number(1...1000)
                case "--seconds": seconds = try arguments.number(1...3600)
                case "--connections": connections = try arguments.number(1...1000)
                case "--rate": rate = try arguments.number(1...100_000)
                case "--stores": stores = try arguments.number(1...10_000)
                case "--prefetch": prefetch = try arguments.number(1...1000)
                case "--programs": programs = try arguments.value()
                case "--only":
                    loops = [try arguments.value()]
                    guard ["closed", "open"].contains(loops[0]) else { throw arguments.unknown(Self.help) }
                default: throw arguments.unknown(Self.help)
                }
            }
        }
    }

    private static let columns: [Report.Column] = [
        .init(name: "accepted/s", digits: 0), .init(name: "pushed/s", digits: 0),
        .init(name: "pushed/s meanwhile", digits: 0), .init(name: "CPU µs/order, both", digits: 0),
        .init(name: "api", digits: 0), .init(name: "store-admin", digits: 0), .init(name: "RabbitMQ", digits: 0),
        .init(name: "POST p50 ms", digits: 2), .init(name: "POST p99 ms", digits: 2),
        .init(name: "event p50 ms", digits: 2), .init(name: "event p99 ms", digits: 2),
        .init(name: "VmRSS MiB, api", digits: 1), .init(name: "VmRSS MiB, store-admin", digits: 1),
        .init(name: "outbox rows after 1 s", digits: 0),
    ]

    static func run(_ settings: Settings) async throws {
        let broker = try await RabbitMQBroker.start()
        for pid in broker.processes { CleanUp.add(pid) }
        var report = Report("orders", columns: columns)
        for _ in 0..<settings.rounds { try await round(settings, broker, &report) }
        try await broker.stop()
        print("\(settings.connections) connections, \(settings.stores) stores, prefetch \(settings.prefetch)\n")
        try report.print()
    }

    private static func round(_ settings: Settings, _ broker: RabbitMQBroker, _ report: inout Report) async throws {
        let database = "\(try CleanUp.makeFolder())/delivery.db"
        var world = OrderWorld(stores: settings.stores)
        try await world.make(at: database)
        let services = Services(programs: settings.programs, database: database, broker: broker.url)
        let admin = try services.startLive("store-admin", ["PREFETCH": "\(settings.prefetch)"])
        let api = try services.startLive("api")
        for (child, port) in [admin, api] {
            child.drain()
            try waitUntilUp(port)
        }
        let pids = [api.child.pid, admin.child.pid]
        let generator = try OrderGenerator(
            world, api: api.port, admin: admin.port, connections: settings.connections)
        // What the first orders cost once is no part of the others.
        _ = try generator.run(.closed, seconds: 1, drain: 10)
        for loop in settings.loops {
            let pace = loop == "closed" ? OrderGenerator.Pace.closed : .open(rate: settings.rate)
            let before = try pids.map { try ProcessCounters.cpu($0) }
            let brokerBefore = try broker.processes.map { try ProcessCounters.cpu($0) }.reduce(0, +)
            let (whole, seen) = try generator.run(pace, seconds: Double(settings.seconds), drain: 30)
            try check(generator)
            let count = Double(max(1, generator.orders.count))
            let cpu = zip(try pids.map { try ProcessCounters.cpu($0) }, before).map { ($0 - $1) / count }
            let brokerCPU =
                (try broker.processes.map { try ProcessCounters.cpu($0) }.reduce(0, +) - brokerBefore) / count
            let memory = try pids.map { Double(try ProcessCounters.memory($0)) / 1024 }
            usleep(700_000)
            let left = try rows(database)
            let posts = Latencies(generator.orders.values.map { $0.answered - $0.posted })
            let events = Latencies(generator.orders.values.map { $0.seen - $0.posted })
            report.add(
                loop,
                [
                    count / Double(settings.seconds), count / whole, Double(seen) / Double(settings.seconds),
                    cpu[0] + cpu[1], cpu[0], cpu[1], brokerCPU, posts.quantile(0.5) * 1000,
                    posts.quantile(0.99) * 1000, events.quantile(0.5) * 1000, events.quantile(0.99) * 1000, memory[0],
                    memory[1], Double(left),
                ])
        }
        api.child.end()
        admin.child.end()
    }

    private static func waitUntilUp(_ port: Int) throws {
        let deadline = monotonicSeconds() + 30
        while try Probe.get("/health/ready", port: port).body.contains("\"status\":\"UP\"") == false {
            guard monotonicSeconds() < deadline else { throw BenchmarkError("a service does not say UP") }
            usleep(20_000)
        }
    }

    private static func check(_ generator: OrderGenerator) throws {
        if let refused = generator.refused.first {
            throw BenchmarkError("\(generator.refused.count) orders were refused: \(refused)")
        }
        let lost = generator.orders.values.count { $0.seen == 0 }
        let doubled = generator.orders.values.count { $0.events > 1 }
        let unknown = generator.orders.values.count { $0.answered == 0 }
        guard lost + doubled + unknown == 0 else {
            throw BenchmarkError("\(lost) orders were lost, \(doubled) seen twice, \(unknown) never posted")
        }
    }

    private static func rows(_ database: String) throws -> Int {
        let connection = try Connection(path: database)
        defer { connection.close() }
        return try connection.one("SELECT count(*) FROM outbox") { try $0.int(0) }
    }
}
