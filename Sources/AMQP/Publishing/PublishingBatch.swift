import AMQPWire
import EventLoop

extension AMQPChannel {
    /// Publishes several messages and waits until the outcome of each is known.
    ///
    /// - Parameters:
    ///   - bodies: one for each message; everything else they have in common.
    ///   - exchange: its name; the one without a name takes the routing key for the name of a queue.
    ///   - routingKey: by what the exchange chooses the queues.
    ///   - properties: what each message says about itself.
    ///   - mandatory: a message that no queue takes is refused instead of being dropped.
    ///   - time: how long to wait for room to send; nil waits as long as it takes.
    /// - Returns: the outcomes in the order of the messages. Those that were not sent, because the arguments cannot
    ///   be, there was no connection or room in time, or the task was cancelled, are refused with the reason.
    public func publish(
        batch bodies: [[UInt8]], to exchange: String, routingKey: String = "",
        properties: BasicProperties = BasicProperties(), mandatory: Bool = false, within time: Duration? = nil
    ) async -> [PublishOutcome] {
        await publishing(
            batch: bodies, to: exchange, routingKey: routingKey, properties: properties, mandatory: mandatory,
            within: time
        ).outcomes
    }

    /// Publishes several messages and returns as soon as all of them are on their way; the handle tells the outcomes.
    /// When as many messages as the configuration allows wait for their confirms, this waits first.
    public func publishing(
        batch bodies: [[UInt8]], to exchange: String, routingKey: String = "",
        properties: BasicProperties = BasicProperties(), mandatory: Bool = false, within time: Duration? = nil
    ) async -> PendingBatch {
        let target = PublishTarget(exchange: exchange, routingKey: routingKey, mandatory: mandatory)
        return await connection.publish(batch: bodies, target, properties, core, within: time)
    }
}

extension AMQPConnection {
    func publish(
        batch bodies: [[UInt8]], _ target: PublishTarget, _ properties: BasicProperties, _ core: Isolated<ChannelCore>,
        within time: Duration?
    ) async -> PendingBatch {
        let channel = core.get(self)
        let batch = PendingBatch(count: bodies.count)
        var patience = PublishPatience(time, policy(of: channel))
        var sent = 0
        do throws(AMQPError) {
            // Those who wait already come first.
            if !channel.publishing.isEmpty { try await waitToPublish(on: channel, &patience) }
            while sent < bodies.count {
                do throws(AMQPError) {
                    try publishNow(bodies, from: &sent, batch, target, properties, on: channel)
                } catch {
                    // The room that this one was let in for goes to the next.
                    channel.publishing.letPass(1)
                    throw error
                }
                if sent < bodies.count { try await waitToPublish(on: channel, &patience) }
            }
        } catch {
            batch.notSent(from: sent, error)
        }
        return batch
    }

    /// Sends as many of the messages from `sent` on as there is room for now.
    private func publishNow(
        _ bodies: [[UInt8]], from sent: inout Int, _ batch: PendingBatch, _ target: PublishTarget,
        _ properties: borrowing BasicProperties, on channel: ChannelCore
    ) throws(AMQPError) {
        guard let link = try room(for: bodies[sent].count, on: channel) else { return }
        let number = channel.number
        let frameMax = link.frameMax
        let template = try PublishTemplate(
            exchange: target.exchange, routingKey: target.routingKey, mandatory: target.mandatory,
            properties: properties, channel: number, frameMax: frameMax)
        if !channel.isConfirming { try selectConfirms(channel) }
        let first = sent
        var next = sent
        // The socket's own bound is looked at once for each run.
        var room = max(1, configuration.publishWindowOctets - link.stream.pendingOutput)
        try link.stream.writing { out throws(AMQPError) in
            repeat {
                let body = bodies[next]
                body.withUnsafeBytes { bytes in
                    out.appendPublish(template, body: bytes, channel: number, frameMax: frameMax)
                    let fingerprint =
                        target.mandatory
                        ? template.fingerprint(exchange: target.exchange, routingKey: target.routingKey, body: bytes)
                        : nil
                    channel.confirms.published(
                        AwaitedPublish(sink: batch, index: next), octets: bytes.count, fingerprint: fingerprint)
                }
                room -= body.count
                next += 1
            } while next < bodies.count && room > 0 && hasRoom(bodies[next].count, channel)
        }
        sent = next
        link.lastWrite = loop.now
        metrics.published += next - first
    }
}

extension PublishTemplate {
    func fingerprint(exchange: String, routingKey: String, body: UnsafeRawBufferPointer) -> MessageFingerprint {
        properties.withUnsafeBytes { properties in
            MessageFingerprint(exchange: exchange, routingKey: routingKey, properties: properties, body: body)
        }
    }
}
