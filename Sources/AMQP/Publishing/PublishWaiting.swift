import AMQPWire
import EventLoop

/// How long one publish waits until it can be sent.
struct PublishPatience {
    /// What the caller of this publish allows, for whatever it waits; it replaces the policy.
    let own: ContinuousClock.Instant?
    private let policy: AMQPConfiguration.DownPolicy
    /// Since when there is no connection, or the broker blocks: the policy counts from there.
    private var obstructed: ContinuousClock.Instant?

    init(_ time: Duration?, _ policy: AMQPConfiguration.DownPolicy) {
        own = time.map { .now + min($0, Self.forever) }
        self.policy = policy
    }

    /// An instant that far away still is a number.
    private static let forever = Duration.seconds(1000 * 366 * 86_400)

    /// How long to wait from now on; nil: as long as it takes.
    mutating func limit(isObstructed: Bool, now: ContinuousClock.Instant) -> Duration? {
        if let own { return own - now }
        guard isObstructed else {
            obstructed = nil
            return nil
        }
        let start = obstructed ?? now
        obstructed = start
        return start + min(policy.patience, Self.forever) - now
    }
}

extension AMQPConnection {
    /// Waits until it may be worth to try again: there is a connection, the broker blocks no more, the window has room.
    func waitToPublish(on channel: ChannelCore, _ patience: inout PublishPatience) async throws(AMQPError) {
        let obstacle = obstacle(on: channel)
        let limit = patience.limit(isObstructed: obstacle != nil, now: .now)
        var error = AMQPError(.timeout, "the message could not be sent in time; it was not sent")
        if let obstacle {
            if patience.own == nil { error = obstacle } else { error.message += ", since \(obstacle.message)" }
            error.host = obstacle.host
        }
        if let limit, limit <= .zero { throw error }
        let reason = error
        if case .opening = channel.status {
            let waiter = channel.reopening.add()
            defer { channel.reopening.remove(waiter) }
            return try await wait(waiter, atMost: limit, otherwise: reason)
        }
        let waiter = channel.publishing.add()
        defer { channel.publishing.remove(waiter) }
        try await wait(waiter, atMost: limit, otherwise: reason)
    }

    /// What keeps publishes from being sent, other than a full window.
    private func obstacle(on channel: ChannelCore) -> AMQPError? {
        if case .opening = channel.status { return Self.notConnected(state) }
        guard let link else { return nil }
        if let reason = link.blockedReason {
            return AMQPError(.blocked, "the broker takes no publishes (\(reason))", host: link.host)
        }
        if channel.isFlowStopped {
            return AMQPError(.blocked, "the broker stopped the flow of this channel", host: link.host)
        }
        return nil
    }

    func letPublishersPass() {
        for channel in channels.values { channel.publishing.letPass() }
    }
}
