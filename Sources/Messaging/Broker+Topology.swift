import AMQP
import AMQPWire
import Delivery
import Service

/// What both services declare on the broker, so that it does not matter which one starts first.
extension Broker {
    /// Exchanges, queues and bindings of the orders, of the events of orders and the groups that consume them, of delayed
    /// retries, and of what is dead.
    package static func declare(on channel: AMQPChannel) async throws {
        try await declareOrders(on: channel)
        for part in parts { try await part.declare(channel) }
    }

    /// The same, on a channel for each part but the orders': what exists there with other arguments, from another version
    /// for example, or belongs to somebody else, is used as it is, and stops no order.
    package func declare(on channel: AMQPChannel, of connection: AMQPConnection) async throws {
        try await Self.declareOrders(on: channel)
        for part in Self.parts { try await aside(connection, part) }
    }

    private func aside(_ connection: AMQPConnection, _ part: Part) async throws {
        let own = try await connection.openChannel()
        do {
            try await part.declare(own)
        } catch let error as AMQPError where Self.isOfOnePart(error) {
            // It has ended the channel.
            return log.warning("used as it is on the broker", ["error": LogValue("\(error)")])
        } catch {
            await own.close()
            throw error
        }
        await own.close()
    }

    private static func isOfOnePart(_ error: AMQPError) -> Bool {
        switch error.code {
        case .preconditionFailed, .resourceLocked, .accessRefused, .notFound: true
        default: false
        }
    }

    package static func declareOrders(on channel: AMQPChannel) async throws {
        try await channel.declareExchange(Topology.exchange, type: .direct)
        try await channel.declareQueue(Topology.queue)
        try await channel.bindQueue(Topology.queue, to: Topology.exchange, routingKey: Topology.key)
    }

    package static func declareDead(on channel: AMQPChannel) async throws {
        try await channel.declareExchange(Topology.deadExchange, type: .fanout)
        try await channel.declareQueue(Topology.deadQueue)
        try await channel.bindQueue(Topology.deadQueue, to: Topology.deadExchange)
    }

    // MARK: - Parts

    /// What is declared together, and fails alone.
    private struct Part: Sendable {
        let declare: @Sendable (AMQPChannel) async throws -> Void
    }

    private static let parts: [Part] = {
        var parts = MessageSource.orders.retries.map { retry in
            Part { channel in
                try await channel.declareQueue(
                    retry.name,
                    arguments: .queue(
                        messageTTL: retry.delay, deadLetterExchange: Topology.exchange,
                        deadLetterRoutingKey: Topology.key))
            }
        }
        parts.append(Part { channel in try await declareDead(on: channel) })
        parts.append(Part { channel in try await channel.declareExchange(Topology.eventsExchange, type: .topic) })
        for group in ConsumerGroup.all {
            parts.append(Part { channel in try await channel.declareQueue(group.queue) })
            // Apart from the queue: one that exists with other arguments gets the messages too.
            parts.append(
                Part { channel in
                    // The only one of a version before: what else it matches would come twice.
                    try await channel.unbindQueue(group.queue, from: Topology.eventsExchange, routingKey: "order.#")
                    for key in group.bindings {
                        try await channel.bindQueue(group.queue, to: Topology.eventsExchange, routingKey: key)
                    }
                })
        }
        return parts
            + RetryDelay.all.map { delay in
                Part { channel in
                    try await channel.declareExchange(delay.sharedName, type: .fanout)
                    // Back by the default exchange, with the routing key that it came with: the name of the group's queue.
                    try await channel.declareQueue(
                        delay.sharedName, arguments: .queue(messageTTL: delay.time, deadLetterExchange: ""))
                    try await channel.bindQueue(delay.sharedName, to: delay.sharedName)
                }
            }
    }()
}
