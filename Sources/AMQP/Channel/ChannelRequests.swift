import AMQPWire
import Bytes
import EventLoop

// Opening and closing channels, and requests on them.

extension AMQPConnection {
    static func notConnected(_ state: AMQPConnectionState) -> AMQPError {
        if case .recovering(let reason?) = state {
            return AMQPError(
                .notConnected, "there is no connection to the broker (\(reason.message))", host: reason.host)
        }
        return AMQPError(.notConnected, "there is no connection to the broker")
    }

    /// Why there is no link any more.
    var loss: AMQPError { lastLoss ?? AMQPError(.connectionLost, "the connection was lost") }

    /// Waits at the gate; the deadline's error is thrown when it has passed.
    func wait(
        _ waiter: Waiter<Void>, atMost limit: Duration?, otherwise error: @autoclosure @escaping () -> AMQPError
    ) async throws(AMQPError) {
        // A timer in a century is none, and its moment might not be a number any more.
        guard let limit, limit < .seconds(100 * 366 * 86_400) else { return try await waiter.value() }
        let timer = loop.schedule(after: limit) { waiter.fail(error()) }
        defer { loop.cancel(timer) }
        try await waiter.value()
    }

    /// Waits until there is a connection, as long as the policy allows.
    private func connected(_ policy: AMQPConfiguration.DownPolicy) async throws(AMQPError) -> Link {
        while true {
            switch state {
            case .open:
                if let link { return link }
                throw Self.notConnected(state)
            case .closed(let error): throw error ?? AMQPError(.closed, "the connection was closed")
            case .closing: throw AMQPError(.closed, "the connection was closed")
            case .connecting, .recovering:
                guard policy.patience > .zero else { throw Self.notConnected(state) }
                let waiter = restoring.add()
                defer { restoring.remove(waiter) }
                let state = self.state
                try await wait(waiter, atMost: policy.patience, otherwise: Self.notConnected(state))
            }
        }
    }

    func policy(of channel: ChannelCore) -> AMQPConfiguration.DownPolicy {
        channel.whileDown ?? configuration.whileDown
    }

    /// Waits until the channel is open, as long as its policy allows.
    func ready(_ channel: ChannelCore) async throws(AMQPError) {
        while true {
            switch channel.status {
            case .open: return
            case .closed(let error): throw error
            case .closing: throw AMQPError(.closed, "the channel was closed")
            case .opening:
                let patience = policy(of: channel).patience
                guard patience > .zero else { throw Self.notConnected(state) }
                let waiter = channel.reopening.add()
                defer { channel.reopening.remove(waiter) }
                let state = self.state
                try await wait(waiter, atMost: patience, otherwise: Self.notConnected(state))
            }
        }
    }

    // MARK: Opening and closing

    func openChannelCore(_ policy: AMQPConfiguration.DownPolicy?) async throws(AMQPError) -> ChannelCore {
        let link = try await connected(policy ?? configuration.whileDown)
        let channel = ChannelCore()
        channel.whileDown = policy
        channels[ObjectIdentifier(channel)] = channel
        do throws(AMQPError) {
            try await open(channel, on: link)
            channel.status = .open
            channel.hasBeenOpen = true
            return channel
        } catch {
            // A channel that opens after all is closed again.
            if self.link === link, channel.machine?.state == .opening || channel.isOpen { shut(channel, link) }
            close(channel, error)
            throw error
        }
    }

    /// Opens the channel on the link, under a new number and as a new generation.
    func open(_ channel: ChannelCore, on link: Link) async throws(AMQPError) {
        let number = try link.numbers.take()
        let waiter = Waiter<Void>()
        do throws(AMQPError) {
            channel.machine = try link.write { out throws(AMQPError) in
                try ChannelMachine(number: number, bodyMax: UInt64(clamping: configuration.bodyMax), &out)
            }
        } catch {
            link.numbers.release(number)
            throw error
        }
        channel.generation += 1
        channel.number = number
        channel.refusal = nil
        channel.opening = waiter
        link.attach(channel, number)
        readForAnswer()
        try await wait(waiter, atMost: configuration.requestTimeout, otherwise: Self.timeout("channel.open"))
        guard self.link === link else { throw loss }
        // The broker may have closed it before this task went on.
        if let refusal = channel.refusal { throw refusal }
    }

    private func shut(_ channel: ChannelCore, _ link: Link) {
        _ = try? link.write { out throws(AMQPError) in try channel.machine?.close(&out) }
    }

    /// Closes the channel and waits for the broker's answer, whatever happens to the task.
    func closeChannel(_ channel: ChannelCore) async {
        switch channel.status {
        case .closed: return
        case .closing: break
        // While it is being restored the broker knows it already.
        case .open,
            .opening where channel.machine != nil:
            guard let link else { return close(channel, AMQPError(.closed, "the channel was closed")) }
            channel.status = .closing
            shut(channel, link)
        case .opening: return close(channel, AMQPError(.closed, "the channel was closed"))
        }
        let waiter = channel.closing.add()
        readForAnswer()
        let timer = loop.schedule(after: configuration.closeTimeout) { waiter.succeed() }
        _ = await waiter.uncancellableResult()
        loop.cancel(timer)
        close(channel, AMQPError(.closed, "the channel was closed"))
    }

    /// Gives up the channel's present number; a core of its own takes what still comes for it.
    func abandon(_ channel: ChannelCore, _ link: Link) {
        guard let machine = channel.machine, link.channel(machine.number) === channel else { return }
        let rest = ChannelCore()
        rest.status = .closing
        rest.isAbandoned = true
        rest.machine = machine
        rest.number = machine.number
        channels[ObjectIdentifier(rest)] = rest
        link.attach(rest, machine.number)
        shut(rest, link)
        channel.machine = nil
        channel.started = []
        failRequests(channel, AMQPError(.closed, "the channel was opened again"))
    }

    // MARK: Requests

    static func timeout(_ name: String) -> AMQPError {
        AMQPError(.timeout, "the broker did not answer \(name) in time")
    }

    /// Sends a method on an open channel and waits for its answer.
    func request<Payload: MethodPayload>(_ method: Payload, on channel: ChannelCore) async throws(AMQPError)
        -> ChannelCore.Reply
    {
        try await ready(channel)
        return try await requestNow(method, on: channel)
    }

    /// As `request`, also while the channel is being restored.
    func requestNow<Payload: MethodPayload>(_ method: Payload, on channel: ChannelCore) async throws(AMQPError)
        -> ChannelCore.Reply
    {
        try await answered(Payload.id.name, on: channel) { machine, ticket, out throws(AMQPError) in
            try machine.request(method, ticket: ticket, &out)
        }
    }

    func answered(
        _ name: String, on channel: ChannelCore, isCancellable: Bool = true,
        _ send: (inout ChannelMachine, ChannelMachine.Ticket, inout ByteBuffer) throws(AMQPError) -> Void
    ) async throws(AMQPError) -> ChannelCore.Reply {
        let waiter = Waiter<ChannelCore.Reply>()
        let ticket = try post(on: channel, send)
        channel.replies[ticket] = waiter
        readForAnswer()
        let timer = loop.schedule(after: configuration.requestTimeout) { waiter.fail(Self.timeout(name)) }
        defer {
            loop.cancel(timer)
            channel.replies[ticket] = nil
        }
        if isCancellable { return try await waiter.value() }
        return try await waiter.uncancellableResult().get()
    }

    /// Sends what will be answered, without waiting; nobody hears the answer unless the ticket is registered.
    @discardableResult
    func post(
        on channel: ChannelCore,
        _ send: (inout ChannelMachine, ChannelMachine.Ticket, inout ByteBuffer) throws(AMQPError) -> Void
    ) throws(AMQPError) -> ChannelMachine.Ticket {
        guard let link, channel.machine != nil else { throw channel.refusal ?? loss }
        let ticket = channel.ticket()
        try link.write { out throws(AMQPError) in
            if channel.machine != nil { try send(&channel.machine!, ticket, &out) }
        }
        return ticket
    }
}
