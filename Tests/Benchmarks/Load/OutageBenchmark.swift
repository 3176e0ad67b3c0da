import EventLoop
import Glibc
import HTTPWire
import Support
import Synchronized

extension Benchmark {
    static let outage = Benchmark(
        name: "outage", summary: "orders at a steady rate while the broker is away; fails if one fails or comes late",
        help: OutageBenchmark.Settings.help
    ) { try await OutageBenchmark.run(OutageBenchmark.Settings($0)) }
}

/// Promise R3: taking orders does not depend on the broker.
enum OutageBenchmark {
    struct Settings: Sendable {
        var options: Options
        var rate = 200
        var usual = 20
        var outage = 60
        var drain = 10.0
        var ratio = 2.0

        static let help = """
              --rate N        orders a second (200)
              --usual N       seconds of load before the broker is killed (20)
              --outage N      seconds without a broker (60)
              --drain N       seconds after the broker's return in which everything must have arrived (10)
              --ratio X       how many times its usual p99 a POST may take meanwhile (2)
              --programs DIR  where api and store-admin are (beside bench)

            Starts RabbitMQ and both services, sends orders, kills the broker, starts it again, and follows the orders
            to a tab. Every POST must be answered 201, and every order must arrive once. While the broker
            starts it takes both processors of a small machine, which is told apart. It prints a table, the bounds,
            and a line of JSON, and fails when a bound is broken.
            """

        init(_ list: [String]) throws {
            options = try Options([])
            options.orders = 0
            var arguments = Arguments(list)
            while let option = arguments.next() {
                switch option {
                case "--rate": rate = try arguments.number(1...10_000)
                case "--usual": usual = try arguments.number(1...3600)
                case "--outage": outage = try arguments.number(1...3600)
                case "--drain": drain = Double(try arguments.number(1...3600))
                case "--ratio": ratio = try arguments.decimal(1...1000)
                case "--programs": options.programs = try arguments.value()
                default: throw arguments.unknown(Self.help)
                }
            }
        }
    }

    private struct Seen {
        /// When each order first came.
        var times: [Int: Double] = [:]
        var repeated = 0
    }

    static func run(_ settings: Settings) async throws {
        let broker = try await RabbitMQBroker.start()
        for pid in broker.processes { CleanUp.add(pid) }
        let running = try Running(await Services(settings.options, broker: broker.url))
        try running.waitUntilUp()
        let seen = Shared(Seen())
        let tab = try Tab(port: { running.port("store-admin") }, cookie: running.cookie, after: 0) { event in
            guard let order = order(of: event) else { return }
            seen.update {
                if $0.times[order] == nil { $0.times[order] = event.time } else { $0.repeated += 1 }
            }
        }
        let load = try OrderLoad(running, rate: Double(settings.rate))
        // What the first requests cost once is not its usual value.
        try await Task.sleep(for: .seconds(2))
        let start = monotonicSeconds()
        try await Task.sleep(for: .seconds(settings.usual))
        let peaks = try Services.names.map { name in (name, running.memory(name), try Peak { running.memory(name) }) }
        let rows = try Peak { Int(running.metric("outbox_rows", of: "api") ?? 0) }
        let down = monotonicSeconds()
        try await broker.kill()
        try await Task.sleep(for: .seconds(settings.outage))
        let starting = monotonicSeconds()
        try await broker.startAgain()
        let up = monotonicSeconds()
        for pid in broker.processes { CleanUp.add(pid) }

        let waiting = load.sent.during(0..<up).orders
        // The others go on meanwhile.
        while monotonicSeconds() < up + 6 * settings.drain, !seen.read({ waiting.isSubset(of: $0.times.keys) }) {
            try await Task.sleep(for: .milliseconds(20))
        }
        let arrived = seen.read { seen in
            waiting.isSubset(of: seen.times.keys) ? (waiting.compactMap { seen.times[$0] }.max() ?? up) - up : .infinity
        }
        try await Task.sleep(for: .seconds(2))
        load.end()
        let orders = load.sent.orders
        let end = monotonicSeconds() + 10
        while monotonicSeconds() < end, seen.read({ $0.times.count < orders.count }) {
            try await Task.sleep(for: .milliseconds(20))
        }
        tab.close()

        let sent = load.sent
        let usual = sent.during(start..<down)
        let without = sent.during(down..<starting)
        let parts = [
            ("usual", usual), ("no broker", without), ("the broker starts", sent.during(starting..<up)),
            ("after its return", sent.during(up..<1e18)),
        ]
        var report = Report(
            "outage", columns: [.init(name: "orders", digits: 0), .init(name: "failed", digits: 0)] + Latencies.columns)
        for (name, part) in parts {
            report.add(name, [Double(part.count), Double(part.failures.count)] + part.latencies.milliseconds)
        }
        var figures = Report(
            "outage, figures",
            columns: [
                .init(name: "waiting at the return", digits: 0), .init(name: "arrived after s", digits: 2),
                .init(name: "outbox rows at most", digits: 0), .init(name: "api MiB more", digits: 1),
                .init(name: "store-admin MiB more", digits: 1),
            ])
        let memory = peaks.map { Double($0.2.end() - $0.1) / 1_048_576 }
        let backlog = sent.during(down..<up).orders.count
        figures.add("all", [Double(backlog), arrived, Double(rows.end())] + memory)
        running.end()
        try await broker.dispose()

        print("\(settings.rate) orders a second, \(settings.outage) s without a broker\n")
        try report.print()
        print("")
        try figures.print()
        var verdict = Verdict()
        let failures = sent.failures
        verdict.require(
            "every POST is answered 201", failures.isEmpty, "\(failures.count) failed \(failures.first ?? "")")
        let (before, meanwhile) = (usual.latencies.quantile(0.99), without.latencies.quantile(0.99))
        verdict.require(
            "p99 of POST without a broker, by its usual value", meanwhile / before, atMost: settings.ratio, "times",
            digits: 2)
        verdict.require("everything arrives after the return", arrived, atMost: settings.drain, "s", digits: 2)
        let times = seen.read { $0 }
        verdict.require(
            "what was accepted and what the tab saw", Set(times.times.keys) == orders && times.repeated == 0,
            "\(orders.count) and \(times.times.count), \(times.repeated) twice")
        verdict.print()
        try verdict.finish()
    }

    /// The order that a new-order event tells of.
    static func order(of event: Tab.Event) -> Int? {
        guard let start = LoadReply.find("\"user_order_response\":{", in: event.data) else { return nil }
        return LoadReply.number("id", in: event.data[start...])
    }
}
