import EventLoop
import Glibc
import HTTPWire
import Synchronized

extension Benchmark {
    static let streams = Benchmark(
        name: "streams", summary: "memory of idle event streams, and of tabs that never read; fails beyond its bounds",
        help: StreamsBenchmark.Settings.help
    ) { try await StreamsBenchmark(StreamsBenchmark.Settings($0)).run() }
}

/// Promise R5 for event streams: memory is bounded, and one who does not read harms nobody.
struct StreamsBenchmark {
    struct Settings: Sendable {
        var options: Options
        var idle = 10_000
        var stuck = 100
        var events = 50_000
        var rate = 1500
        var octets = 400
        var each = 8.0
        var more = 64.0
        var ratio = 1.5

        static let help = """
              --idle N        streams that are open and idle (10000); 0 leaves this part out
              --stuck N       tabs that never read (100)
              --events N      events that are pushed meanwhile (50000); 0 leaves this part out
              --rate N        events a second (1500)
              --octets N      octets of an event's filler (400)
              --ratio X       how many times the p99 without stuck tabs it may be with them (1.5)
              --programs DIR  where api and store-admin are (beside bench)

            The bounds: an idle stream holds less than 8 KiB; stuck tabs cost less than 64 MiB together, and the other
            tabs get their events as soon as without them. It prints tables, the bounds, and lines of JSON.
            """

        init(_ list: [String]) throws {
            options = try Options([])
            options.orders = 0
            var arguments = Arguments(list)
            while let option = arguments.next() {
                switch option {
                case "--idle": idle = try arguments.number(0...100_000)
                case "--stuck": stuck = try arguments.number(1...10_000)
                case "--events": events = try arguments.number(0...10_000_000)
                case "--rate": rate = try arguments.number(1...100_000)
                case "--octets": octets = try arguments.number(1...8000)
                case "--ratio": ratio = try arguments.decimal(1...1000)
                case "--programs": options.programs = try arguments.value()
                default: throw arguments.unknown(Self.help)
                }
            }
        }
    }

    private let settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    func run() async throws {
        try Descriptors.allow(settings.idle + settings.stuck + 200)
        var verdict = Verdict()
        // Each with processes of its own: what one had freed would hide what the other takes.
        if settings.idle > 0 {
            let running = try Running(await Services(settings.options))
            try await idle(running, &verdict)
            running.end()
        }
        if settings.events > 0 {
            let running = try Running(await Services(settings.options))
            try await stuck(running, &verdict)
            running.end()
        }
        verdict.print()
        try verdict.finish()
    }

    private func memory(_ running: Running) -> Int { running.memory("store-admin") }

    /// Waits until the service has so many streams.
    private func wait(_ running: Running, streams: Int) async throws {
        let deadline = monotonicSeconds() + 30
        while running.metric("sse_streams_connected", of: "store-admin") != Double(streams) {
            guard monotonicSeconds() < deadline else { throw BenchmarkError("there are not \(streams) streams") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func open(_ running: Running, receiveBuffer: CInt? = nil) throws -> LoadConnection {
        let connection = LoadConnection(port: running.port("store-admin"))
        connection.receiveBuffer = receiveBuffer
        try connection.connect()
        try connection.send(Tab.request(running.cookie, after: nil))
        var octets: [UInt8] = []
        while LoadReply.find("event: onopen\ndata: \"connect\"\n\n", in: octets[...]) == nil {
            octets += try connection.receive(hasBegun: true)
        }
        return connection
    }

    // MARK: - Idle streams

    private func idle(_ running: Running, _ verdict: inout Verdict) async throws {
        // What the first ones cost once is not that of each.
        var streams = try (0..<100).map { _ in try open(running) }
        streams = []
        try await wait(running, streams: 0)
        let before = memory(running)
        let start = monotonicSeconds()
        for _ in 0..<settings.idle { streams.append(try open(running)) }
        let opening = monotonicSeconds() - start
        try await wait(running, streams: settings.idle)
        let opened = memory(running)
        // A heartbeat to each of them.
        try await Task.sleep(for: .seconds(17))
        let beaten = memory(running)
        streams = []
        try await wait(running, streams: 0)
        try await Task.sleep(for: .seconds(2))
        let after = memory(running)
        let each = Double(max(opened, beaten) - before) / 1024 / Double(settings.idle)
        var report = Report(
            "idle streams",
            columns: [
                .init(name: "opened a second", digits: 0), .init(name: "MiB before", digits: 1),
                .init(name: "open", digits: 1), .init(name: "after a heartbeat", digits: 1),
                .init(name: "closed", digits: 1), .init(name: "KiB each", digits: 2),
            ])
        report.add(
            "\(settings.idle)",
            [Double(settings.idle) / opening] + [before, opened, beaten, after].map { Double($0) / 1_048_576 } + [each])
        try report.print()
        print("")
        verdict.require("an idle stream", each, atMost: settings.each, "KiB", digits: 2)
    }

    // MARK: - Tabs that never read

    private struct Pass {
        let latencies: Latencies
        /// Octets of resident memory at most.
        let memory: Int
        let seconds: Double
    }

    private func stuck(_ running: Running, _ verdict: inout Verdict) async throws {
        _ = try await push(running, settings.events / 10)
        let first = try await push(running, settings.events)
        let stuck = try (0..<settings.stuck).map { _ in try open(running, receiveBuffer: 4096) }
        let between = try await push(running, settings.events)
        let cutOff = running.metric("sse_streams_cut_off_total", of: "store-admin") ?? 0
        for connection in stuck { connection.close() }
        try await wait(running, streams: 0)
        let last = try await push(running, settings.events)
        var report = Report(
            "tabs that never read",
            columns: [
                .init(name: "events/s", digits: 0), .init(name: "MiB at most", digits: 1),
            ] + Latencies.columns)
        for (name, pass) in [("none", first), ("\(settings.stuck)", between), ("none, again", last)] {
            report.add(
                name,
                [Double(settings.events) / pass.seconds, Double(pass.memory) / 1_048_576] + pass.latencies.milliseconds)
        }
        try report.print()
        let without = max(first.latencies.quantile(0.99), last.latencies.quantile(0.99))
        verdict.require(
            "memory of \(settings.stuck) tabs that never read", Double(between.memory - first.memory) / 1_048_576,
            atMost: settings.more,
            "MiB more")
        verdict.require(
            "p99 of the tabs that read, by that without the others", between.latencies.quantile(0.99) / without,
            atMost: settings.ratio, "times", digits: 2)
        verdict.require("tabs that were cut off", cutOff == Double(settings.stuck), "\(fixed(cutOff, 0))")
        let all = 4 * settings.events
        verdict.require(
            "every event at every tab that reads, once",
            [first, between, last].allSatisfy { $0.latencies.count == settings.events * Self.readers },
            "\(settings.events) a pass, \(Self.readers) tabs, \(all) in the log")
    }

    private static let readers = 4

    /// Pushes `count` events at the rate to tabs that read.
    private func push(_ running: Running, _ count: Int) async throws -> Pass {
        let times = Shared<[Double]>([])
        let readers = try (0..<Self.readers).map { _ in
            try Tab(port: { running.port("store-admin") }, cookie: running.cookie) { event in
                guard let sent = LoadReply.number("sent", in: event.data) else { return }
                times.update { $0.append(event.time - Double(sent) / 1e9) }
            }
        }
        while readers.contains(where: { $0.opened == 0 }) { usleep(10_000) }
        try await Task.sleep(for: .milliseconds(300))
        let peak = try Peak { memory(running) }
        let start = monotonicSeconds()
        try pushAll(running, count, from: start)
        let seconds = monotonicSeconds() - start
        let deadline = monotonicSeconds() + 10
        while times.read({ $0.count }) < count * Self.readers, monotonicSeconds() < deadline {
            try await Task.sleep(for: .milliseconds(10))
        }
        let most = peak.end()
        for reader in readers { reader.close() }
        return Pass(latencies: Latencies(times.read { $0 }), memory: most, seconds: seconds)
    }

    private func pushAll(_ running: Running, _ count: Int, from start: Double) throws {
        let next = Shared(0)
        let failure = Shared<String?>(nil)
        let filler = String(repeating: "x", count: settings.octets)
        let threads = try (0..<16).map { _ in
            try spawnThread(named: "push") {
                let connection = LoadConnection(port: running.port("store-admin"))
                while failure.read({ $0 }) == nil {
                    let number = next.update { number -> Int in
                        defer { number += 1 }
                        return number
                    }
                    if number >= count { return }
                    let wait = start + Double(number) / Double(settings.rate) - monotonicSeconds()
                    if wait > 0 { usleep(useconds_t(wait * 1e6)) }
                    let json = #"{"data":{"sent":\#(Int(monotonicSeconds() * 1e9)),"filler":"\#(filler)"}}"#
                    do throws(LoadConnection.Failure) {
                        let reply = try connection.exchange(
                            LoadConnection.request(
                                "POST", "/api/sse/push-event", ["Cookie: \(running.cookie)"], json: json), to: .post)
                        if reply.status != 200 { failure.update { $0 = "\(reply.status) \(reply.text)" } }
                    } catch {
                        failure.update { $0 = "\(error)" }
                    }
                }
            }
        }
        for thread in threads { pthread_join(thread, nil) }
        if let failure = failure.read({ $0 }) { throw BenchmarkError("a push failed: \(failure)") }
    }
}
