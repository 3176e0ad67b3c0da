import AMQP
import AMQPWire
import Delivery
import EventLoop
import Service
import Synchronization

/// Hints between the instances of the services, through a fanout exchange, that the event log has grown. Who gets one reads
/// the log.
///
/// A hint is sent after the commit, is not confirmed, and may be lost with the broker: everybody also looks at the log's end
/// now and then, so a lost hint only delays. Sending never waits and never fails its caller.
///
/// It has a connection of its own: a broker that is short of memory stops reading from those that publish. Then no instance
/// gets hints, and none can be sent either, so both directions share it.
package actor FeedHints {
    package nonisolated let loop: EventLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// Between two hints: a busy instance sends at most 200 a second.
    private static let pause = Duration.milliseconds(25)
    /// Between two attempts to declare what a broker refuses.
    private static let shortestDelay = Duration.milliseconds(500)
    private static let longestDelay = Duration.seconds(10)
    private static let header = "instance"

    private let broker: Broker
    private let log: Logger
    private let sent: Counter
    private let received: Counter
    /// Tells own hints from others'.
    private let instance: String
    private var pacer = HintPacer()
    private var connection: AMQPConnection?
    private var sender: AMQPChannel?
    private var consumer: AMQPConsumer?
    private var isStopping = false
    /// The youngest event of a commit that the loop has not been told of yet; 0 when it has.
    private nonisolated let news = Atomic<Int>(0)

    package init(on loop: EventLoop, broker: Broker, metrics: Metrics, log: Logger) throws {
        self.loop = loop
        self.broker = broker
        self.log = log
        instance = try Secrets.uuid()
        sent = metrics.counter("feed_hints_sent_total", help: "Hints to other instances that the log has grown.")
        received = metrics.counter("feed_hints_received_total", help: "Hints from other instances.")
    }

    /// Whether hints come and go.
    package var isConnected: Bool {
        get async {
            guard consumer != nil, await connection?.state == .open else { return false }
            return true
        }
    }

    // MARK: - Sending

    /// A commit of this process appended events, the youngest of which is `head`. From any thread; calls while the loop is
    /// busy become one.
    package nonisolated func grew(to head: Int) {
        guard news.max(head, ordering: .acquiringAndReleasing).oldValue == 0 else { return }
        loop.execute { self.assumeIsolated { $0.takeNews() } }
    }

    private func takeNews() {
        take(pacer.grew(to: news.exchange(0, ordering: .acquiringAndReleasing)))
    }

    private func take(_ step: HintPacer.Step) {
        guard case .send(let head) = step else { return }
        loop.schedule(after: Self.pause) { [weak self] in
            self?.assumeIsolated { $0.take($0.pacer.pauseEnded()) }
        }
        guard let sender else { return }
        Task(executorPreference: loop) { await self.send(head, on: sender) }
    }

    private func send(_ head: Int, on sender: AMQPChannel) async {
        var properties = BasicProperties()
        properties.contentType = "text/plain"
        properties.type = "FeedHint"
        properties.headers = [Self.header: .string(instance)]
        do throws(AMQPError) {
            try await sender.send(FeedHint.encode(head), to: Topology.feedExchange, properties: properties)
            sent.add()
        } catch {
            switch error.code {
            // It is lost, and the others look by themselves.
            case .notConnected, .blocked, .connectionLost: break
            default:
                // The channel has ended, perhaps because the exchange is gone: everything is declared again.
                guard sender === self.sender else { return }
                self.sender = nil
                try? await consumer?.cancel()
            }
        }
    }

    // MARK: - Receiving

    /// Runs until `stop`.
    /// - Parameter received: told, on the loop, that another instance has appended, as far as the given event if it says.
    /// - Throws: `Program.StartError` when the broker refuses the very first connection.
    package func run(_ received: @escaping @Sendable (Int?) -> Void) async throws {
        let connection = try await broker.connect("hints", on: loop)
        self.connection = connection
        var failure = ""
        var delay = Self.shortestDelay
        while !isStopping, !Task.isCancelled {
            do {
                try await listen(connection, received)
                (failure, delay) = ("", Self.shortestDelay)
            } catch {
                if isStopping { break }
                // Once for each reason: everything works without hints, only later.
                if "\(error)" != failure { log.warning("no hints between instances", ["error": LogValue("\(error)")]) }
                failure = "\(error)"
            }
            consumer = nil
            if isStopping { break }
            try? await loop.sleep(for: delay)
            delay = min(delay * 2, Self.longestDelay)
        }
    }

    /// Ends `run`.
    package func stop() async {
        isStopping = true
        sender = nil
        await connection?.close()
    }

    private func listen(_ connection: AMQPConnection, _ received: @Sendable (Int?) -> Void) async throws {
        try await connection.withChannel { channel in
            try await channel.declareExchange(Topology.feedExchange, type: .fanout)
            // Of several hints the last one says it all.
            let queue = try await channel.declareQueue(
                durable: false, exclusive: true, autoDelete: true, arguments: .queue(maxLength: 1))
            try await channel.bindQueue(queue.name, to: Topology.feedExchange)
            let consumer = try await channel.consume(queue.name, acknowledges: false)
            try await connection.withChannel(whileDown: .failAtOnce) { sender in
                self.consumer = consumer
                self.sender = sender
                defer { self.sender = nil }
                // What was missed until now.
                received(nil)
                while !isStopping {
                    let batch = try await consumer.nextBatch()
                    guard !batch.isEmpty else { return }
                    take(batch, received)
                }
            }
        }
    }

    private func take(_ batch: [AMQPDelivery], _ received: (Int?) -> Void) {
        let foreign = batch.filter { $0.properties.headers?[Self.header]?.string != instance }
        guard !foreign.isEmpty else { return }
        self.received.add(foreign.count)
        let heads = foreign.map { FeedHint.head($0.body) }
        received(heads.contains(nil) ? nil : heads.compactMap(\.self).max())
    }
}
