import AMQP
import AMQPWire
import Delivery
import EventLoop

/// Puts messages that cannot be worked on into the dead-letter queue, with the reason.
///
/// It publishes on a connection of its own: a broker that is short of memory stops reading from connections that publish,
/// and must not stop the acks of the consumer.
actor DeadLetters {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private let broker: Broker
    private var connection: AMQPConnection?
    private var channel: AMQPChannel?

    init(_ broker: Broker, on loop: EventLoop) {
        self.broker = broker
        self.loop = loop
    }

    /// Returns when the broker has confirmed the copy; only then the original may be acknowledged.
    func publish(_ delivery: AMQPDelivery, reason: String) async throws {
        let channel = try await openChannel()
        var properties = delivery.properties
        var headers = properties.headers ?? [:]
        headers["x-error"] = .string(reason)
        headers["x-attempts"] = .int64(1)
        headers["x-first-seen"] = .string(Timestamp.now.description)
        properties.headers = headers
        properties.deliveryMode = .persistent
        do {
            try await channel.publish(
                delivery.body, to: Topology.deadExchange, routingKey: delivery.routingKey, properties: properties,
                mandatory: true)
        } catch {
            self.channel = nil
            await channel.close()
            throw error
        }
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
        try await Broker.declare(on: channel)
        self.channel = channel
        return channel
    }

    func close() async { await connection?.close() }
}
