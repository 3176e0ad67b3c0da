import AMQPWire
import Bytes
import EventLoop

// One TCP connection at a time: opening it, reading it, losing it.

extension AMQPConnection: StreamHandler {
    package nonisolated func streamDidReceive(_ received: ReceivedBytes) {
        assumeIsolated { $0.receive(received.bytes) }
    }

    package nonisolated var wantsFlushes: Bool { true }

    package nonisolated func streamWillFlush() {
        assumeIsolated { connection in
            if let link = connection.link { connection.writeAcks(link) }
        }
    }

    package nonisolated func streamDidDrain() {
        assumeIsolated { $0.letPublishersPass() }
    }

    package nonisolated func streamDidEnd() {
        assumeIsolated { connection in
            guard let link = connection.link else { return }
            connection.linkFailed(
                link.machine.endOfStream() ?? AMQPError(.connectionLost, "the server closed the connection"))
        }
    }

    package nonisolated func streamDidClose(_ error: SystemError?) {
        assumeIsolated { connection in
            guard let link = connection.link else { return }
            if let failure = link.tls?.failure {
                // Many servers close without TLS's goodbye, so what the end means comes before that it was missing.
                let isCut = failure.kind == .truncated && link.tls?.isEstablished == true
                let meaning = isCut ? link.machine.endOfStream() : nil
                return connection.linkFailed(meaning ?? AMQPError(failure, host: link.host))
            }
            let reason = error.map { "the connection broke: \($0)" } ?? "the connection is closed"
            connection.linkFailed(AMQPError(.connectionLost, reason))
        }
    }
}

extension AMQPConnection {
    // MARK: Opening

    /// Tries each endpoint once, in turn, and leaves `link` open.
    func establish() async throws(AMQPError) {
        var failure: AMQPError?
        for offset in endpoints.indices {
            let index = (nextEndpoint + offset) % endpoints.count
            do throws(AMQPError) {
                try await open(endpoints[index])
                nextEndpoint = index
                return
            } catch {
                if error.code == .cancelled || error.code == .closed { throw error }
                // A broker that answered and refused tells more than one that is away.
                if failure == nil || failure?.meansBrokerIsDown == true { failure = error }
            }
        }
        throw failure ?? AMQPError(.invalidURI, "no broker address was given")
    }

    private func open(_ endpoint: Endpoint) async throws(AMQPError) {
        let deadline = ContinuousClock.now + endpoint.timeout
        let filter = try endpoint.makeFilter()
        let descriptor = try await endpoint.open(on: loop)
        if case .closed = state { throw AMQPError(.closed, "the connection was closed") }
        let stream: Stream
        do throws(SystemError) {
            stream = try Stream(descriptor, on: loop, filter: filter, handler: self)
        } catch {
            throw AMQPError(.unreachable, "cannot use the socket: \(error)", host: endpoint.description)
        }
        var header = ByteBuffer()
        var settings = endpoint.handshake
        if let secret = secrets[settings.username] { settings.password = secret }
        let machine = ConnectionMachine(settings, &header)
        let link = Link(
            stream, tls: filter, host: endpoint.description, machine: machine, headerMax: configuration.headerMax,
            publishWindow: configuration.publishWindowOctets, now: .now)
        self.link = link
        let waiter = Waiter<Void>()
        handshake = waiter
        let timer = loop.schedule(after: deadline - .now) {
            let what = filter?.isEstablished == false ? "TLS handshake" : "handshake"
            waiter.fail(AMQPError(.connectTimeout, "the \(what) did not end within \(endpoint.timeout)"))
        }
        defer { loop.cancel(timer) }
        do throws(AMQPError) {
            try link.write { out throws(AMQPError) in header.withBytes { out.append($0) } }
            try await waiter.value()
            // It may have been lost again before this task went on.
            guard self.link === link else { throw loss }
        } catch {
            if self.link === link { dropLink(error) }
            var error = error
            error.host = endpoint.description
            throw error
        }
    }

    private func opened(_ link: Link, _ tuning: Tuning) {
        link.hasOpened = true
        link.isOpen = true
        link.parser.frameMax = Int(tuning.frameMax)
        link.numbers = ChannelNumbers(maximum: tuning.channelMax)
        link.heartbeat = Heartbeat(seconds: tuning.heartbeat, now: link.nanoseconds(loop.now))
        if tuning.heartbeat > 0 { link.stream.setUserTimeout(.seconds(2 * Int(tuning.heartbeat))) }
        serverProperties = link.machine.serverProperties
        self.tuning = tuning
        metrics.connected += 1
        keepAlive(link)
        handshake?.succeed()
        handshake = nil
    }

    /// Sends heartbeats and looks for the peer's, as long as the link lives.
    private func keepAlive(_ link: Link) {
        guard self.link === link else { return }
        let now = ContinuousClock.now
        link.heartbeat.received(at: link.nanoseconds(link.lastRead))
        link.heartbeat.sent(at: link.nanoseconds(link.lastWrite))
        let next: UInt64
        switch link.heartbeat.decide(at: link.nanoseconds(now), reading: !link.isReadingPaused) {
        case .wait(.max): return
        case .wait(let time): next = time
        case .send(let time):
            try? link.write { out throws(AMQPError) in out.appendHeartbeat() }
            next = time
        case .peerIsGone:
            let seconds = link.heartbeat.interval / 500_000_000
            return linkFailed(AMQPError(.heartbeatMissed, "the server was silent for \(seconds) s"))
        }
        if let error = stalled(link, now) { return linkFailed(error) }
        let delay = max(1_000_000, next - min(next, link.nanoseconds(now)))
        link.heartbeatTimer = loop.schedule(after: .nanoseconds(Int64(clamping: delay))) {
            self.assumeIsolated { connection in
                if let link = connection.link { connection.keepAlive(link) }
            }
        }
    }

    /// A peer that talks, but takes nothing for two heartbeats. The kernel's own time limit does not notice it, since
    /// each segment from the peer puts off the next probe of its window.
    private func stalled(_ link: Link, _ now: ContinuousClock.Instant) -> AMQPError? {
        // A broker that blocks publishers reads nothing meanwhile, and has said so.
        guard link.blockedReason == nil, let octets = link.stream.stalledOutput else {
            link.stall = nil
            return nil
        }
        guard let stall = link.stall, stall.octets == octets else {
            link.stall = (octets, now)
            return nil
        }
        guard now - stall.since > .nanoseconds(Int64(clamping: link.heartbeat.interval) * 2) else { return nil }
        return AMQPError(.connectionLost, "the server takes nothing")
    }

    // MARK: Reading

    private func receive(_ bytes: UnsafeRawBufferPointer) {
        guard let link else { return }
        link.lastRead = loop.now
        metrics.octetsReceived += bytes.count
        do throws(AMQPError) {
            if link.rest.isEmpty {
                if !link.hasOpened { try link.machine.inspect(first: bytes) }
                let used = try readFrames(bytes, link)
                guard self.link === link else { return }
                link.rest.append(UnsafeRawBufferPointer(rebasing: bytes[used...]))
            } else {
                link.rest.append(bytes)
                // The frames are read in place, while others may look at the link.
                var input = ByteBuffer()
                swap(&input, &link.rest)
                let used = try input.withBytes { bytes throws(AMQPError) in
                    if !link.hasOpened { try link.machine.inspect(first: bytes) }
                    return try readFrames(bytes, link)
                }
                input.consume(used)
                if input.isEmpty, input.capacity > 256 * 1024 { input.release() }
                swap(&input, &link.rest)
            }
            if throttle.isFull { adaptReading(bytes.count) }
            guard link.stream.pendingOutput <= outputMax else {
                throw AMQPError(.connectionLost, "the server sends, but reads nothing")
            }
        } catch {
            guard self.link === link else { return }
            refuse(error, link)
        }
    }

    /// What may wait to be sent: publishes stop far below, and answers to what the server asks have to end somewhere.
    private var outputMax: Int { 2 * configuration.publishWindowOctets + configuration.bodyMax }

    /// Reads all complete frames and returns their octets.
    private func readFrames(_ bytes: UnsafeRawBufferPointer, _ link: Link) throws(AMQPError) -> Int {
        var position = 0
        while let frame = try link.parser.next(UnsafeRawBufferPointer(rebasing: bytes[position...])) {
            position += frame.size
            if frame.channel == 0 {
                try receiveOnChannelZero(frame, link)
            } else if link.isOpen {
                if !link.lateCloseOks.isEmpty, link.isLateCloseOk(frame) { continue }
                guard let channel = link.channel(frame.channel) else {
                    throw .syntax("a frame for channel \(frame.channel), which is not open", .channelError)
                }
                if frame.kind == .method {
                    let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
                    if let delivery = try channel.machine?.deliver(frame, followedBy: rest, link.parser) {
                        position += delivery.octets
                        deliver(delivery, channel, link)
                        continue
                    }
                }
                try receive(frame, on: channel, link)
            } else if link.machine.state != .closing, link.machine.state != .closed {
                throw .syntax("a frame for a channel during the handshake", .channelError)
            }
            if self.link !== link { return position }
        }
        return position
    }

    func sendReplies(_ link: Link) throws(AMQPError) {
        guard !link.replies.isEmpty else { return }
        try link.write { out throws(AMQPError) in link.replies.withBytes { out.append($0) } }
        link.replies.clear()
    }

    private func receiveOnChannelZero(_ frame: Frame, _ link: Link) throws(AMQPError) {
        let action: ConnectionMachine.Action
        do throws(AMQPError) {
            action = try link.machine.receive(frame, &link.replies)
        } catch {
            try sendReplies(link)
            throw error
        }
        try sendReplies(link)
        switch action {
        case .none: break
        case .secretUpdated: secretUpdated(link)
        case .opened(let tuning): opened(link, tuning)
        case .blocked(let reason):
            link.blockedReason = reason
            if link.blockedSince == nil { link.blockedSince = .now }
            emit(.blocked(reason: reason))
            // Those who wait for room have to know that it is something else now.
            letPublishersPass()
        case .unblocked:
            blockIsOver(link)
            emit(.unblocked)
            letPublishersPass()
        case .closedByPeer(let reply):
            link.isOpen = false
            link.stream.flush()
            linkFailed(
                AMQPError(.connectionClosedByPeer, "the server closed the connection", reply: reply, host: link.host))
        case .closed: linkFailed(AMQPError(.closed, "the connection was closed"))
        }
    }

    /// Tells the peer how it broke the protocol, if it did, and gives up the link.
    private func refuse(_ error: AMQPError, _ link: Link) {
        link.isOpen = false
        writeAcks(link)
        if let verdict = error.verdict {
            _ = try? link.write { out throws(AMQPError) in
                try link.machine.close(code: verdict.code, text: error.message, method: verdict.method, &out)
            }
        }
        link.stream.flush()
        var error = error
        error.host = link.host
        linkFailed(error)
    }

    // MARK: Losing

    /// The link ended and nobody here wanted it to, except while closing.
    func linkFailed(_ error: AMQPError) {
        guard let link else { return }
        dropLink(error)
        switch state {
        case .closed, .connecting: break
        case .closing: end(nil)
        case .recovering: state = .recovering(error)
        case .open:
            emit(.disconnected(error))
            guard configuration.recovery.isEnabled else { return end(error) }
            if ContinuousClock.now - link.started > configuration.recovery.ceiling { backoff.reset() }
            state = .recovering(error)
            startRecovery()
        }
    }

    /// Closes the socket and tells everybody who waits for something that was to come through it.
    func dropLink(_ error: AMQPError) {
        guard let link else { return }
        self.link = nil
        lastLoss = error
        for timer in [link.heartbeatTimer, link.sipTimer] {
            if let timer { loop.cancel(timer) }
        }
        link.stream.close()
        blockIsOver(link)
        failSecrets(link, error)
        handshake?.fail(error)
        handshake = nil
        for channel in channels.values { suspend(channel, error) }
    }
}
