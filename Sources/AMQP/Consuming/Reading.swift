import AMQPWire
import EventLoop

// When the socket is read, and when not.

extension AMQPConnection {
    /// Deliveries that nobody takes stop the reading of the socket. Answers come by the same way, so that it goes on
    /// while somebody waits for one, up to a limit of its own.
    func adaptReading(_ count: Int) {
        guard let link, link.isOpen, !link.isReadingPaused else { return }
        link.sip = max(0, link.sip - count)
        let isAnswerAwaited = !link.secrets.isEmpty || channels.values.contains(where: \.awaitsAnswer)
        if throttle.isOverflowing {
            // Whoever waits for an answer would wait for ever. After a recovery the deliveries come again.
            if isAnswerAwaited { return linkFailed(Self.overflow) }
        } else if link.sip > 0 || isAnswerAwaited {
            return
        }
        guard throttle.mustPause() else { return }
        link.isReadingPaused = true
        link.stream.pauseReading()
        link.sipTimer = loop.schedule(after: .seconds(20)) { [weak self] in self?.assumeIsolated { $0.sip() } }
    }

    private static var overflow: AMQPError {
        AMQPError(
            .unreadDeliveries,
            """
            the connection was given up: too many deliveries that nobody takes came before an answer that is awaited. \
            Give the consumer a prefetch limit, or a connection of its own
            """)
    }

    /// Reads a little while reading is paused: RabbitMQ gives up a connection that takes nothing for 30 s (its
    /// `send_timeout`). Its kernel lets it write again when a third of its buffer, mostly of 4 MiB, is free.
    private func sip() {
        guard let link, link.isReadingPaused, !throttle.isOverflowing else { return }
        link.sip = 2 << 20
        resumeReading()
    }

    /// To be called when something is sent that will be answered.
    func readForAnswer() {
        if let link, link.isReadingPaused, !throttle.isOverflowing { resumeReading() }
    }

    func resumeReading() {
        guard let link, link.isReadingPaused else { return }
        link.isReadingPaused = false
        if let timer = link.sipTimer { loop.cancel(timer) }
        link.sipTimer = nil
        link.lastRead = loop.now
        link.stream.resumeReading()
    }
}
