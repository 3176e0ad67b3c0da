import AMQP
import EventLoop
import Glibc
import Support

extension Benchmark {
    static let soak = Benchmark(
        name: "soak", summary: "the AMQP client against RabbitMQ while everything breaks; counts every message",
        help: SoakBenchmark.Settings.help
    ) { try await SoakBenchmark(try Settings($0)).run() }

    private typealias Settings = SoakBenchmark.Settings
}

/// Publishers and consumers on a RabbitMQ of their own, faults at random, then the account of every message.
struct SoakBenchmark {
    struct Settings: Sendable {
        var minutes = 30.0
        var seed: UInt64 = 1
        var publishers = 6
        var consumers = 8
        /// Messages a second that the ledger has room for; the publishers send fewer.
        var roomPerSecond = 2000

        static let help = """
              --minutes N  how long faults are made, with a fraction if need be (30)
              --seconds N  the same in seconds
              --seed N     chooses the faults and the work (1)

            Starts RabbitMQ and lets publishers and consumers work through proxies, while connections are reset, cut in
            the middle of a frame, frozen and throttled, the broker stops, dies, closes connections and is short of
            memory, channels end with 404 and 406, queues are deleted and requests cancelled. Then everything is
            drained and counted. It prints a line a minute, a table, a line of JSON, and fails if a confirmed message
            is missing, a publish has no outcome, a duplicate has no reason, or anything is left behind.
            """

        init(_ list: [String]) throws {
            var arguments = Arguments(list)
            while let option = arguments.next() {
                switch option {
                case "--minutes":
                    guard let value = Double(try arguments.value()), value > 0, value <= 10_000 else {
                        throw BenchmarkError("--minutes takes a number above 0")
                    }
                    minutes = value
                case "--seconds": minutes = Double(try arguments.number(1...600_000)) / 60
                case "--seed": seed = try arguments.number(0...UInt64.max)
                default: throw arguments.unknown(Self.help)
                }
            }
        }
    }

    private let settings: Settings

    init(_ settings: Settings) throws { self.settings = settings }

    func run() async throws {
        let broker = try await RabbitMQBroker.start()
        let soak = Soak(broker, capacity: Int(settings.minutes * 60 + 60) * settings.roomPerSecond)
        try await prepare(soak)
        let before = try SoakSample.now(0)
        let known = SoakSample.openDescriptors
        let report = try await work(soak)
        // What the runtime and the proxies close, they close in a moment.
        try? await eventually("no descriptors left", within: 20) {
            try SoakSample.now(0).descriptors <= before.descriptors && soak.alive == 0
        }
        let after = try SoakSample.now(settings.minutes)
        if after.descriptors > before.descriptors {
            let new = SoakSample.openDescriptors.filter { known[$0.key] != $0.value }.values.sorted()
            soak.ledger.violate(
                "\(after.descriptors) descriptors are open, \(before.descriptors) were at the start; new: \(new)")
        }
        if soak.alive > 0 { soak.ledger.violate("\(soak.alive) connections or channels are never freed") }
        try await broker.dispose()
        try report.print(soak, before: before, after: after)
        if soak.ledger.violationCount > 0 { throw BenchmarkError("\(soak.ledger.violationCount) violations") }
    }

    /// Declares everything, and lets what is made once a process be made before the descriptors are counted.
    private func prepare(_ soak: Soak) async throws {
        try await AMQPConnection.withConnection(soak.broker.url) { connection in
            try await connection.withChannel { channel in
                try await channel.declareExchange(Soak.exchange, type: .direct)
                for queue in Soak.queues {
                    try await channel.declareQueue(queue)
                    try await channel.bindQueue(queue, to: Soak.exchange, routingKey: queue)
                }
            }
        }
        _ = try await soak.broker.queues()
        // The runtime's own timer.
        try await Task.sleep(for: .milliseconds(1))
    }

    // MARK: Work

    private func work(_ soak: Soak) async throws -> SoakReport {
        let loops = try EventLoopGroup(count: 2, name: "soak")
        defer { loops.stop() }
        // Some live on the library's own loop, some on ours; some wait while there is no connection, some do not.
        let clients = try (0..<5).map { number in
            try SoakClient(
                "soak-\(number)", soak, on: number == 0 ? nil : loops.next(), waits: number.isMultiple(of: 2))
        }
        for client in clients { try await client.open() }
        let publishers = (0..<settings.publishers).map { SoakOrders("publisher \($0)") }
        let consumers = (0..<settings.consumers).map { SoakOrders("consumer \($0)") }
        var faults = SoakFaults(soak, clients, publishers: publishers, consumers: consumers, seed: settings.seed)
        let start = ContinuousClock.now
        let watch = SoakWatch(soak, start: start, workers: publishers)
        let sampling = Task { try await watch.run() }

        try await withThrowingDiscardingTaskGroup { group in
            for (number, orders) in consumers.enumerated() {
                let client = clients[number % clients.count]
                let queue = number == 0 ? Soak.victim : Soak.queues[number % Soak.queues.count]
                let seed = settings.seed &+ UInt64(1000 + number)
                // Half of them live on the connection's loop, where a call is no hop.
                group.addTask(executorPreference: number.isMultiple(of: 2) ? client.executor : nil) {
                    var consumer = SoakConsumer(client, soak, orders, queue: queue, seed: seed)
                    await consumer.run()
                }
            }
            let publishing = Task {
                await withDiscardingTaskGroup { group in
                    for (number, orders) in publishers.enumerated() {
                        let client = clients[(number + 2) % clients.count]
                        let seed = settings.seed &+ UInt64(2000 + number)
                        group.addTask(executorPreference: number.isMultiple(of: 2) ? client.executor : nil) {
                            var publisher = SoakPublisher(client, soak, orders, seed: seed)
                            await publisher.run()
                        }
                    }
                }
            }
            await faults.run(until: start + .seconds(settings.minutes * 60))
            try await faults.heal()
            soak.endPublishers()
            await Deadline.watch("the publishers have their outcomes", seconds: 120, soak) { await publishing.value }
            await Deadline.watch("the queues are empty", seconds: 180, soak) { await drain(soak) }
            soak.endConsumers()
        }
        sampling.cancel()
        let samples = try await sampling.value
        await Deadline.watch("the connections are closed", seconds: 60, soak) { await close(clients, soak) }
        for client in clients { client.proxy.close() }
        return SoakReport(settings: settings, faults: faults.counts, samples: samples)
    }

    /// Waits until nothing is in the queues, and looks for what is missing.
    private func drain(_ soak: Soak) async {
        while true {
            let queues = (try? await soak.broker.queues()) ?? [:]
            if Soak.queues.allSatisfy({ queues[$0]?.messages == 0 }) { break }
            try? await Task.sleep(for: .milliseconds(200))
        }
        let missing = soak.ledger.missing
        for id in missing { soak.ledger.violate("message \(id) was confirmed and never came") }
        let totals = soak.ledger.totals
        if totals.published != totals.outcomes {
            soak.ledger.violate("\(totals.published) publishes, \(totals.outcomes) outcomes")
        }
    }

    /// No worker is left, so no channel may be.
    private func close(_ clients: [SoakClient], _ soak: Soak) async {
        for client in clients {
            let channels = await client.connection?.liveChannels ?? 0
            if channels > 0 { soak.ledger.violate("\(client.name): \(channels) channels are left open") }
        }
        do {
            try await eventually("the broker has no channels") { try await soak.broker.channelCount() == 0 }
        } catch { soak.ledger.violate("\(error)") }
        for client in clients { await client.close() }
        do {
            try await eventually("the broker has no connections") { try await soak.broker.connectionCount() == 0 }
        } catch { soak.ledger.violate("\(error)") }
    }
}

/// Ends the process when something that has to end does not.
enum Deadline {
    static func watch(_ what: String, seconds: Int, _ soak: Soak, _ body: () async -> Void) async {
        let alarm = Task {
            try await Task.sleep(for: .seconds(seconds))
            for violation in soak.ledger.violations { print("violation: \(violation)") }
            print("violation: still waiting after \(seconds) s until \(what); \(soak.ledger.totals)")
            CleanUp.end()
            exit(1)
        }
        await body()
        alarm.cancel()
        _ = await alarm.result
    }
}
