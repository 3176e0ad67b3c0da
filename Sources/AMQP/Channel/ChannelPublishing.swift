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
        if connection.loop.isCurrent, let publish = try publishingHere(body, target, properties) { return publish }
        return try await connection.publish(body, target, properties, core, within: time)
    }

    /// On the loop's thread there is nothing to hop over. Nil if the message has to wait.
    private func publishingHere(_ body: [UInt8], _ target: PublishTarget, _ properties: BasicProperties)
        throws(AMQPError) -> PendingPublish?
    {
        try connection.assumeIsolated { connection -> Result<PendingPublish?, AMQPError> in
            let channel = core.get(connection)
            guard channel.publishing.isEmpty else { return .success(nil) }
            do throws(AMQPError) {
                return .success(try connection.publishNow(body, target, properties, on: channel))
            } catch {
                return .failure(error)
            }
        }.get()
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
