import AMQP
import AMQPWire
import Delivery
import EventLoop
import Service
import Synchronization

/// Moves messages that cannot be worked on to the dead-letter queue, each with its reason, beside the consumer: while the
/// broker takes no publishes, the dead ones wait here (at most the prefetch, since they are not acknowledged) and the good
/// ones go on.
///
/// It publishes on a connection of its own: a broker that is short of memory stops reading from connections that publish,
/// and must not stop the acks of the consumer.
actor DeadLetters {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private let broker: Broker
    private let metrics: ConsumerMetrics
    private let log: Logger
    private var waiting: [(delivery: AMQPDelivery, reason: String)] = []
    private var mover: Task<Void, Never>?
    private var connection: AMQPConnection?
    private var channel: AMQPChannel?
    private var isStopping = false
    private nonisolated let held = Atomic<Int>(0)

    private let most: Int

    /// - Parameter most: the prefetch. There are never more that can still be acknowledged: what is above it came by a
    ///   connection that is gone, and is delivered again.
    init(_ broker: Broker, on loop: EventLoop, most: UInt16, _ metrics: ConsumerMetrics, _ log: Logger) {
        self.broker = broker
        self.most = Int(most)
        self.loop = loop
        self.metrics = metrics
        self.log = log
    }

    /// Whether deliveries wait here: an ack of several would acknowledge them too.
    nonisolated var isHolding: Bool { held.load(ordering: .sequentiallyConsistent) > 0 }

    /// Takes over a delivery, and acknowledges it when the broker has confirmed its copy. On the loop.
    nonisolated func take(_ delivery: AMQPDelivery, _ reason: String) {
        held.wrappingAdd(1, ordering: .sequentiallyConsistent)
        assumeIsolated { $0.add(delivery, reason) }
    }

    private func add(_ delivery: AMQPDelivery, _ reason: String) {
        waiting.append((delivery, reason))
        // The first one is at work.
        while waiting.count > most + 1 {
            waiting.remove(at: 1)
            held.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        }
        guard mover == nil else { return }
        mover = Task(executorPreference: loop) { await self.move() }
    }

    private func move() async {
        while let (delivery, reason) = waiting.first, !isStopping {
            do {
                try await publish(delivery, reason)
                // Stale after a reconnection: then the broker delivers it again, and it comes here again.
                try await delivery.ack()
                metrics.dead.add()
                log.warning(
                    "a message went to the dead-letter queue",
                    [
                        "reason": LogValue(reason),
                        "message_id": LogValue(delivery.properties.messageID ?? ""),
                    ])
                waiting.removeFirst()
                held.wrappingSubtract(1, ordering: .sequentiallyConsistent)
            } catch {
                if isStopping { break }
                log.warning(
                    "a message cannot be moved to the dead-letter queue yet",
                    ["error": LogValue("\(error)"), "waiting": .number(waiting.count)])
                await dropChannel()
                try? await loop.sleep(for: .seconds(1))
            }
        }
        mover = nil
    }

    /// Returns when the broker has confirmed the copy.
    private func publish(_ delivery: AMQPDelivery, _ reason: String) async throws {
        let channel = try await openChannel()
        var properties = delivery.properties
        var headers = properties.headers ?? [:]
        headers["x-error"] = .string(reason)
        headers["x-attempts"] = .int64((headers["x-attempts"]?.integer ?? 0) + 1)
        if headers["x-first-seen"] == nil { headers["x-first-seen"] = .string(Timestamp.now.description) }
        properties.headers = headers
        properties.deliveryMode = .persistent
        try await channel.publish(
            delivery.body, to: Topology.deadExchange, routingKey: delivery.routingKey, properties: properties,
            mandatory: true)
    }

    private func openChannel() async throws -> AMQPChannel {
        if let channel { return channel }
        let connection: AMQPConnection
        if let open = self.connection {
            connection = open
        } else {
            connection = try await broker.connect("dead letters", on: loop)
            self.connection = connection
        }
        let channel = try await connection.openChannel()
        self.channel = channel
        try await Broker.declare(on: channel)
        return channel
    }

    private func dropChannel() async {
        await channel?.close()
        channel = nil
        if case .closed? = await connection?.state { connection = nil }
    }

    func stop() async {
        isStopping = true
        await connection?.close()
        mover?.cancel()
    }
}
