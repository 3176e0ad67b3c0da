import AMQPWire
import EventLoop

/// A channel of a connection: requests, publishes and consumers of one channel keep their order.
///
/// It survives the loss of its connection: until it is restored, requests and publishes wait. When the broker closes
/// it (for example with 404 after a publish to an exchange that does not exist) it is gone for good, everything that
/// waits on it fails with the broker's words, and other channels live on.
public final class AMQPChannel: Sendable {
    public let connection: AMQPConnection
    let core: Isolated<ChannelCore>

    init(_ connection: AMQPConnection, _ core: Isolated<ChannelCore>) {
        self.connection = connection
        self.core = core
    }

    /// Closes the channel; deliveries that are not settled return to their queues. Never throws, may be called again.
    public func close() async { await connection.closeChannel(core) }

    /// Whether the channel can be used now.
    public var isOpen: Bool {
        get async { await connection.isOpen(core) }
    }

    /// Sets how many unsettled deliveries the channel's consumers may hold together. A consumer's own limit is set when
    /// it starts.
    public func setSharedPrefetch(_ count: UInt16) async throws(AMQPError) {
        try await connection.setSharedPrefetch(count, on: core)
    }

    /// Gives back all unsettled deliveries of the channel.
    public func recover() async throws(AMQPError) {
        _ = try await connection.request(BasicRecover(requeue: true), core)
    }

    // MARK: Transactions

    /// Makes the channel transactional: what `send` publishes and what is acknowledged counts with `commit`.
    public func selectTransactions() async throws(AMQPError) { try await connection.selectTransactions(on: core) }
    public func commit() async throws(AMQPError) { _ = try await connection.request(TxCommit(), core) }
    public func rollback() async throws(AMQPError) { _ = try await connection.request(TxRollback(), core) }
}

extension AMQPConnection {
    /// Opens a channel; whoever opens it closes it, as `withChannel` does.
    public func openChannel() async throws(AMQPError) -> AMQPChannel {
        AMQPChannel(self, Isolated(try await openChannelCore()))
    }

    /// Opens a channel, runs `body` and closes the channel, whatever happens in `body`.
    @discardableResult
    public nonisolated func withChannel<Result>(_ body: (AMQPChannel) async throws -> Result) async throws -> Result {
        let channel = try await openChannel()
        do {
            let result = try await body(channel)
            await channel.close()
            return result
        } catch {
            await channel.close()
            throw error
        }
    }

    func closeChannel(_ core: Isolated<ChannelCore>) async { await closeChannel(core.get(self)) }

    func isOpen(_ core: Isolated<ChannelCore>) -> Bool { core.get(self).isOpen && link != nil }

    func request<Payload: MethodPayload>(_ method: Payload, _ core: Isolated<ChannelCore>) async throws(AMQPError)
        -> Method
    {
        try await request(method, on: core.get(self)).method
    }

    func setSharedPrefetch(_ count: UInt16, on core: Isolated<ChannelCore>) async throws(AMQPError) {
        let channel = core.get(self)
        _ = try await request(BasicQos(prefetchCount: count, global: true), on: channel)
        channel.sharedPrefetch = count
    }

    func selectTransactions(on core: Isolated<ChannelCore>) async throws(AMQPError) {
        let channel = core.get(self)
        guard !channel.isConfirming else {
            throw AMQPError(.invalidArgument, "this channel confirms its publishes: use another channel")
        }
        _ = try await request(TxSelect(), on: channel)
        channel.isTransactional = true
    }

    /// Replaces the password of the live connection (RabbitMQ's OAuth 2 tokens).
    public func updateSecret(_ secret: String, reason: String) async throws(AMQPError) {
        guard let link, case .open = state else { throw Self.notConnected(state) }
        try link.write { out throws(AMQPError) in
            try out.append(ConnectionUpdateSecret(newSecret: Array(secret.utf8), reason: reason), channel: 0)
        }
    }
}
