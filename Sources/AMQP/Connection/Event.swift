import AMQPWire

/// What happens to a connection, for logs and health checks.
public enum AMQPEvent: Sendable, CustomStringConvertible {
    /// The handshake is done.
    case connected(host: String)
    /// The connection is lost; with recovery enabled it is being restored.
    case disconnected(AMQPError)
    /// An attempt follows after the delay.
    case retrying(attempt: Int, after: Duration)
    /// An attempt to connect did not succeed, for this reason.
    case attemptFailed(AMQPError)
    /// Channels, topology and consumers are back, except for those reported as `notRestored`.
    case recovered
    /// The broker closed a channel, and said why: its requests, publishes and consumers have failed, other channels
    /// live on.
    case channelClosed(AMQPError)
    /// Something could not be restored, for example `queue jobs`; the rest goes on.
    case notRestored(entity: String, AMQPError)
    /// The broker gave a queue that it had named a new name.
    case queueRenamed(from: String, to: String)
    /// The broker takes no publishes for now, for example because it is short of memory.
    case blocked(reason: String)
    /// The broker takes publishes again.
    case unblocked
    /// A message came back that no waiting publish of this program matches.
    case strayReturn(PeerReply, exchange: String, routingKey: String)
    /// The connection is closed for good; the error is nil after `close()`.
    case closed(AMQPError?)

    public var description: String {
        switch self {
        case .connected(let host): "connected to \(host)"
        case .disconnected(let error): "disconnected: \(error)"
        case .retrying(let attempt, let delay): "attempt \(attempt) follows in \(Int(delay / .milliseconds(1))) ms"
        case .attemptFailed(let error): "attempt failed: \(error)"
        case .recovered: "recovered"
        case .channelClosed(let error): "a channel was closed: \(error)"
        case .notRestored(let entity, let error): "\(entity) is not restored: \(error)"
        case .queueRenamed(let old, let new): "queue \(old) is now \(new)"
        case .blocked(let reason): "blocked by the broker: \(reason)"
        case .unblocked: "unblocked"
        case .strayReturn(let reply, let exchange, let key): "a message to \(exchange) \(key) came back: \(reply)"
        case .closed(let error): error.map { "closed: \($0)" } ?? "closed"
        }
    }
}

/// Where a connection is in its life.
public enum AMQPConnectionState: Sendable, Equatable {
    /// The first attempt is under way.
    case connecting
    /// It can be used.
    case open
    /// Lost and being restored; the error tells why the last attempt or connection ended.
    case recovering(AMQPError?)
    /// `close` waits for the broker's answer.
    case closing
    /// It is gone for good; the error is nil after `close()`.
    case closed(AMQPError?)
}

/// Counters since the connection was made.
public struct AMQPMetrics: Sendable, Equatable {
    /// Messages sent.
    public var published = 0
    /// Publishes that the broker has confirmed.
    public var confirmed = 0
    /// Publishes that the broker has refused (nack).
    public var refused = 0
    /// Mandatory messages that no queue took.
    public var returned = 0
    /// Publishes whose outcome is not known.
    public var unknown = 0
    /// Deliveries received, those to `get` not counted.
    public var delivered = 0
    /// Deliveries acknowledged.
    public var acknowledged = 0
    /// Deliveries given up with nack or reject.
    public var rejected = 0
    /// Channels that the broker closed.
    public var channelsClosed = 0
    /// Connections made, the first one included.
    public var connected = 0
    /// Octets read from the broker.
    public var octetsReceived = 0
    /// How long the broker has taken no publishes, all times together, without the one that still lasts.
    public var blocked = Duration.zero

    /// All zero.
    public init() {}
}
