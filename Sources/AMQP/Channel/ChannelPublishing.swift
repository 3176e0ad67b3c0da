import AMQPWire
import EventLoop

extension AMQPChannel {
    /// Publishes and waits until the broker has the message.
    ///
    /// - Parameters:
    ///   - body: any octets.
    ///   - exchange: its name; the one without a name takes the routing key for the name of a queue.
    ///   - routingKey: by what the exchange chooses the queues.
    ///   - properties: what the message says about itself. It is on disk only if it is `.persistent`.
    ///   - mandatory: a message that no queue takes is an error instead of being dropped.
    ///   - time: how long to wait for room to send; nil waits as long as it takes.
    /// - Throws: `.publishRefused` or `.publishReturned`: the broker does not have it. `.publishUnknown`: nobody knows,
    ///   since the connection or channel ended, or the task was cancelled, before the answer. Every other code: it was
    ///   not sent.
    public func publish(
        _ body: [UInt8], to exchange: String, routingKey: String = "", properties: BasicProperties = BasicProperties(),
        mandatory: Bool = false, within time: Duration? = nil
    ) async throws(AMQPError) {
        let publish = try await publishing(
            body, to: exchange, routingKey: routingKey, properties: properties, mandatory: mandatory, within: time)
        try await publish.outcome.get()
    }

    /// Publishes and returns as soon as the message is on its way; the handle tells the outcome. When as many messages
    /// as the configuration allows wait for their confirms, this waits first.
    public func publishing(
        _ body: [UInt8], to exchange: String, routingKey: String = "", properties: BasicProperties = BasicProperties(),
        mandatory: Bool = false, within time: Duration? = nil
    ) async throws(AMQPError) -> PendingPublish {
        let target = PublishTarget(exchange: exchange, routingKey: routingKey, mandatory: mandatory)
        // On the loop's thread there is nothing to hop over.
        if connection.loop.isCurrent {
            switch AMQPConnection.publishHere(connection, body, target, properties, core) {
            case .sent(let publish): return publish
            case .failed(let error): throw error
            case .hasToWait: break
            }
        }
        return try await connection.publish(body, target, properties, core, within: time)
    }

    /// Publishes without asking for a confirm, for transactions and for what may be lost. The channel must not have
    /// published with confirms.
    public func send(
        _ body: [UInt8], to exchange: String, routingKey: String = "", properties: BasicProperties = BasicProperties(),
        mandatory: Bool = false
    ) async throws(AMQPError) {
        let target = PublishTarget(exchange: exchange, routingKey: routingKey, mandatory: mandatory)
        try await connection.send(body, target, properties, core)
    }
}

extension AMQPConnection {
    enum Attempt {
        case sent(PendingPublish)
        case hasToWait
        indirect case failed(AMQPError)
    }

    private typealias Publish =
        @Sendable (isolated AMQPConnection, [UInt8], PublishTarget, BasicProperties, Isolated<ChannelCore>) -> Attempt
    typealias PublishHere =
        @Sendable (AMQPConnection, [UInt8], PublishTarget, BasicProperties, Isolated<ChannelCore>) -> Attempt

    /// `tryToPublish` for callers on the loop's thread, as `settleHere` is for acknowledgements.
    static let publishHere = unsafeBitCast(
        { $0.tryToPublish($1, $2, $3, $4) } as Publish, to: PublishHere.self)

    private func tryToPublish(
        _ body: [UInt8], _ target: PublishTarget, _ properties: borrowing BasicProperties,
        _ core: Isolated<ChannelCore>
    ) -> Attempt {
        let channel = core.get(self)
        // Those who wait already come first.
        guard channel.publishing.isEmpty else { return .hasToWait }
        do throws(AMQPError) {
            return try publishNow(body, target, properties, on: channel).map { .sent($0) } ?? .hasToWait
        } catch {
            return .failed(error)
        }
    }

    func publish(
        _ body: [UInt8], _ target: PublishTarget, _ properties: BasicProperties, _ core: Isolated<ChannelCore>,
        within time: Duration?
    ) async throws(AMQPError) -> PendingPublish {
        try await publish(body, target, properties, on: core.get(self), within: time)
    }

    func send(
        _ body: [UInt8], _ target: PublishTarget, _ properties: BasicProperties, _ core: Isolated<ChannelCore>
    ) async throws(AMQPError) {
        try await send(body, target, properties, on: core.get(self))
    }
}
