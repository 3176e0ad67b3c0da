import AMQPWire
import EventLoop

/// A message that came from a queue.
public final class AMQPDelivery: Sendable {
    /// What the deliveries of one consumer share.
    final class Origin: Sendable {
        let channel: AMQPChannel
        let consumerTag: String

        init(channel: AMQPChannel, consumerTag: String) {
            self.channel = channel
            self.consumerTag = consumerTag
        }
    }

    private let origin: Origin
    private let route: Route
    /// Which of the channel's connections it came by.
    let generation: UInt64
    /// Its number on the channel.
    public let deliveryTag: UInt64
    /// It was delivered before and not acknowledged.
    public let redelivered: Bool
    private let propertyOctets: PropertyOctets
    /// What was published, octet by octet.
    public let body: [UInt8]

    init(
        _ origin: Origin, generation: UInt64, deliveryTag: UInt64, redelivered: Bool, route: Route,
        properties: PropertyOctets, body: [UInt8]
    ) {
        self.origin = origin
        self.route = route
        self.generation = generation
        self.deliveryTag = deliveryTag
        self.redelivered = redelivered
        propertyOctets = properties
        self.body = body
    }

    /// The channel that it came by.
    public var channel: AMQPChannel { origin.channel }
    /// Empty for what `get` fetched.
    public var consumerTag: String { origin.consumerTag }
    /// The exchange that it was published to; empty for the default exchange.
    public var exchange: String { route.exchange }
    /// The routing key that it was published with.
    public var routingKey: String { route.routingKey }

    /// Decoded at each call: keep what is needed more than once.
    public var properties: BasicProperties {
        BasicProperties(propertyOctets)
    }

    var octets: Int { body.count + propertyOctets.count }

    /// What became of an acknowledgement.
    public enum Settlement: Sendable, Hashable {
        /// It is on its way to the broker.
        case sent
        /// The channel that it came by is gone: the broker has taken the message back, and there was nothing to do.
        case stale
    }

    /// The message is dealt with. With `multiple` so are all before it on its channel, of every consumer there.
    /// - Throws: `.alreadySettled` the second time.
    @discardableResult
    public func ack(multiple: Bool = false) async throws(AMQPError) -> Settlement {
        try await settle(.ack, multiple)
    }

    /// The message is not dealt with: it returns to its queue, or goes to the dead letters.
    /// - Throws: `.alreadySettled` the second time.
    @discardableResult
    public func nack(requeue: Bool, multiple: Bool = false) async throws(AMQPError) -> Settlement {
        try await settle(.nack(requeue: requeue), multiple)
    }

    /// As nack, for one message, in AMQP's own way.
    /// - Throws: `.alreadySettled` the second time.
    @discardableResult
    public func reject(requeue: Bool) async throws(AMQPError) -> Settlement {
        try await settle(.reject(requeue: requeue), false)
    }

    /// What to do with a message whose processing fails.
    public enum FailurePolicy: Sendable {
        /// Requeue each time. Nothing is lost, but a message that always fails comes again for ever, unless its queue
        /// limits deliveries (`x-delivery-limit` of quorum queues).
        case requeue
        /// Requeue a message that was not delivered before; any other goes to the dead letters, and is lost if its queue
        /// has no dead-letter exchange. A message may have been delivered before for other reasons than a failure, for
        /// example because a connection was lost.
        case requeueOnce
        /// To the dead letters at once; lost if its queue has no dead-letter exchange.
        case reject
    }

    /// Runs `body` and acknowledges; when it throws, the message is given up as the policy says, and the error goes on.
    ///
    /// Who is cancelled has not failed: when the task is cancelled, or the error says so (`CancellationError`, or
    /// `.cancelled`), the message returns to its queue whatever the policy.
    public func process<Result>(
        onFailure policy: FailurePolicy = .requeue, _ body: (AMQPDelivery) async throws -> Result
    ) async throws -> Result {
        let result: Result
        do {
            result = try await body(self)
        } catch {
            let requeue =
                switch policy {
                case .requeue: true
                case .requeueOnce: !redelivered || Self.isCancellation(error)
                case .reject: Self.isCancellation(error)
                }
            _ = try? await reject(requeue: requeue)
            throw error
        }
        try await ack()
        return result
    }

    private static func isCancellation(_ error: any Error) -> Bool {
        Task.isCancelled || error is CancellationError || (error as? AMQPError)?.code == .cancelled
    }

    /// Whether the channel that it came by is gone: settling it would be `.stale`.
    package var isStale: Bool {
        get async { await origin.channel.connection.isStale(self) }
    }

    enum Answer: Sendable {
        case ack
        case nack(requeue: Bool)
        case reject(requeue: Bool)

        var isReject: Bool { if case .reject = self { true } else { false } }
    }

    private func settle(_ answer: Answer, _ multiple: Bool) async throws(AMQPError) -> Settlement {
        let connection = origin.channel.connection
        let settled =
            connection.loop.isCurrent
            ? AMQPConnection.settleHere(connection, self, answer, multiple)
            : await connection.settle(self, answer, multiple)
        switch settled {
        case .sent: return .sent
        case .stale: return .stale
        case .already:
            throw AMQPError(
                .alreadySettled, "delivery \(deliveryTag) was settled before, or needs no acknowledgement")
        case .unknown: throw AMQPError(.invalidArgument, "delivery \(deliveryTag) is not of this channel")
        case .failed(let error): throw error
        }
    }

    enum Settled {
        case sent, stale, already, unknown
        indirect case failed(AMQPError)
    }
}

extension AMQPConnection {
    private typealias Settle =
        @Sendable (isolated AMQPConnection, AMQPDelivery, AMQPDelivery.Answer, Bool) -> AMQPDelivery.Settled
    typealias SettleHere =
        @Sendable (AMQPConnection, AMQPDelivery, AMQPDelivery.Answer, Bool) -> AMQPDelivery.Settled

    /// `settle` for callers on the loop's thread, which is all that the isolation asks for: what `assumeIsolated` does,
    /// without allocating a closure for each message.
    static let settleHere = unsafeBitCast(
        { $0.settle($1, $2, $3) } as Settle, to: SettleHere.self)

    func isStale(_ delivery: AMQPDelivery) -> Bool {
        let channel = delivery.channel.core.get(self)
        guard channel.settledGeneration == delivery.generation, case .open = channel.status, link != nil,
            channel.machine != nil
        else { return true }
        return false
    }

    func settle(_ delivery: AMQPDelivery, _ answer: AMQPDelivery.Answer, _ multiple: Bool) -> AMQPDelivery.Settled {
        guard !isStale(delivery), let link else { return .stale }
        let channel = delivery.channel.core.get(self)
        let settling: UnsettledDeliveries.Settling?
        switch answer {
        case .ack:
            settling = channel.machine?.ack(delivery.deliveryTag, multiple: multiple)
            writeAcksLater(channel, link)
        case .nack(let requeue), .reject(let requeue):
            do throws(AMQPError) {
                settling = try link.write { out throws(AMQPError) in
                    try channel.machine?.giveUp(
                        delivery.deliveryTag, multiple: multiple, requeue: requeue, asReject: answer.isReject, &out)
                }
            } catch {
                return .failed(error)
            }
        }
        switch settling {
        case .settled(_, let count):
            if channel.isTransactional { channel.hasUncommitted = true }
            if case .ack = answer { metrics.acknowledged += count } else { metrics.rejected += count }
            return .sent
        case .already: return .already
        case .unknown, nil: return .unknown
        }
    }

    /// One method stands for all acknowledgements of a turn of the loop that it can stand for.
    private func writeAcksLater(_ channel: ChannelCore, _ link: Link) {
        guard !channel.isAckDue else { return }
        channel.isAckDue = true
        link.acknowledging.append(channel)
        link.stream.callBeforeFlush()
    }

    func writeAcks(_ link: Link) {
        guard !link.acknowledging.isEmpty else { return }
        let channels = link.acknowledging
        link.acknowledging.removeAll(keepingCapacity: true)
        try? link.write { out throws(AMQPError) in
            for channel in channels {
                channel.isAckDue = false
                channel.machine?.writeAcks(&out)
            }
        }
    }
}
