extension Benchmark {
    static let amqp = Benchmark(
        name: "amqp", summary: "AMQP messages a second, client CPU and latency, beside other clients",
        help: AMQPBenchmark.help
    ) { arguments in
        if arguments.contains("--mode") { return print(try await PeerClient.run(PeerSettings(arguments)).line) }
        let options = try AMQPBenchmark.Options(arguments)
        if options.countsAllocations { return try await AllocationBenchmark.run() }
        try await AMQPBenchmark.run(options)
    }
}

/// Our client and others by the same command line, one process a measurement, in turn.
enum AMQPBenchmark {
    static let help = """
        bench amqp [OPTION]…: publishing, consuming and round trips against a sink that checks and drops everything, and
        against RabbitMQ when it is asked for.

          --rounds N           how often each is measured; they take turns (3)
          --cases A,B          of \(Case.all.map(\.name).joined(separator: ", "))
          --count N            messages, instead of 400000 to the sink, 200000 to RabbitMQ, 5000 round trips
          --peer NAME=COMMAND  another client with the command line below; may be given again
          --peers DIR          the clients \(Candidate.known.joined(separator: ", ")) of a folder, those that are there
          --sink PROGRAM       another sink: PROGRAM --port N --body-size N --flood N (our own: bench amqp-sink --help)
          --rabbitmq           also against a RabbitMQ that it starts on free ports
          --broker URI         also against this RabbitMQ; its delivery.queue is deleted
          --only-broker        not against the sink
          --allocations        counts heap allocations a message instead; fails above \
        \(AllocationBenchmark.Line.limits)

        \(PeerSettings.help)
        """

    struct Case: Sendable {
        let name: String
        let title: String
        let mode: PeerSettings.Mode
        /// As the other clients do it, who know no batches.
        var othersMode: PeerSettings.Mode?
        var size = 20
        var acknowledgeEvery = 1

        static let all = [
            Case(name: "pub20", title: "publish 20 B, a call and an outcome each", mode: .publish),
            Case(name: "batch20", title: "publish 20 B in arrays", mode: .publishBatch, othersMode: .publish),
            Case(name: "pub1k", title: "publish 1 KiB, a call and an outcome each", mode: .publish, size: 1024),
            Case(name: "con1", title: "consume, acknowledge each", mode: .consume),
            Case(name: "con50", title: "consume, acknowledge every 50", mode: .consume, acknowledgeEvery: 50),
            Case(
                name: "conbatch", title: "consume what has arrived, acknowledge it together", mode: .consumeBatch,
                othersMode: .consume, acknowledgeEvery: 50),
            Case(name: "rtt", title: "publish and wait for the confirm", mode: .roundTrip),
        ]

        func count(_ options: Options, sink: Bool) -> Int {
            options.count ?? (mode == .roundTrip ? 5000 : sink ? 400_000 : 200_000)
        }
    }

    struct Options: Sendable {
        enum Broker: Sendable { case own, at(String) }

        var rounds = 3
        var cases = Case.all
        var count: Int?
        var candidates = [Candidate.ours]
        var sink: String?
        var broker: Broker?
        var usesSink = true
        var countsAllocations = false

        init(_ list: [String]) throws {
            var arguments = Arguments(list)
            while let option = arguments.next() {
                switch option {
                case "--rounds": rounds = try arguments.number(1...1000)
                case "--cases":
                    cases = try arguments.value().split(separator: ",").map { name in
                        guard let found = Case.all.first(where: { $0.name == name }) else {
                            throw BenchmarkError("there is no case \(name)")
                        }
                        return found
                    }
                case "--count": count = try arguments.number(1...1_000_000_000)
                case "--peer": candidates.append(try Candidate(try arguments.value()))
                case "--peers": candidates += try Candidate.all(in: try arguments.value())
                case "--sink": sink = try arguments.value()
                case "--rabbitmq": broker = .own
                case "--broker": broker = .at(try arguments.value())
                case "--only-broker": usesSink = false
                case "--allocations": countsAllocations = true
                default: throw arguments.unknown(AMQPBenchmark.help)
                }
            }
            if !usesSink, broker == nil { throw BenchmarkError("--only-broker needs --rabbitmq or --broker") }
        }
    }

    static func run(_ options: Options) async throws {
        if options.usesSink { try await run(options, against: SinkTarget(program: options.sink), "sink", sink: true) }
        switch options.broker {
        case .own: try await BrokerTarget.withOwn { try await run(options, against: $0, "RabbitMQ", sink: false) }
        case .at(let uri): try await run(options, against: try BrokerTarget(uri: uri), "RabbitMQ", sink: false)
        case nil: break
        }
    }

    private static func run(_ options: Options, against target: any MeasuringTarget, _ name: String, sink: Bool)
        async throws
    {
        for one in options.cases {
            let count = one.count(options, sink: sink)
            let isRoundTrip = one.mode == .roundTrip
            var report = Report(
                "amqp \(name) \(one.name)",
                columns: [
                    isRoundTrip ? .init(name: "p50 µs", digits: 1) : .init(name: "messages/s", digits: 0),
                    .init(name: "client CPU µs/message", digits: 2), .init(name: "peak MiB", digits: 1),
                ] + (isRoundTrip ? [.init(name: "p99 µs", digits: 1)] : []))
            for _ in 0..<options.rounds {
                for candidate in options.candidates {
                    let isOurs = candidate.name == Candidate.ours.name
                    var settings = PeerSettings(mode: isOurs ? one.mode : one.othersMode ?? one.mode)
                    (settings.count, settings.size) = (count, one.size)
                    settings.acknowledgeEvery = one.acknowledgeEvery
                    let result = try await target.measure(settings) { try candidate.run($0) }
                    report.add(
                        candidate.name,
                        [
                            isRoundTrip ? result.p50 : result.perSecond, result.cpuPerMessage,
                            Double(result.memory) / 1024,
                        ] + (isRoundTrip ? [result.p99] : []))
                }
            }
            print("\(one.title), \(name), \(count) messages, \(options.rounds) rounds\n")
            var ratios: [(String, Series)] = []
            for other in options.candidates.dropFirst() {
                for column in 0..<2 {
                    let ours = report.series(Candidate.ours.name, column)
                    ratios.append(
                        (
                            "ours / \(other.name), \(report.columns[column].name)",
                            ours.ratio(to: report.series(other.name, column))
                        ))
                }
            }
            try report.print(ratios: ratios)
            print("")
        }
    }
}
