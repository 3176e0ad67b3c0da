import EventLoop
import FoundationEssentials
import Glibc
import HTTP
import HTTPWire

extension Benchmark {
    /// A small JSON reply on kept-alive connections, beside nginx that answers the same from its configuration.
    static let http = Benchmark(
        name: "http", summary: "requests a second and CPU of a small JSON reply, beside nginx",
        help: Options.help + "\n" + PeerServer.help + """

              --allocations   counts heap allocations a request instead; fails above \(RequestAllocations.limits)
            """
    ) { arguments in
        if arguments.contains("--allocations") { return try await RequestAllocations.run() }
        var arguments = arguments
        let peers = try PeerServer.candidates(&arguments)
        try HTTPBenchmark.run(Options(arguments), peers)
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

    static func run(_ options: Options, _ candidates: [Candidate]) throws {
        let wrk = try Wrk()
        let folder = try CleanUp.makeFolder()
        let ours = try HTTPServerProcess.start()
        let nginx = try Nginx.start(in: folder)
        let others = try candidates.map { try PeerServer($0) }
        let servers =
            [
                Server(name: "nginx", child: nginx.child, port: nginx.port, path: "/json"),
                Server(name: "ours, inline handler", child: ours.child, port: ours.port, path: "/json"),
                Server(name: "ours, async handler", child: ours.child, port: ours.port, path: "/json-async"),
            ] + others.map { Server(name: $0.name, child: $0.child, port: $0.port, path: "/json") }
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
        for other in others { other.child.end() }
        print("\(nginx.version), one worker; \(wrk.version); -t1 -c64, \(options.rounds) × \(options.seconds) s\n")
        var ratios: [(String, Series)] = []
        for peer in ["nginx"] + others.map(\.name) {
            for server in servers where server.name.hasPrefix("ours") {
                for (column, name) in [(0, "requests/s"), (1, "CPU per request")] {
                    let ratio = report.series(server.name, column).ratio(to: report.series(peer, column))
                    ratios.append(("\(server.name) / \(peer), \(name)", ratio))
                }
            }
        }
        try report.print(ratios: ratios)
    }
}
