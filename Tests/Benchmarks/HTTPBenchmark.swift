import EventLoop
import FoundationEssentials
import Glibc
import HTTP
import HTTPWire

extension Benchmark {
    /// A small JSON reply on kept-alive connections, beside nginx that answers the same from its configuration.
    static let http = Benchmark(name: "http", summary: "requests a second and CPU of a small JSON reply, beside nginx")
    {
        try HTTPBenchmark.run(Options($0))
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

/// Our server as a process of its own: this program, started with a hidden command.
enum HTTPServerProcess {
    static let command = "serve-http"

    static func start() throws -> (child: Child, port: Int) {
        let child = try Child(Options.ownPath, [command])
        guard let port = child.readLine().flatMap({ Int($0) }) else {
            throw BenchmarkError("our own server did not start")
        }
        return (child, port)
    }

    /// Serves until standard input ends, which it does with the parent.
    static func run(_: [String]) async throws {
        let group = try EventLoopGroup(count: 1)
        var router = Router()
        router.onInline(.get, "/json") { _ in .json(HTTPBenchmark.body) }
        router.on(.get, "/json-async") { _ in .json(HTTPBenchmark.body) }
        guard let address = SocketAddress.numeric("127.0.0.1", port: 0) else {
            throw BenchmarkError("127.0.0.1 is no address")
        }
        let server = try await HTTPServer.start(address, router, on: group)
        print(server.address.port)
        fflush(nil)
        var octet: UInt8 = 0
        while read(0, &octet, 1) > 0 {}
        await server.shutdown(within: .zero)
        group.stop()
    }
}

/// nginx in the foreground, as one process, with all its files in one folder.
struct Nginx {
    let child: Child
    let port: Int
    let version: String

    static func start(in folder: String) throws -> Nginx {
        let program = try find("nginx", package: "nginx wrk")
        let port = try Probe.freePort()
        let configuration = """
            daemon off; master_process off; worker_processes 1; pid \(folder)/nginx.pid;
            worker_rlimit_nofile 4096;
            events { worker_connections 2048; multi_accept on; }
            http {
              access_log off; keepalive_requests 1000000000; tcp_nodelay on;
              client_body_temp_path \(folder)/body; proxy_temp_path \(folder)/proxy;
              fastcgi_temp_path \(folder)/fastcgi; uwsgi_temp_path \(folder)/uwsgi; scgi_temp_path \(folder)/scgi;
              server {
                listen 127.0.0.1:\(port);
                location = /json { default_type application/json; return 200 '\(HTTPBenchmark.body)'; }
              }
            }
            """
        let file = "\(folder)/nginx.conf"
        try Data(configuration.utf8).write(to: URL(filePath: file))
        let errors = "\(folder)/nginx.log"
        let child = try Child(program, ["-p", folder, "-e", errors, "-c", file], log: errors)
        for _ in 0..<200 {
            if (try? Probe.get("/json", port: port)) != nil {
                return Nginx(child: child, port: port, version: try version(program, folder))
            }
            usleep(10_000)
        }
        let log = (try? String(contentsOf: URL(filePath: errors), encoding: .utf8)) ?? ""
        throw BenchmarkError("nginx did not start: \(log)")
    }

    private static func version(_ program: String, _ folder: String) throws -> String {
        // It says so on standard error.
        let log = "\(folder)/version"
        let child = try Child(program, ["-v"], log: log)
        _ = child.waitForEnd()
        let text = try String(contentsOf: URL(filePath: log), encoding: .utf8)
        return text.split(separator: "/").last.map { "nginx " + $0.split(separator: "\n")[0] } ?? "nginx"
    }
}

/// The load generator.
struct Wrk {
    struct Result {
        let requests: Int
        let perSecond: Double
        /// Microseconds.
        let p50: Double
        let p99: Double
    }

    let version: String
    private let program: String

    init() throws {
        program = try find("wrk", package: "nginx wrk")
        version = try Child(program, ["-v"]).readLine().map { String($0.split(separator: "[")[0]) } ?? "wrk"
    }

    func run(_ port: Int, _ path: String, seconds: Int) throws -> Result {
        let child = try Child(
            program, ["-t1", "-c64", "-d\(seconds)s", "--latency", "http://127.0.0.1:\(port)\(path)"])
        let output = child.readAll()
        var requests: Int?
        var perSecond: Double?
        var latencies: [Substring: Double] = [:]
        for line in output.split(separator: "\n") {
            let words = line.split(separator: " ")
            if line.contains("Non-2xx") || line.contains("Socket errors") { throw BenchmarkError(output) }
            if words.count > 2, words[1] == "requests", words[2] == "in" { requests = Int(words[0]) }
            if words.count == 2, words[0] == "Requests/sec:" { perSecond = Double(words[1]) }
            if words.count == 2, words[0].hasSuffix("%") { latencies[words[0]] = microseconds(words[1]) }
        }
        guard let requests, let perSecond, requests > 0, let p50 = latencies["50%"], let p99 = latencies["99%"] else {
            throw BenchmarkError("wrk printed something else:\n\(output)")
        }
        return Result(requests: requests, perSecond: perSecond, p50: p50, p99: p99)
    }

    private func microseconds(_ text: Substring) -> Double? {
        for (unit, factor) in [("us", 1.0), ("ms", 1e3), ("s", 1e6)] where text.hasSuffix(unit) {
            return Double(text.dropLast(unit.count)).map { $0 * factor }
        }
        return nil
    }
}
