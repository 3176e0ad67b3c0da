import AMQP
import EventLoop
import FoundationEssentials
import Support

/// What clients are measured against.
protocol MeasuringTarget: Sendable {
    /// Prepares for the settings, fills in where to connect, runs the client and looks at what came of it.
    func measure(_ settings: PeerSettings, _ client: (PeerSettings) throws -> PeerResult) async throws -> PeerResult
}

/// A sink process for each measurement.
struct SinkTarget: MeasuringTarget {
    /// Nil: our own.
    let program: String?

    func measure(_ settings: PeerSettings, _ client: (PeerSettings) throws -> PeerResult) async throws -> PeerResult {
        var settings = settings
        let sink: Child
        if let program {
            let port = try Probe.freePort()
            sink = try Child(
                program,
                ["--port", "\(port)", "--body-size", "\(settings.size)", "--flood", "\(settings.count)"])
            try Probe.waitUntilListening(port)
            settings.place.port = UInt16(port)
        } else {
            let started = try SinkProcess.start(bodySize: settings.size, flood: settings.count)
            sink = started.child
            settings.place.port = UInt16(started.port)
        }
        defer { sink.end() }
        let result = try client(settings)
        if program == nil { try check(sink, settings) }
        return result
    }

    /// The sink agrees that everything went over the connection, in order.
    private func check(_ sink: Child, _ settings: PeerSettings) throws {
        guard let line = sink.readLine() else { throw BenchmarkError("the sink ended early") }
        let totals = try JSONDecoder().decode(SinkTotals.self, from: Data(line.utf8))
        let expected = settings.mode.consumes ? totals.settled : totals.published
        guard totals.violations == 0, expected == settings.count else {
            throw BenchmarkError("the sink saw something else: \(line)")
        }
    }
}

/// A real RabbitMQ. Each measurement gets a queue of its own time: empty, or filled to be consumed.
struct BrokerTarget: MeasuringTarget {
    private let place: PeerSettings.Place

    init(uri: String) throws {
        let parsed = try AMQPURI(uri)
        var place = PeerSettings.Place()
        if let host = parsed.host { place.host = host }
        if let port = parsed.port { place.port = port }
        if let name = parsed.virtualHost, !name.isEmpty { place.virtualHost = name }
        if let user = parsed.username { place.user = user }
        if let password = parsed.password { place.password = password }
        self.place = place
    }

    static func withOwn(_ body: (BrokerTarget) async throws -> Void) async throws {
        let broker = try await RabbitMQBroker.start()
        do {
            try await body(try BrokerTarget(uri: broker.url))
        } catch {
            try await broker.dispose()
            throw error
        }
        try await broker.dispose()
    }

    func measure(_ settings: PeerSettings, _ client: (PeerSettings) throws -> PeerResult) async throws -> PeerResult {
        var settings = settings
        settings.place = place
        try await prepare(settings)
        // The broker has work left of what came before.
        try await Task.sleep(for: .seconds(1))
        let result = try client(settings)
        try await check(settings)
        return result
    }

    private func prepare(_ settings: PeerSettings) async throws {
        try await PeerClient.onLoop { loop in
            try await AMQPConnection.withConnection(place.uri, name: "bench", on: loop) { connection in
                try await connection.withChannel { channel in
                    try await channel.deleteQueue(settings.queue)
                    try await channel.declareExchange(settings.exchange, type: .direct)
                    try await channel.declareQueue(settings.queue)
                    try await channel.bindQueue(
                        settings.queue, to: settings.exchange, routingKey: settings.routingKey)
                    if settings.mode.consumes { try await PeerClient.publishAll(settings, on: channel) }
                }
            }
        }
    }

    private func check(_ settings: PeerSettings) async throws {
        let left = settings.mode.consumes ? 0 : settings.count
        try await AMQPConnection.withConnection(place.uri, name: "bench") { connection in
            try await connection.withChannel { channel in
                // A classic queue's count follows its confirms at once, and its acknowledgements soon.
                try await eventually("a queue with \(left) messages") {
                    try await channel.checkQueue(settings.queue).messageCount == left
                }
                try await channel.deleteQueue(settings.queue)
            }
        }
    }
}
