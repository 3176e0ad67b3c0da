import AMQP
import EventLoop
import Glibc
import Support
import Synchronized

/// One connection at a time through a proxy of its own.
final class SoakClient: Sendable {
    let name: String
    let proxy: Proxy
    private let loop: EventLoop?
    private let configuration: AMQPConfiguration
    private let soak: Soak
    private let current = Lock<AMQPConnection?>(nil)

    /// - Parameters:
    ///   - loop: nil takes the library's own.
    ///   - waits: whether publishes and requests wait while there is no connection, or fail at once.
    init(_ name: String, _ soak: Soak, on loop: EventLoop?, waits: Bool) throws {
        self.name = name
        self.soak = soak
        self.loop = loop
        proxy = try Proxy(to: soak.broker.port)
        var configuration = AMQPConfiguration(name: name)
        configuration.heartbeat = .seconds(2)
        configuration.recovery.initialDelay = .milliseconds(50)
        configuration.recovery.ceiling = .seconds(2)
        configuration.connectTimeout = .seconds(5)
        configuration.firstAttempt = .mayFindBrokerDown
        configuration.whileDown = waits ? .wait(.seconds(30)) : .failAtOnce
        configuration.publishWindow = 64
        configuration.onEvent = { [soak] event in soak.happened(event, to: name) }
        self.configuration = configuration
    }

    /// The loop that its connections live on, if it is known here.
    var executor: EventLoop? { loop }

    var connection: AMQPConnection? { current.withLock { $0 } }

    func open() async throws(AMQPError) {
        let url = soak.broker.url(port: proxy.port)
        let connection =
            if let loop {
                try await AMQPConnection.connect(url, configuration: configuration, on: loop)
            } else {
                try await AMQPConnection.connect(url, configuration: configuration)
            }
        soak.track(connection)
        current.withLock { $0 = connection }
    }

    /// Closes the connection; everything that was published on it has an outcome then.
    func close() async {
        let connection = current.withLock { connection in
            defer { connection = nil }
            return connection
        }
        guard let connection else { return }
        await connection.close()
        let metrics = await connection.metrics
        let outcomes = metrics.confirmed + metrics.refused + metrics.returned + metrics.unknown
        if metrics.published != outcomes {
            soak.ledger.violate("\(name): \(metrics.published) publishes sent, \(outcomes) outcomes")
        }
        let (channels, requests) = (await connection.liveChannels, await connection.pendingRequests)
        if channels > 0 || requests > 0 {
            soak.ledger.violate("\(name): \(channels) channels and \(requests) requests outlive the connection")
        }
    }

    /// Another connection in the place of this one.
    func replace() async {
        await close()
        while !soak.isEnding {
            do throws(AMQPError) { return try await open() } catch {
                if !SoakFailure.isExpected(error) { soak.ledger.violate("\(name) cannot connect: \(error)") }
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
    }
}

/// What the parts of a soak share.
final class Soak: Sendable {
    static let exchange = "soak"
    static let queues = (0..<4).map { "soak.\($0)" }
    /// Deleted again and again; nothing of worth is in it.
    static let victim = "soak.victim"

    let broker: RabbitMQBroker
    let ledger: SoakLedger
    private let stages = Lock(Stages())
    private let counters = Lock(Counters())
    private let tracked = Lock<[Tracked]>([])

    private struct Stages {
        var isEnding = false
        var publishersEnd = false
        var consumersEnd = false
    }

    struct Counters: Codable, Sendable {
        var connected = 0
        var disconnected = 0
        var recovered = 0
        var notRestored = 0
        var blocked = 0
        var consumersCancelled = 0
        var channelsClosed = 0
        var staleSettlements = 0
    }

    /// Seen without being held.
    private struct Tracked: Sendable {
        weak let object: (any AnyObject & Sendable)?
    }

    init(_ broker: RabbitMQBroker, capacity: Int) {
        self.broker = broker
        ledger = SoakLedger(capacity: capacity)
    }

    var isEnding: Bool { stages.withLock { $0.isEnding } }
    var publishersEnd: Bool { stages.withLock { $0.publishersEnd } }
    var consumersEnd: Bool { stages.withLock { $0.consumersEnd } }
    func endPublishers() { stages.withLock { $0.publishersEnd = true } }
    func endConsumers() { stages.withLock { $0.consumersEnd = true } }
    func end() { stages.withLock { $0.isEnding = true } }

    var counted: Counters { counters.withLock { $0 } }
    func count(_ counter: any WritableKeyPath<Counters, Int> & Sendable) {
        counters.withLock { $0[keyPath: counter] += 1 }
    }

    func track(_ object: any AnyObject & Sendable) {
        tracked.withLock { tracked in
            if tracked.count >= 1024 { tracked.removeAll { $0.object == nil } }
            tracked.append(Tracked(object: object))
        }
    }

    /// Connections and channels that still exist.
    var alive: Int { tracked.withLock { $0.count { $0.object != nil } } }

    func happened(_ event: AMQPEvent, to client: String) {
        switch event {
        case .connected: count(\.connected)
        case .disconnected: count(\.disconnected)
        case .recovered: count(\.recovered)
        case .blocked: count(\.blocked)
        case .notRestored(let entity, let error):
            count(\.notRestored)
            // Its queue may be gone when the connection comes back; and what comes back may be lost again.
            if !entity.contains(Self.victim), !SoakFailure.isExpected(error) || error.reply?.code == .notFound {
                ledger.violate("\(client): \(event)")
            }
        case .strayReturn: ledger.violate("\(client): \(event)")
        case .closed(let error?): ledger.violate("\(client) gave up: \(error)")
        default: break
        }
    }
}
