import AMQPWire
import EventLoop

/// A connection to an AMQP 0-9-1 broker that restores itself, with its channels, topology and consumers.
///
/// It lives on an event loop of its own or of its maker. Whoever opens a connection closes it: `withConnection` does.
public actor AMQPConnection {
    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    package nonisolated let loop: EventLoop
    nonisolated let configuration: AMQPConfiguration
    let endpoints: [Endpoint]
    var nextEndpoint = 0
    /// Where it is in its life now.
    public internal(set) var state = AMQPConnectionState.connecting
    /// What it has done so far.
    @exclusivity(unchecked) public internal(set) var metrics = AMQPMetrics()

    /// What the broker says about itself: `product`, `version`, `cluster_name`, `capabilities` and more
    /// (connection.start); those of the latest connection.
    public internal(set) var serverProperties = FieldTable()
    /// The limits that the latest connection's two sides agreed on (connection.tune); nil before the first.
    public internal(set) var tuning: Tuning?
    /// Passwords that replace those of the URI, by user.
    var secrets: [String: String] = [:]

    // Here and in what belongs to the connection: read and set at once on one thread, or lent to a value's method, so the
    // run-time check for overlapping access, which each message would pay, has nothing to find. Some of those methods
    // call sinks of publishes. These only resume continuations, and no task gets from there to this state within the
    // call: it enters the actor by the loop's `enqueue`, which runs no job at once, even if the task's own executor does.
    @exclusivity(unchecked) var link: Link?
    /// Why the last link ended.
    var lastLoss: AMQPError?
    /// Those who wait until a lost connection is restored.
    var restoring = Gate()
    var handshake: Waiter<Void>?
    var closing = Gate()
    private var closeTimer: EventLoop.TimerToken?
    var channels: [ObjectIdentifier: ChannelCore] = [:]
    var topology = Topology()
    /// The channel on which the topology is restored.
    var scratch: ChannelCore?
    var recovery: Task<Void, Never>?
    var backoff: Backoff
    nonisolated let throttle: ReadThrottle
    nonisolated let subscribers = EventSubscribers()

    /// The thread that the connection lives on. A task that prefers it (`Task(executorPreference:)`,
    /// `withTaskExecutorPreference`) publishes and acknowledges without changing threads, several times as fast as from
    /// elsewhere. It must not block.
    public nonisolated var executor: any TaskExecutor { loop }

    /// The loop of those who bring none.
    private static let sharedLoop = Result<EventLoop, SystemError> { () throws(SystemError) in
        let loop = try EventLoop(name: "amqp")
        try loop.start()
        return loop
    }

    private init(_ endpoints: [Endpoint], _ configuration: AMQPConfiguration, on loop: EventLoop) {
        self.endpoints = endpoints
        self.configuration = configuration
        self.loop = loop
        backoff = Backoff(configuration.recovery)
        throttle = ReadThrottle(limit: configuration.deliveryBufferOctets)
    }

    // MARK: Opening

    /// Connects to the first broker of the list that answers.
    ///
    /// - Parameters:
    ///   - uri: one AMQP URI or several, separated by commas.
    ///   - name: shown by the broker's management pages; nil leaves the configuration's.
    ///   - configuration: every limit and policy.
    /// - Throws: what to do about it is in the error's code and message: `.authentication`, `.virtualHost`,
    ///   `.unreachable`, `.notAMQP`, `.connectTimeout`, `.invalidURI`, `.certificateUntrusted` and others.
    public static func connect(
        _ uri: String, name: String? = nil, configuration: AMQPConfiguration = AMQPConfiguration()
    ) async throws(AMQPError) -> AMQPConnection {
        switch sharedLoop {
        case .success(let loop): return try await connect(uri, name: name, configuration: configuration, on: loop)
        case .failure(let error): throw AMQPError(.unreachable, "cannot start an event loop: \(error)")
        }
    }

    /// Connects on a loop of the caller's, which has to outlive the connection.
    package static func connect(
        _ uri: String, name: String? = nil, configuration: AMQPConfiguration = AMQPConfiguration(),
        on loop: EventLoop
    ) async throws(AMQPError) -> AMQPConnection {
        var configuration = configuration
        if let name { configuration.name = name }
        var endpoints: [Endpoint] = []
        for uri in try AMQPURI.list(uri) { endpoints.append(try Endpoint(uri, configuration, beside: endpoints)) }
        let connection = AMQPConnection(endpoints, configuration, on: loop)
        try await connection.start()
        return connection
    }

    /// Connects, runs `body` and closes the connection, whatever happens in `body`.
    @discardableResult
    public static func withConnection<Result>(
        _ uri: String, name: String? = nil, configuration: AMQPConfiguration = AMQPConfiguration(),
        _ body: (AMQPConnection) async throws -> Result
    ) async throws -> Result {
        let connection = try await connect(uri, name: name, configuration: configuration)
        return try await connection.closing(after: body)
    }

    /// As above, on a loop of the caller's.
    @discardableResult
    package static func withConnection<Result>(
        _ uri: String, name: String? = nil, configuration: AMQPConfiguration = AMQPConfiguration(),
        on loop: EventLoop, _ body: (AMQPConnection) async throws -> Result
    ) async throws -> Result {
        let connection = try await connect(uri, name: name, configuration: configuration, on: loop)
        return try await connection.closing(after: body)
    }

    private nonisolated func closing<Result>(after body: (AMQPConnection) async throws -> Result) async throws
        -> Result
    {
        do {
            let result = try await body(self)
            await close()
            return result
        } catch {
            await close()
            throw error
        }
    }

    private func start() async throws(AMQPError) {
        do throws(AMQPError) {
            try await establish()
            becomeOpen()
        } catch {
            let mayRetry =
                switch configuration.firstAttempt {
                case .mustSucceed: false
                case .mayFindBrokerDown: configuration.recovery.isEnabled && error.meansBrokerIsDown
                }
            guard mayRetry else {
                end(error)
                throw error
            }
            emit(.attemptFailed(error))
            state = .recovering(error)
            startRecovery()
        }
    }

    // MARK: Events

    /// What happens from now on; the stream ends when the connection is closed for good. A subscriber that
    /// does not read misses the oldest of more than 256 events.
    public nonisolated func events() -> AsyncStream<AMQPEvent> { subscribers.add() }

    func emit(_ event: AMQPEvent) {
        configuration.onEvent?(event)
        subscribers.tell(event)
    }

    /// Whether the broker announces an extension of the protocol: `publisher_confirms`, `consumer_priorities` and others.
    public func serverHas(_ capability: String) -> Bool {
        serverProperties["capabilities"]?.table?[capability]?.bool ?? false
    }

    /// `host:port` of the broker; nil while there is no connection.
    public var host: String? { link?.isOpen == true ? link?.host : nil }

    /// Why the broker takes no publishes at the moment; nil when it does.
    public var blockedReason: String? { link?.blockedReason }

    /// Requests that wait for their answer, on all channels.
    package var pendingRequests: Int { channels.values.reduce(0) { $0 + $1.replies.count } }

    /// Channels that are open or being restored.
    package var liveChannels: Int { channels.count }

    /// Whether the socket is not read because deliveries wait to be taken.
    package var isReadingPaused: Bool { link?.isReadingPaused ?? false }

    // MARK: Closing

    /// Closes the connection and all its channels. It returns when the broker has answered, or after the time that the
    /// configuration allows; it never throws, and may be called any number of times.
    public func close() async {
        recovery?.cancel()
        switch state {
        case .closed: return
        case .closing: break
        case .connecting, .recovering:
            dropLink(AMQPError(.closed, "the connection was closed"))
            end(nil)
            await recovery?.value
            return
        case .open: beginClosing()
        }
        guard case .closing = state else { return }
        let waiter = closing.add()
        _ = await waiter.uncancellableResult()
    }

    private func beginClosing() {
        guard let link else { return end(nil) }
        state = .closing
        writeAcks(link)
        failChannels(AMQPError(.closed, "the connection was closed"))
        resumeReading()
        link.isOpen = false
        do throws(AMQPError) {
            _ = try link.write { out throws(AMQPError) in try link.machine.close(&out) }
        } catch {
            dropLink(error)
            return end(nil)
        }
        // A strong reference, which `end` drops: a weak one would slow down every use of the connection.
        closeTimer = loop.schedule(after: configuration.closeTimeout) {
            self.assumeIsolated { connection in
                guard case .closing = connection.state else { return }
                connection.dropLink(AMQPError(.closed, "the broker did not answer close"))
                connection.end(nil)
            }
        }
    }

    /// Closed for good.
    func end(_ error: AMQPError?) {
        if case .closed = state { return }
        if let closeTimer { loop.cancel(closeTimer) }
        closeTimer = nil
        state = .closed(error)
        let reason = error ?? AMQPError(.closed, "the connection was closed")
        failChannels(reason)
        restoring.fail(reason)
        emit(.closed(error))
        closing.letPass()
    }
}
