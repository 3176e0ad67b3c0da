import AMQPWire
import EventLoop

// The way back after a loss: connect, topology, channels, consumers.

extension AMQPConnection {
    func startRecovery() {
        guard recovery == nil else { return }
        recovery = Task(executorPreference: loop) { await self.recover() }
    }

    private func recover() async {
        defer { recovery = nil }
        while case .recovering = state {
            let delay = backoff.next()
            emit(.retrying(attempt: backoff.attempts, after: delay))
            do { try await loop.sleep(for: delay) } catch { return }
            guard case .recovering = state else { return }
            do throws(AMQPError) {
                try await establish()
                await restore()
                guard case .recovering = state else { return }
                guard link != nil else { throw loss }
                becomeOpen()
                emit(.recovered)
                return
            } catch {
                guard case .recovering = state else { return }
                state = .recovering(error)
                emit(.attemptFailed(error))
            }
        }
    }

    /// There is a link, and everything that was on it is restored.
    func becomeOpen() {
        state = .open
        emit(.connected(host: link?.host ?? ""))
        restoring.letPass()
    }

    private func restore() async {
        await restoreTopology()
        for channel in channels.values {
            guard case .opening = channel.status, channel.hasBeenOpen, link != nil else { continue }
            await restore(channel)
        }
    }

    // MARK: Topology

    private func restoreTopology() async {
        let known = topology
        for exchange in known.exchanges where !exchange.exchange.hasPrefix("amq.") {
            await attempt("exchange \(exchange.exchange)") { channel throws(AMQPError) in
                _ = try await requestNow(exchange, on: channel)
            }
        }
        for queue in known.queues {
            await attempt("queue \(queue.method.queue)") { channel throws(AMQPError) in
                var method = queue.method
                if queue.isServerNamed { method.queue = "" }
                guard case .queueDeclareOk(let ok) = try await requestNow(method, on: channel).method else { return }
                if ok.queue != queue.method.queue { rename(queue.method.queue, to: ok.queue) }
            }
        }
        // With the new names.
        for binding in topology.bindings {
            let what = "binding of \(binding.destination) to \(binding.source) \(binding.routingKey)"
            await attempt(what) { channel throws(AMQPError) in try await restore(binding, on: channel) }
        }
        if let scratch {
            self.scratch = nil
            scratch.status = .open
            await closeChannel(scratch)
        }
    }

    private func restore(_ binding: Binding, on channel: ChannelCore) async throws(AMQPError) {
        switch binding.kind {
        case .queue:
            _ = try await requestNow(
                QueueBind(
                    queue: binding.destination, exchange: binding.source, routingKey: binding.routingKey,
                    arguments: binding.arguments), on: channel)
        case .exchange:
            _ = try await requestNow(
                ExchangeBind(
                    destination: binding.destination, source: binding.source, routingKey: binding.routingKey,
                    arguments: binding.arguments), on: channel)
        }
    }

    /// Tries a step on a channel of its own, which the broker may close: a failure is reported and hinders no other step.
    private func attempt(_ entity: String, _ step: (ChannelCore) async throws(AMQPError) -> Void) async {
        for isLast in Self.patience {
            guard let link else { return }
            do throws(AMQPError) {
                let channel = try await scratchChannel(on: link)
                return try await step(channel)
            } catch {
                guard self.link === link else { return }
                // An exclusive queue may still belong to the connection that was lost, for a moment.
                guard error.reply?.code == .resourceLocked, !isLast else {
                    return emit(.notRestored(entity: entity, error))
                }
                do { try await loop.sleep(for: .milliseconds(200)) } catch { return }
            }
        }
    }

    /// Attempts at what the lost connection may still hold; true marks the last.
    private static var patience: [Bool] { Array(repeating: false, count: 24) + [true] }

    private func scratchChannel(on link: Link) async throws(AMQPError) -> ChannelCore {
        if let scratch, scratch.machine?.isOpen == true { return scratch }
        if let scratch { close(scratch, AMQPError(.closed, "the channel was closed")) }
        let channel = ChannelCore()
        scratch = channel
        channels[ObjectIdentifier(channel)] = channel
        try await open(channel, on: link)
        return channel
    }

    private func rename(_ old: String, to new: String) {
        topology.renamed(old, to: new)
        for channel in channels.values {
            for number in channel.consumers.keys where channel.consumers[number]?.method.queue == old {
                channel.consumers[number]?.method.queue = new
                channel.consumers[number]?.consumer.queue = new
            }
        }
        emit(.queueRenamed(from: old, to: new))
    }

    // MARK: Channels

    /// Opens the channel again with its settings and consumers. A consumer that fails takes the channel with it, so the
    /// channel is opened once more without that one.
    private func restore(_ channel: ChannelCore) async {
        var attempts = 0
        while let link, case .opening = channel.status {
            var current: ConsumerRecord?
            do throws(AMQPError) {
                try await open(channel, on: link)
                if let count = channel.sharedPrefetch {
                    _ = try await requestNow(BasicQos(prefetchCount: count, global: true), on: channel)
                }
                if channel.isTransactional { _ = try await requestNow(TxSelect(), on: channel) }
                for number in channel.consumers.keys.sorted() {
                    // It may have been cancelled meanwhile.
                    guard let record = channel.consumers[number] else { continue }
                    current = record
                    try await start(record, on: channel)
                }
                guard self.link === link, case .opening = channel.status else { return }
                channel.status = .open
                channel.reopening.letPass()
                return
            } catch {
                guard case .opening = channel.status else { return }
                // Not one that was cancelled meanwhile.
                if let current, !current.consumer.isFinished { channel.consumers[current.consumer.number] = current }
                guard self.link === link else { return }
                abandon(channel, link)
                guard let current else {
                    emit(.notRestored(entity: "a channel", error))
                    return close(channel, error)
                }
                attempts += 1
                if current.method.exclusive, error.reply?.code == .accessRefused, attempts < Self.patience.count {
                    do { try await loop.sleep(for: .milliseconds(200)) } catch { return }
                    continue
                }
                emit(.notRestored(entity: "consumer \(current.consumer.tag) of \(current.method.queue)", error))
                channel.consumers[current.consumer.number] = nil
                current.consumer.finish(error)
            }
        }
    }
}
