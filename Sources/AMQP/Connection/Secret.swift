import AMQPWire
import EventLoop

// connection.update-secret (RabbitMQ extension): a new password, such as an OAuth 2 token, on a live connection.

extension AMQPConnection {
    /// Replaces the password of the connection, and returns when the broker has taken it. Later logins, after a loss,
    /// use it too. While the connection is being restored the secret is only kept for the next login.
    ///
    /// - Parameters:
    ///   - secret: the new password.
    ///   - reason: for the broker's log.
    /// - Throws: `.timeout` when the broker did not answer within the request timeout, `.connectionClosedByPeer` when it
    ///   refused (it closes the connection then; later logins use the former secret), `.connectionLost` and others.
    public func updateSecret(_ secret: String, reason: String) async throws(AMQPError) {
        switch state {
        case .closed(let error): throw error ?? AMQPError(.closed, "the connection was closed")
        case .closing: throw AMQPError(.closed, "the connection was closed")
        case .connecting, .recovering:
            // For all endpoints with this user, also the one whose login may be about to go out.
            let username = endpoints[nextEndpoint].handshake.username
            secrets[username] = secret
            if let link, link.machine.settings.username == username { link.machine.settings.password = secret }
            return
        case .open: break
        }
        guard let link else { throw Self.notConnected(state) }
        let waiter = Waiter<Void>()
        try link.write { out throws(AMQPError) in try link.machine.updateSecret(secret, reason: reason, &out) }
        link.secrets.append((waiter, link.machine.settings.username, secret))
        readForAnswer()
        try await wait(
            waiter, atMost: configuration.requestTimeout, otherwise: Self.timeout("connection.update-secret"))
    }

    /// update-secret without an answer.
    package var pendingSecrets: Int { link?.secrets.count ?? 0 }

    /// The answer to the oldest one: it counts also when nobody waits any more.
    func secretUpdated(_ link: Link) {
        guard !link.secrets.isEmpty else { return }
        let (waiter, username, secret) = link.secrets.removeFirst()
        secrets[username] = secret
        waiter.succeed()
    }

    func failSecrets(_ link: Link, _ error: AMQPError) {
        let pending = link.secrets
        link.secrets = []
        for entry in pending { entry.waiter.fail(error) }
    }

    /// The broker takes publishes again, or is gone.
    func blockIsOver(_ link: Link) {
        link.blockedReason = nil
        if let since = link.blockedSince { metrics.blocked += .now - since }
        link.blockedSince = nil
    }
}
