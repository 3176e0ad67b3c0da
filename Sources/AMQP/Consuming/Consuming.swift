import AMQPWire
import EventLoop

extension AMQPChannel {
    /// Starts a consumer (basic.qos, basic.consume).
    ///
    /// - Parameters:
    ///   - queue: its name.
    ///   - prefetch: how many unsettled deliveries it may hold; 0 means no limit.
    ///   - acknowledges: whether deliveries have to be acknowledged; without, they count as done when they are sent.
    ///   - exclusive: no other consumer may read the queue; 403 ends the channel if there is one.
    ///   - tag: its name on the channel; by default one is chosen.
    ///   - arguments: see `FieldTable.consumer(…)`. After a recovery the consumer starts again with the same, also a
    ///     stream's offset.
    /// - Throws: `.notFound`, `.accessRefused` (also: somebody consumes exclusively), `.preconditionFailed`, which end the
    ///   channel; `.invalidArgument` for a tag in use.
    public func consume(
        _ queue: String, prefetch: UInt16 = 100, acknowledges: Bool = true, exclusive: Bool = false,
        tag: String? = nil, arguments: FieldTable = [:]
    ) async throws(AMQPError) -> AMQPConsumer {
        let method = BasicConsume(
            queue: try named(queue), consumerTag: tag ?? "", noAck: !acknowledges, exclusive: exclusive,
            arguments: arguments)
        return try await connection.consume(method, prefetch: prefetch, channel: self)
    }

    /// Fetches one message (basic.get); nil if the queue is empty. Consumers are faster.
    /// - Throws: `.notFound`, `.accessRefused`, which end the channel.
    public func get(_ queue: String, acknowledges: Bool = true) async throws(AMQPError) -> AMQPDelivery? {
        try await connection.get(BasicGet(queue: try named(queue), noAck: !acknowledges), channel: self)
    }
}

extension AMQPConnection {
    func consume(_ method: BasicConsume, prefetch: UInt16, channel handle: AMQPChannel) async throws(AMQPError)
        -> AMQPConsumer
    {
        let channel = handle.core.get(self)
        try await ready(channel)
        channel.lastConsumer += 1
        let number = channel.lastConsumer
        var method = method
        if method.consumerTag.isEmpty {
            method.consumerTag = "c\(number)"
            while channel.consumers.values.contains(where: { $0.method.consumerTag == method.consumerTag }) {
                method.consumerTag += "+"
            }
        }
        let record = ConsumerRecord(
            consumer: AMQPConsumer(channel: handle, tag: method.consumerTag, number: number, queue: method.queue),
            method: method, prefetch: prefetch)
        try await start(record, on: channel)
        topology.consumerStarted(queue: method.queue)
        return record.consumer
    }

    /// Sends qos and consume; the record is known before the first delivery can come.
    func start(_ record: ConsumerRecord, on channel: ChannelCore) async throws(AMQPError) {
        let number = record.consumer.number
        let method = record.method
        channel.consumers[number] = record
        do throws(AMQPError) {
            try post(on: channel) { machine, ticket, out throws(AMQPError) in
                try machine.request(BasicQos(prefetchCount: record.prefetch), ticket: ticket, &out)
            }
            // RabbitMQ drops the shared limit with every limit that is not shared.
            if let count = channel.sharedPrefetch {
                try post(on: channel) { machine, ticket, out throws(AMQPError) in
                    try machine.request(BasicQos(prefetchCount: count, global: true), ticket: ticket, &out)
                }
            }
            _ = try await answered("basic.consume", on: channel) { machine, ticket, out throws(AMQPError) in
                try machine.consume(method, consumer: number, ticket: ticket, &out)
            }
        } catch {
            channel.consumers[number] = nil
            release(record.consumer.discard())
            throw error
        }
        channel.started.insert(number)
        // It was cancelled while the channel was being restored.
        if channel.consumers[number] == nil { stop(method.consumerTag, on: channel) }
    }

    /// Ends a consumer that the broker has started and that nobody wants. Not before its consume-ok: RabbitMQ's channel
    /// fails on that, and closes the connection (541).
    func stop(_ tag: String, on channel: ChannelCore) {
        _ = try? post(on: channel) { machine, ticket, out throws(AMQPError) in
            if machine.isOpen { try machine.cancel(consumerTag: tag, ticket: ticket, &out) }
        }
    }

    /// Ends the consumer, whatever happens to the task: who cleans up after a cancellation calls this.
    func cancel(_ consumer: AMQPConsumer) async throws(AMQPError) {
        let channel = consumer.channel.core.get(self)
        guard let record = channel.consumers[consumer.number], !record.isEnding else { return consumer.finish(nil) }
        var failure: AMQPError?
        if case .open = channel.status {
            channel.consumers[consumer.number]?.isEnding = true
            do throws(AMQPError) {
                _ = try await answered("basic.cancel", on: channel, isCancellable: false) {
                    machine, ticket, out throws(AMQPError) in
                    try machine.cancel(consumerTag: consumer.tag, ticket: ticket, &out)
                }
            } catch {
                if error.code != .connectionLost, error.code != .notConnected { failure = error }
            }
            // The channel may have ended meanwhile, and the consumer with it.
            guard channel.consumers[consumer.number] != nil else { return try throwing(failure) }
        } else if channel.started.contains(consumer.number) {
            stop(consumer.tag, on: channel)
        }
        channel.consumers[consumer.number] = nil
        channel.started.remove(consumer.number)
        topology.consumerEnded(queue: record.method.queue)
        let left = record.method.noAck ? [] : consumer.drain()
        release((left.reduce(0) { $0 + $1.octets }, left.count))
        if let link {
            for delivery in left where delivery.generation == channel.settledGeneration {
                giveBack(delivery.deliveryTag, channel, link)
            }
        }
        consumer.finish(nil)
        try throwing(failure)
    }

    private func throwing(_ failure: AMQPError?) throws(AMQPError) {
        if let failure { throw failure }
    }

    func get(_ method: BasicGet, channel handle: AMQPChannel) async throws(AMQPError) -> AMQPDelivery? {
        let channel = handle.core.get(self)
        try await ready(channel)
        let answer = try await answered("basic.get", on: channel) { machine, ticket, out throws(AMQPError) in
            try machine.get(method, ticket: ticket, &out)
        }
        guard case .basicGetOk(let got) = answer.method, let content = answer.content else { return nil }
        return AMQPDelivery(
            AMQPDelivery.Origin(channel: handle, consumerTag: ""), generation: answer.generation,
            deliveryTag: got.deliveryTag, redelivered: got.redelivered,
            route: Route(exchange: got.exchange, routingKey: got.routingKey),
            properties: content.properties.withUnsafeBytes { PropertyOctets($0) }, body: content.body)
    }
}
