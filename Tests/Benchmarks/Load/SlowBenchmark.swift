import EventLoop
import Glibc
import HTTPWire
import Support

extension Benchmark {
    static let slow = Benchmark(
        name: "slow", summary: "slowhttptest in its four modes beside normal clients; fails if those have to wait",
        help: SlowBenchmark.Settings.help
    ) { try await SlowBenchmark.run(SlowBenchmark.Settings($0)) }
}

/// Promise R9: slow clients never harm a neighbour.
enum SlowBenchmark {
    struct Settings: Sendable {
        var options: Options
        var connections = 2000
        var seconds = 30
        var modes = Mode.allCases
        var p99 = 50.0
        var more = 64.0

        static let help = """
              --connections N  slow connections (2000)
              --seconds N      how long each mode lasts (30)
              --mode NAME      headers, body, range or read; all of them by default
              --p99 MS         what p99 of the normal clients may be (50)
              --programs DIR   where api and store-admin are (beside bench)

            Runs slowhttptest (Debian's package of that name) in each mode against each service, while eight normal
            clients send a hundred requests a second, half of them on new connections. Each must be answered, memory
            must stay within 64 MiB more, and come back. It prints a table, the bounds, and a line of JSON.
            """

        init(_ list: [String]) throws {
            options = try Options([])
            options.orders = 100
            var arguments = Arguments(list)
            while let option = arguments.next() {
                switch option {
                case "--connections": connections = try arguments.number(1...60_000)
                case "--seconds": seconds = try arguments.number(1...3600)
                case "--mode":
                    let name = try arguments.value()
                    guard let mode = Mode(rawValue: name) else { throw BenchmarkError("there is no mode \(name)") }
                    modes = [mode]
                case "--p99": p99 = try arguments.decimal(0.1...10_000)
                case "--programs": options.programs = try arguments.value()
                default: throw arguments.unknown(Self.help)
                }
            }
        }
    }

    enum Mode: String, CaseIterable {
        case headers, body, range, read

        /// What slowhttptest is told: small pieces at intervals that no normal client has, a window of a few octets.
        func options(_ url: (String) -> String, page: String, form: String) -> [String] {
            switch self {
            case .headers: ["-H", "-i", "5", "-x", "24", "-t", "GET", "-u", url(page)]
            case .body: ["-B", "-i", "5", "-s", "8192", "-x", "10", "-t", "POST", "-u", url(form)]
            case .range: ["-R", "-a", "10", "-b", "3000", "-t", "HEAD", "-u", url(page)]
            case .read: ["-X", "-w", "10", "-y", "20", "-n", "5", "-z", "32", "-k", "3", "-u", url(page)]
            }
        }
    }

    private struct Target {
        let name: String
        /// A route with an answer of some size.
        let page: String
        /// A route that takes a body.
        let form: String
        /// What normal clients ask for.
        let normal: [[UInt8]]
    }

    static func run(_ settings: Settings) async throws {
        let program = try find("slowhttptest", package: "slowhttptest")
        let running = try Running(await Services(settings.options))
        defer { running.end() }
        let token = "authorization-token: \(running.token)"
        let cookie = "Cookie: \(running.cookie)"
        let targets = [
            Target(
                name: "api", page: "/metrics", form: "/api/user-order",
                normal: [
                    LoadConnection.request("GET", "/api/store/search?category=KOREAN_FOOD", [token]),
                    LoadConnection.request(
                        "POST", "/api/user-order", [token], json: #"{"store_id":1,"store_menu_id_list":[1,3]}"#),
                ]),
            Target(
                name: "store-admin", page: "/assets/store.css", form: "/login",
                normal: [
                    LoadConnection.request("GET", "/api/user-order/current?limit=5", [cookie]),
                    LoadConnection.request("GET", "/main", [cookie]),
                ]),
        ]
        var report = Report(
            "slow",
            columns: [
                .init(name: "requests", digits: 0), .init(name: "failed", digits: 0),
            ] + Latencies.columns + [
                .init(name: "connections at most", digits: 0), .init(name: "MiB more", digits: 1),
                .init(name: "MiB kept", digits: 1),
            ])
        var verdict = Verdict()
        for target in targets {
            _ = try normal(running, target, while: { usleep(2_000_000) })
            for mode in settings.modes {
                let port = running.port(target.name)
                let before = running.memory(target.name)
                let peak = try Peak { running.memory(target.name) }
                let connections = try Peak { Int(running.metric("http_connections_open", of: target.name) ?? 0) }
                let options = mode.options(
                    { "http://127.0.0.1:\(port)\($0)" }, page: target.page, form: target.form)
                let child = try Child(
                    program,
                    ["-c", "\(settings.connections)", "-r", "1000", "-l", "\(settings.seconds)", "-p", "5"] + options)
                let latencies = try normal(running, target) { _ = child.readAll() }
                _ = child.waitForEnd()
                let more = Double(peak.end() - before) / 1_048_576
                try await Task.sleep(for: .seconds(3))
                let kept = Double(running.memory(target.name) - before) / 1_048_576
                let name = "\(target.name), \(mode.rawValue)"
                report.add(
                    name,
                    [Double(latencies.all.count), Double(latencies.failures.count)] + latencies.all.milliseconds
                        + [Double(connections.end()), more, kept])
                verdict.require(
                    "\(name): p99", latencies.all.quantile(0.99) * 1000, atMost: settings.p99, "ms")
                verdict.require(
                    "\(name): every normal request is answered", latencies.failures.isEmpty,
                    "\(latencies.failures.count) failed \(latencies.failures.first ?? "")")
                verdict.require("\(name): memory", more, atMost: settings.more, "MiB more")
                verdict.require("\(name): memory afterwards", kept, atMost: settings.more / 4, "MiB more")
            }
        }
        print("\(settings.connections) slow connections, \(settings.seconds) s a mode\n")
        try report.print()
        verdict.print()
        try verdict.finish()
    }

    /// Eight normal clients as long as `body` runs.
    private static func normal(
        _ running: Running, _ target: Target, while body: () -> Void
    ) throws -> (all: Latencies, failures: [String]) {
        let isOver = Shared(false)
        let times = Shared<[Double]>([])
        let failures = Shared<[String]>([])
        let threads = try (0..<8).map { number in
            try spawnThread(named: "normal") {
                let connection = LoadConnection(port: running.port(target.name))
                let request = target.normal[number / 2 % 2]
                while !isOver.read({ $0 }) {
                    if number.isMultiple(of: 2) { connection.close() }
                    let start = monotonicSeconds()
                    do throws(LoadConnection.Failure) {
                        let reply = try connection.exchange(request, to: request.first == 0x50 ? .post : .get)
                        times.update { $0.append(monotonicSeconds() - start) }
                        if reply.status >= 300 { failures.update { $0.append("\(reply.status) \(reply.text)") } }
                    } catch {
                        failures.update { $0.append("\(error)") }
                    }
                    let rest = 0.08 - (monotonicSeconds() - start)
                    if rest > 0 { usleep(useconds_t(rest * 1e6)) }
                }
            }
        }
        body()
        isOver.update { $0 = true }
        for thread in threads { pthread_join(thread, nil) }
        return (Latencies(times.read { $0 }), failures.read { $0 })
    }
}
