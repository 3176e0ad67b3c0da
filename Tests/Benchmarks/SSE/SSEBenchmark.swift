import FoundationEssentials
import Glibc

extension Benchmark {
    static let sse = Benchmark(
        name: "sse", summary: "event streams: CPU of a delivery, latency, memory of an idle one, beside nchan",
        help: SSEBenchmark.Settings.help
    ) { try SSEBenchmark(SSEBenchmark.Settings($0)).run() }
}

/// One event for many subscribers, and subscribers that wait.
struct SSEBenchmark {
    struct Settings {
        var rounds = 5
        var subscribers = 1000
        var events = 200
        var paced = 100
        var rate = 20
        var octets = 400
        var idle = 5000
        var loops = 1
        var only: Set<String> = []
        var peers: [Candidate] = []

        static let help = """
              --rounds N       how often each is measured; they take turns (5)
              --subscribers N  subscribers of the one channel (1000)
              --events N       events of the closed loop, 4 in flight (200)
              --paced N        events at a fixed rate (100)
              --rate N         events a second (20)
              --octets N       octets of an event's data (400)
              --idle N         subscribers that only wait (5000); 0 leaves this part out
              --loops N        event loops of our server (1)
              --only NAME      nchan or ours, without the other

            """ + PeerServer.help

        init(_ list: [String]) throws {
            var list = list
            peers = try PeerServer.candidates(&list)
            var arguments = Arguments(list)
            while let option = arguments.next() {
                switch option {
                case "--rounds": rounds = try arguments.number(1...1000)
                case "--subscribers": subscribers = try arguments.number(1...50_000)
                case "--events": events = try arguments.number(1...100_000)
                case "--paced": paced = try arguments.number(1...100_000)
                case "--rate": rate = try arguments.number(1...10_000)
                case "--octets": octets = try arguments.number(80...8000)
                case "--idle": idle = try arguments.number(0...50_000)
                case "--loops": loops = try arguments.number(1...64)
                case "--only": only.insert(try arguments.value())
                default: throw arguments.unknown(Self.help)
                }
            }
        }
    }

    private struct Server {
        let child: Child
        let port: Int
    }

    private let settings: Settings
    private let folder: String

    init(_ settings: Settings) throws {
        self.settings = settings
        folder = try CleanUp.makeFolder()
        try Descriptors.allow(max(settings.subscribers, settings.idle) + 200)
    }

    private func start(_ name: String) throws -> Server {
        if name == "ours" {
            let (child, port) = try HTTPServerProcess.start(["--greets", "--loops", "\(settings.loops)"])
            return Server(child: child, port: port)
        }
        if let candidate = settings.peers.first(where: { $0.name == name }) {
            let peer = try PeerServer(candidate)
            return Server(child: peer.child, port: peer.port)
        }
        let nginx = try Nginx.start(in: folder, nchan: true)
        return Server(child: nginx.child, port: nginx.port)
    }

    func run() throws {
        let names =
            ["nchan", "ours"].filter { settings.only.isEmpty || settings.only.contains($0) }
            + settings.peers.map(\.name)
        var report = Report(
            "sse",
            columns: [
                .init(name: "deliveries/s", digits: 0), .init(name: "server CPU µs/delivery", digits: 2),
                .init(name: "\(settings.rate) events/s: server CPU µs/delivery", digits: 2),
                .init(name: "p50 µs", digits: 0), .init(name: "p99 µs", digits: 0),
                .init(name: "octets per idle stream", digits: 0), .init(name: "client CPU µs/delivery", digits: 2),
            ])
        for _ in 0..<settings.rounds {
            for name in names { report.add(name, try round(name)) }
        }
        print(
            """
            \(settings.subscribers) subscribers, \(settings.octets) octets; \(settings.events) events with 4 in flight, \
            \(settings.paced) at \(settings.rate) a second; \(settings.idle) idle subscribers

            """)
        var ratios: [(String, Series)] = []
        for peer in names where peer != "ours" && names.contains("ours") {
            for (column, title) in [
                (0, "deliveries/s"), (1, "CPU per delivery"), (2, "CPU per delivery, paced"), (3, "p50"), (4, "p99"),
                (5, "octets per idle stream"),
            ] {
                ratios.append(
                    ("ours / \(peer), \(title)", report.series("ours", column).ratio(to: report.series(peer, column))))
            }
        }
        try report.print(ratios: ratios)
    }

    private func round(_ name: String) throws -> [Double] {
        let server = try start(name)
        let closed = try client(server, ["--events", "\(settings.events)"], name)
        let paced = try client(
            server, ["--events", "\(settings.paced)", "--rate", "\(settings.rate)"], name)
        server.child.end()
        var memory = 0.0
        if settings.idle > 0 {
            // A process of its own: what the others left free would hide it.
            let server = try start(name)
            memory = try client(server, ["--hold", "1"], name, subscribers: settings.idle).memory
            server.child.end()
        }
        return [
            Double(closed.deliveries) / closed.seconds, closed.serverCPU, paced.serverCPU, paced.p50, paced.p99, memory,
            closed.clientCPU,
        ]
    }

    private func client(
        _ server: Server, _ options: [String], _ name: String, subscribers: Int? = nil
    ) throws -> SubscriberClient.Result {
        let child = try Child(
            Options.ownPath,
            [
                SubscriberClient.command, "--port", "\(server.port)", "--pid", "\(server.child.pid)", "--octets",
                "\(settings.octets)", "--subscribers", "\(subscribers ?? settings.subscribers)",
            ] + options)
        let line = child.readAll()
        _ = child.waitForEnd()
        guard let result = try? JSONDecoder().decode(SubscriberClient.Result.self, from: Data(line.utf8)) else {
            throw BenchmarkError("the subscribers of \(name) ended early: \(line)")
        }
        guard result.wrong == 0 else {
            throw BenchmarkError("\(name): \(result.wrong) deliveries are missing, doubled or out of order")
        }
        return result
    }
}
