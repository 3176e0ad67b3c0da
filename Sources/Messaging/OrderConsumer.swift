import AMQP
import AMQPWire
import Delivery
import EventLoop
import SQLite
import Service

/// Takes announced orders from `delivery.queue` into the event log.
///
/// All deliveries that have arrived share one transaction, and are acknowledged together after its commit: success means
/// *in the log*, never *sent to a browser*. What can never be understood goes to the dead-letter queue and holds up nobody.
package actor OrderConsumer {
    package nonisolated let loop: EventLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    package static let settings = [
        Setting("PREFETCH", fallback: "50", "how many unacknowledged messages the broker may send ahead, 1 to 1000")
    ]

    package static func prefetch(_ environment: Environment) throws(SettingError) -> UInt16 {
        UInt16(try environment.number("PREFETCH", in: 1...1000) ?? 50)
    }

    private let broker: Broker
    private let prefetch: UInt16
    private let log: Logger
    private let metrics: ConsumerMetrics
    private let announcer: OrderAnnouncer
    private let deadLetters: DeadLetters
    private var connection: AMQPConnection?
    private var consumer: AMQPConsumer?
    private var isWorking = false
    private var isStopping = false

    /// - Parameter appended: told on the writer's thread, after each commit, what it appended.
    package init(
        on loop: EventLoop, database: Database, broker: Broker, prefetch: UInt16, metrics: Metrics, log: Logger,
        appended: @escaping @Sendable ([FeedEvent]) -> Void
    ) {
        self.loop = loop
        self.broker = broker
        self.prefetch = prefetch
        self.log = log
        let metrics = ConsumerMetrics(metrics)
        self.metrics = metrics
        announcer = OrderAnnouncer(loop, database, metrics, log, appended: appended)
        deadLetters = DeadLetters(broker, on: loop, most: prefetch, metrics, log)
    }

    package var isConnected: Bool {
        get async { await connection?.state == .open }
    }

    // MARK: - Life

    /// Runs until `stop`.
    /// - Throws: `Program.StartError` when the broker refuses the very first connection.
    package func run() async throws {
        let connection = try await broker.connect("consumer", on: loop)
        self.connection = connection
        while !isStopping {
            do {
                try await consume(connection)
            } catch {
                if isStopping { break }
                log.warning("consuming was interrupted", ["error": LogValue("\(error)")])
            }
            consumer = nil
            if !isStopping { try? await loop.sleep(for: .milliseconds(500)) }
        }
    }

    /// Takes no more deliveries, lets the transaction at work be acknowledged, within `time`, and ends `run`. What is not
    /// acknowledged comes again.
    package func stop(within time: Duration) async {
        isStopping = true
        let deadline = ContinuousClock.now + time
        if let consumer {
            // A broker that does not answer must not hold up the end.
            try? await loop.withTimeout(time / 2, throwing: CancellationError()) { try await consumer.cancel() }
        }
        while isWorking, ContinuousClock.now < deadline { try? await loop.sleep(for: .milliseconds(5)) }
        await deadLetters.stop()
        await connection?.close()
    }

    private func consume(_ connection: AMQPConnection) async throws {
        let channel = try await connection.openChannel()
        do {
            try await Broker.declare(on: channel)
            let consumer = try await channel.consume(Topology.queue, prefetch: prefetch)
            self.consumer = consumer
            while !isStopping {
                let batch = try await consumer.nextBatch()
                guard !batch.isEmpty else { break }
                isWorking = true
                defer { isWorking = false }
                try await work(batch)
            }
        } catch {
            await channel.close()
            throw error
        }
        if !isStopping { await channel.close() }
    }

    /// Commits a batch, acknowledges what is in the log, and leaves the rest to the dead letters.
    private func work(_ batch: [AMQPDelivery]) async throws {
        let outcomes = try await announcer.announce(batch.map { OrderAnnouncement.read($0) })
        metrics.consumed.add(batch.count)
        if outcomes.allSatisfy({ $0 == .settled }), !deadLetters.isHolding, let last = batch.last {
            try await last.ack(multiple: true)
            return
        }
        for (delivery, outcome) in zip(batch, outcomes) {
            switch outcome {
            case .settled: try await delivery.ack()
            case .dead(let reason): deadLetters.take(delivery, reason)
            }
        }
    }
}

struct ConsumerMetrics: Sendable {
    let consumed: Counter
    let retried: Counter
    let dead: Counter

    init(_ metrics: Metrics) {
        consumed = metrics.counter("consumed_total", help: "Messages taken from the queue.")
        retried = metrics.counter("consume_retried_total", help: "Transactions tried again.")
        dead = metrics.counter("dead_lettered_total", help: "Messages moved to the dead-letter queue.")
    }
}
