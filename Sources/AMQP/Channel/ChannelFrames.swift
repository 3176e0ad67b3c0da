import AMQPWire
import Bytes

// What arrives on a channel, and how a channel ends.

extension AMQPConnection {
    func receive(_ frame: Frame, on channel: ChannelCore, _ link: Link) throws(AMQPError) {
        guard let action = try channel.machine?.receive(frame, &link.interner, &link.replies) else { return }
        try sendReplies(link)
        switch action {
        case .none: break
        case .opened:
            channel.opening?.succeed()
            channel.opening = nil
        case .reply(let ticket, let method, let content):
            if case .basicRecoverOk = method { gaveBackAll(channel) }
            let reply = ChannelCore.Reply(method: method, content: content, generation: channel.generation)
            let isAwaited = channel.replies.removeValue(forKey: ticket)?.finish(.success(reply)) ?? false
            // Who asked is gone.
            switch method {
            case .basicConsumeOk(let ok) where !isAwaited: stop(ok.consumerTag, on: channel)
            case .basicGetOk(let got) where !isAwaited: giveBack(got.deliveryTag, channel, link)
            default: break
            }
        case .delivery(let delivery): deliver(delivery, channel, link)
        case .orphan(let tag): giveBack(tag, channel, link)
        case .confirm(let tag, let multiple, let confirmed):
            try settle(channel, tag, multiple: multiple, confirmed: confirmed)
        case .returned(let method, let content): returned(method, content, channel)
        case .consumerCancelled(_, let number):
            let record = channel.consumers.removeValue(forKey: number)
            let queue = record?.method.queue ?? ""
            topology.consumerEnded(queue: queue)
            record?.consumer.finish(
                AMQPError(.consumerCancelled, "the broker ended the consumer; queue \(queue) was probably deleted"))
        case .flow(let active):
            channel.isFlowStopped = !active
            // Those who wait for room have to know that it is something else now.
            channel.publishing.letPass()
        case .closedByPeer(let reply):
            detach(channel, link)
            let error = AMQPError.channelClosed(reply)
            if case .opening = channel.status {
                // Who opens or restores the channel decides what follows.
                channel.machine = nil
                channel.refusal = error
                failRequests(channel, error)
            } else {
                close(channel, error)
                metrics.channelsClosed += 1
                emit(.channelClosed(error))
            }
        case .closed, .closedByBoth:
            if action == .closedByBoth, let number = channel.machine?.number { link.lateCloseOks.insert(number) }
            detach(channel, link)
            channel.closing.letPass()
            if channel.isAbandoned { close(channel, AMQPError(.closed, "the channel was closed")) }
        }
    }

    private func detach(_ channel: ChannelCore, _ link: Link) {
        if let number = channel.machine?.number { link.detach(number) }
    }

    private func deliver(_ delivery: ChannelMachine.Delivery, _ channel: ChannelCore, _ link: Link) {
        guard let consumer = channel.consumer(delivery.consumer) else {
            return giveBack(delivery.deliveryTag, channel, link)
        }
        push(
            AMQPDelivery(
                consumer.origin, generation: channel.generation, deliveryTag: delivery.deliveryTag,
                redelivered: delivery.redelivered, route: delivery.route,
                properties: delivery.content.properties.withUnsafeBytes { PropertyOctets($0) },
                body: delivery.content.body), to: consumer)
    }

    /// The same for a delivery that is still in the buffer it was read into.
    func deliver(_ delivery: ChannelMachine.PlainDelivery, _ channel: ChannelCore, _ link: Link) {
        guard let number = delivery.consumer, let consumer = channel.consumer(number) else {
            return giveBack(delivery.deliveryTag, channel, link)
        }
        push(
            AMQPDelivery(
                consumer.origin, generation: channel.generation, deliveryTag: delivery.deliveryTag,
                redelivered: delivery.redelivered,
                route: link.interner.route(delivery.exchange, delivery.routingKey),
                properties: PropertyOctets(delivery.properties),
                body: [UInt8](delivery.body)), to: consumer)
    }

    private func push(_ delivery: AMQPDelivery, to consumer: AMQPConsumer) {
        metrics.delivered += 1
        consumer.push(delivery)
        throttle.add(delivery.octets)
    }

    /// After basic.recover the broker has taken back every delivery that was not settled, and will deliver it again.
    private func gaveBackAll(_ channel: ChannelCore) {
        channel.recoversPending -= 1
        channel.generation += 1
        for record in channel.consumers.values where !record.method.noAck { release(record.consumer.discard()) }
    }

    /// Returns a delivery that nobody is there for to its queue.
    func giveBack(_ tag: UInt64, _ channel: ChannelCore, _ link: Link) {
        guard channel.recoversPending == 0 else { return }
        _ = try? link.write { out throws(AMQPError) in try channel.machine?.giveUp(tag, requeue: true, &out) }
    }

    // MARK: Ends

    /// The connection is lost: what was under way fails, what can be restored waits.
    func suspend(_ channel: ChannelCore, _ error: AMQPError) {
        channel.machine = nil
        channel.started = []
        if channel.hasUncommitted { channel.hasLostTransaction = true }
        channel.hasUncommitted = false
        channel.isConfirming = false
        channel.isFlowStopped = false
        failRequests(channel, error)
        switch channel.status {
        case .closed: break
        case .closing: close(channel, AMQPError(.closed, "the channel was closed"))
        case .opening, .open:
            channel.status = .opening
            // What needs no acknowledgement does not come again.
            for record in channel.consumers.values where !record.method.noAck { release(record.consumer.discard()) }
            channel.publishing.letPass()
        }
    }

    /// The channel is gone for good; what waits on it fails with the reason.
    func close(_ channel: ChannelCore, _ error: AMQPError) {
        if channel.isClosed { return }
        channel.status = .closed(error)
        channels[ObjectIdentifier(channel)] = nil
        failRequests(channel, error)
        channel.reopening.fail(error)
        channel.publishing.fail(error)
        let consumers = channel.consumers
        channel.consumers = [:]
        for record in consumers.values {
            topology.consumerEnded(queue: record.method.queue)
            // What needs no acknowledgement exists nowhere else.
            if !record.method.noAck { release(record.consumer.discard()) }
            record.consumer.finish(error.code == .closed ? nil : error)
        }
        channel.closing.letPass()
    }

    func failRequests(_ channel: ChannelCore, _ error: AMQPError) {
        channel.isAckDue = false
        channel.recoversPending = 0
        channel.opening?.fail(error)
        channel.opening = nil
        let replies = channel.replies
        channel.replies = [:]
        for waiter in replies.values { waiter.fail(error) }
        var count = 0
        channel.confirms.abandon { publish in
            publish.sink.failed(publish.index, .unknown(error))
            count += 1
        }
        metrics.unknown += count
    }

    func failChannels(_ error: AMQPError) {
        for channel in channels.values { close(channel, error) }
    }

    /// Deliveries that held so many octets were dropped.
    func release(_ held: (octets: Int, count: Int)) {
        if held.count > 0, throttle.take(held.octets, count: held.count) { resumeReading() }
    }
}
