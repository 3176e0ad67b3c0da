import AMQPWire
import EventLoop

/// A channel of a connection: requests, publishes and consumers of one channel keep their order.
///
/// It survives the loss of its connection: until it is restored, requests and publishes wait. When the broker closes
/// it (for example with 404 after a publish to an exchange that does not exist) it is gone for good, everything that
/// waits on it fails with the broker's words, and other channels live on.
public final class AMQPChannel: Sendable {
    /// The connection that it belongs to.
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

    /// Gives back all unsettled deliveries of the channel (basic.recover); they come again, also to other consumers.
    /// Settling one of those that are given back is `.stale` then.
    public func recover() async throws(AMQPError) { try await connection.recover(on: core) }

    // MARK: Transactions

    /// Makes the channel transactional: what `send` publishes and what is acknowledged counts with `commit`.
    /// (tx.select). A transaction begins here and at each commit and rollback; one that the loss of the connection
    /// interrupts is rolled back.
    /// - Throws: `.invalidArgument` on a channel that has published with confirms.
    public func selectTransactions() async throws(AMQPError) { try await connection.selectTransactions(on: core) }
    /// The broker does what was sent and acknowledged since the last commit or rollback (tx.commit).
    /// - Throws: `.transactionLost` if the connection was lost meanwhile: the broker has forgotten what was done before
    ///   the loss, and is told to forget the rest..
    public func commit() async throws(AMQPError) { try await connection.commit(on: core) }
    /// The broker forgets what was sent and acknowledged since the last commit or rollback (tx.rollback). Deliveries
    /// that were acknowledged meanwhile come again after `recover()`, or when the channel is closed.
    public func rollback() async throws(AMQPError) { try await connection.rollback(on: core) }
}

extension AMQPConnection {
    /// Opens a channel; whoever opens it closes it, as `withChannel` does.
    ///
    /// - Parameter policy: what this call, and later the requests and publishes on the channel, do while there is no
    ///   connection, and its publishes while the broker blocks them; nil: as the configuration says.
    /// - Throws: `.channelsExhausted` when every number is in use, `.notConnected`, `.timeout` and others.
    public func openChannel(whileDown policy: AMQPConfiguration.DownPolicy? = nil) async throws(AMQPError)
        -> AMQPChannel
    {
        AMQPChannel(self, Isolated(try await openChannelCore(policy)))
    }

    /// Opens a channel as `openChannel` does, runs `body` and closes the channel, whatever happens in `body`.
    @discardableResult
    public nonisolated func withChannel<Result>(
        whileDown policy: AMQPConfiguration.DownPolicy? = nil, _ body: (AMQPChannel) async throws -> Result
    ) async throws -> Result {
        let channel = try await openChannel(whileDown: policy)
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

    func recover(on core: Isolated<ChannelCore>) async throws(AMQPError) {
        let channel = core.get(self)
        try await ready(channel)
        channel.recoversPending += 1
        _ = try await requestNow(BasicRecover(requeue: true), on: channel)
    }

    func selectTransactions(on core: Isolated<ChannelCore>) async throws(AMQPError) {
        let channel = core.get(self)
        guard !channel.isConfirming else {
            throw AMQPError(.invalidArgument, "this channel confirms its publishes: use another channel")
        }
        _ = try await request(TxSelect(), on: channel)
        channel.isTransactional = true
    }

    func commit(on core: Isolated<ChannelCore>) async throws(AMQPError) {
        let channel = core.get(self)
        try await ready(channel)
        guard !channel.hasLostTransaction else {
            try await rollback(on: core)
            throw AMQPError(
                .transactionLost, "the connection was lost in the middle of the transaction, which is rolled back")
        }
        // Whatever comes of it, the transaction ends here.
        channel.hasUncommitted = false
        _ = try await requestNow(TxCommit(), on: channel)
    }

    func rollback(on core: Isolated<ChannelCore>) async throws(AMQPError) {
        let channel = core.get(self)
        try await ready(channel)
        channel.hasUncommitted = false
        channel.hasLostTransaction = false
        _ = try await requestNow(TxRollback(), on: channel)
    }
}
