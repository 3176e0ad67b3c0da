import AMQP
import AMQPWire
import Delivery
import EventLoop
import Failpoints
import SQLite
import Service
import Synchronization

/// Moves messages that were not settled to a retry queue or to the dead letters, beside the consumer: while the broker takes
/// no publishes they wait here (at most the prefetch, since they are not acknowledged), and the good ones go on as long as
/// the prefetch has room for them.
///
/// A delivery is acknowledged when the broker has confirmed its copy, never before. It publishes on a connection of its own:
/// a broker that is short of memory stops reading from connections that publish, and must not stop the consumer's acks.
actor Forwarder {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// A delivery and what is to become of it.
    struct Item: Sendable {
        let delivery: AMQPDelivery
        let decision: DeliveryPolicy.Decision
        let firstSeen: Timestamp
        let orderID: Int?
        /// What names its row in `delivery_attempt`, if it has one.
        let attemptKey: String?
        /// How often its copy was refused, or nobody knows.
        var failures = 0
    }

    /// After so many failures a copy goes without the sender's headers: they may be what the broker does not take.
    private static let mostFailures = 3

    private let broker: Broker
    private let source: MessageSource
    private let database: Database
    private let begun: BegunWork
    private let metrics: ConsumerMetrics
    private let log: Logger
    private let most: Int
    private var waiting: [Item] = []
    private var mover: Task<Void, Never>?
    private var connection: AMQPConnection?
    private var channel: AMQPChannel?
    private var isDropping = false
    private var isStopping = false
    private nonisolated let held = Atomic<Int>(0)

    /// - Parameter most: the prefetch.
    init(
        _ broker: Broker, _ source: MessageSource, on loop: EventLoop, database: Database, begun: BegunWork,
        most: UInt16, _ metrics: ConsumerMetrics, _ log: Logger
    ) {
        self.broker = broker
        self.source = source
        self.database = database
        self.begun = begun
        self.most = Int(most)
        self.loop = loop
        self.metrics = metrics
        self.log = log
    }

    /// Whether deliveries wait here: an ack of several would acknowledge them too.
    nonisolated var isHolding: Bool { held.load(ordering: .sequentiallyConsistent) > 0 }

    /// Takes over a delivery, and acknowledges it when the broker has confirmed its copy. On the loop.
    nonisolated func take(_ item: Item) {
        hold(1)
        assumeIsolated { $0.add(item) }
    }

    private nonisolated func hold(_ count: Int) {
        let now = held.wrappingAdd(count, ordering: .sequentiallyConsistent).newValue
        metrics.held.set(now)
    }

    private func add(_ item: Item) {
        waiting.append(item)
        // There are never more that can still be acknowledged.
        if waiting.count > most, !isDropping {
            isDropping = true
            Task(executorPreference: loop) { await self.dropStale() }
        }
        guard mover == nil else { return }
        mover = Task(executorPreference: loop) { await self.move() }
    }

    /// Forgets those that came by a connection that is gone, wherever they stand: the broker delivers them again. No other may
    /// go: it would neither be moved nor settled as long as its connection lives.
    private func dropStale() async {
        for item in waiting where await item.delivery.isStale {
            // Meanwhile it may have been taken out.
            guard let place = waiting.firstIndex(where: { $0.delivery === item.delivery }) else { continue }
            waiting.remove(at: place)
            hold(-1)
        }
        isDropping = false
    }

    /// Lets confirms that are on their way come, within `time`. What is not acknowledged then is delivered again.
    func stop(within time: Duration) async {
        isStopping = true
        let deadline = ContinuousClock.now + time
        while mover != nil, isHolding, connection != nil, ContinuousClock.now < deadline {
            try? await loop.sleep(for: .milliseconds(5))
        }
        await connection?.close()
        mover?.cancel()
    }

    // MARK: - Moving

    private func move() async {
        while !waiting.isEmpty, !isStopping {
            do {
                try await moveAll()
            } catch {
                if isStopping { break }
                log.warning(
                    "messages cannot be moved to another queue yet",
                    [
                        "error": LogValue("\(error)"), "waiting": .number(waiting.count),
                        "from": LogValue(source.queue),
                    ])
                // A channel that is only blocked holds publishes whose confirms come when the broker reads again.
                if (error as? AMQPError)?.code != .blocked { await dropChannel() }
                try? await loop.sleep(for: .seconds(1))
            }
        }
        mover = nil
    }

    /// Publishes all that wait, then takes their confirms. What was not confirmed waits again, behind the others: one that the
    /// broker refuses holds up nobody.
    private func moveAll() async throws {
        let channel = try await openChannel()
        var failure: (any Error)?
        var sent: [(item: Item, pending: PendingPublish)] = []
        var left = waiting
        waiting = []
        while failure == nil, !left.isEmpty {
            var item = left.removeFirst()
            // The broker delivers it again, and it comes here again.
            guard await !item.delivery.isStale else {
                hold(-1)
                continue
            }
            do throws(AMQPError) {
                if let pending = try await publish(item, on: channel) { sent.append((item, pending)) } else { hold(-1) }
            } catch {
                switch error.code {
                case .blocked, .notConnected: break
                case .invalidArgument: item.failures = Self.mostFailures
                default: item.failures += 1
                }
                left.append(item)
                failure = error
            }
        }
        waiting = left + waiting
        for (var item, pending) in sent {
            do {
                try await pending.outcome.get()
                try Failpoint.reach(
                    "forwarder.before-ack", ["order": "\(item.orderID ?? 0)", "queue": source.queue])
                await finish(item)
            } catch {
                item.failures += 1
                waiting.append(item)
                failure = error
            }
        }
        if let failure { throw failure }
    }

    private func publish(_ item: Item, on channel: AMQPChannel) async throws(AMQPError) -> PendingPublish? {
        guard
            let copy = MessageCopy(
                of: item.delivery.properties, item.decision, from: source, firstSeen: item.firstSeen,
                isMinimal: item.failures >= Self.mostFailures)
        else { return nil }
        return try await channel.publishing(
            item.delivery.body, to: copy.exchange, routingKey: copy.routingKey, properties: copy.properties,
            mandatory: true)
    }

    /// The broker has the copy.
    private func finish(_ item: Item) async {
        if let key = item.attemptKey {
            // At worst the row stays until it is pruned.
            _ = try? await database.write { db in try DeliveryAttempts.end(key, in: db) }
            begun.end(key)
        }
        // Stale after a reconnection: then the broker delivers it again, and it is copied twice.
        _ = try? await item.delivery.ack()
        hold(-1)
        report(item)
    }

    private func report(_ item: Item) {
        let properties = item.delivery.properties
        let order = item.orderID.map { LogValue.number($0) } ?? LogValue("")
        let trace = properties.headers?["traceparent"]?.string?.split(separator: "-").dropFirst().first ?? ""
        let message = properties.messageID ?? ""
        switch item.decision {
        case .settle: break
        case .retry(let queue, let attempts, let reason):
            metrics.delayed.add()
            log.warning(
                "a message is tried again later",
                [
                    "order_id": order, "message_id": LogValue(message), "trace_id": LogValue("\(trace)"),
                    "reason": LogValue(reason), "attempts": .number(attempts), "queue": LogValue(queue.name),
                    "from": LogValue(source.queue),
                ])
        case .dead(let attempts, let reason):
            metrics.dead.add()
            log.warning(
                "a message went to the dead-letter queue",
                [
                    "order_id": order, "message_id": LogValue(message), "trace_id": LogValue("\(trace)"),
                    "reason": LogValue(reason), "attempts": .number(attempts), "from": LogValue(source.queue),
                ])
        }
    }

    private func openChannel() async throws -> AMQPChannel {
        if let channel { return channel }
        let connection: AMQPConnection
        if let open = self.connection {
            connection = open
        } else {
            connection = try await broker.connect("forwarder\(source.suffix)", on: loop)
            self.connection = connection
        }
        let channel = try await connection.openChannel()
        self.channel = channel
        try await broker.declare(on: channel, of: connection)
        return channel
    }

    private func dropChannel() async {
        await channel?.close()
        channel = nil
        if case .closed? = await connection?.state { connection = nil }
    }
}
