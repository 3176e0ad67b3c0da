import EventLoop
import FoundationEssentials
import Glibc
import HTTP
import HTTPWire

extension Benchmark {
    /// A small JSON reply on kept-alive connections, beside nginx that answers the same from its configuration.
    static let http = Benchmark(
        name: "http", summary: "requests a second and CPU of a small JSON reply, beside nginx",
        help: Options.help + """

              --allocations   counts heap allocations a request instead; fails above \(RequestAllocations.limits)
            """
    ) { arguments in
        if arguments.contains("--allocations") { return try await RequestAllocations.run() }
        try HTTPBenchmark.run(Options(arguments))
    }
}

enum HTTPBenchmark {
    static let body: StaticString = #"{"result":"ok","order_id":123456}"#

    private struct Server {
        let name: String
        let child: Child
        let port: Int
        let path: String
    }

    static func run(_ options: Options) throws {
        let wrk = try Wrk()
        let folder = try CleanUp.makeFolder()
        let ours = try HTTPServerProcess.start()
        let nginx = try Nginx.start(in: folder)
        let servers = [
            Server(name: "nginx", child: nginx.child, port: nginx.port, path: "/json"),
            Server(name: "ours, inline handler", child: ours.child, port: ours.port, path: "/json"),
            Server(name: "ours, async handler", child: ours.child, port: ours.port, path: "/json-async"),
        ]
        for server in servers {
            let reply = try Probe.get(server.path, port: server.port)
            guard reply.status == 200, reply.body == "\(body)" else {
                throw BenchmarkError("\(server.name) answers \(reply.status): \(reply.body)")
            }
            _ = try wrk.run(server.port, server.path, seconds: 1)
        }
        var report = Report(
            "http",
            columns: [
                .init(name: "requests/s", digits: 0), .init(name: "server CPU µs/request", digits: 2),
                .init(name: "p50 µs", digits: 0), .init(name: "p99 µs", digits: 0), .init(name: "RSS MiB", digits: 1),
            ])
        for _ in 0..<options.rounds {
            for server in servers {
                let before = try ProcessCounters.cpu(server.child.pid)
                let result = try wrk.run(server.port, server.path, seconds: options.seconds)
                let cpu = try ProcessCounters.cpu(server.child.pid) - before
                let memory = Double(try ProcessCounters.memory(server.child.pid)) / 1024
                report.add(
                    server.name,
                    [result.perSecond, cpu / Double(result.requests), result.p50, result.p99, memory])
            }
        }
        ours.child.end()
        nginx.child.end()
        print("\(nginx.version), one worker; \(wrk.version); -t1 -c64, \(options.rounds) × \(options.seconds) s\n")
        var ratios: [(String, Series)] = []
        for server in servers.dropFirst() {
            for (column, name) in [(0, "requests/s"), (1, "CPU per request")] {
                ratios.append(
                    (
                        "\(server.name) / nginx, \(name)",
                        report.series(server.name, column).ratio(to: report.series("nginx", column))
                    ))
            }
        }
        try report.print(ratios: ratios)
    }
}
