import AMQPWire

/// Delays between attempts: doubling, with a ceiling and jitter.
struct Backoff: Sendable {
    private let settings: AMQPConfiguration.Recovery
    private(set) var attempts = 0

    init(_ settings: AMQPConfiguration.Recovery) { self.settings = settings }

    mutating func reset() { attempts = 0 }

    mutating func next() -> Duration {
        var generator = SystemRandomNumberGenerator()
        return next(using: &generator)
    }

    mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        var delay = settings.initialDelay
        for _ in 0..<min(attempts, 64) where delay < settings.ceiling { delay *= 2 }
        attempts += 1
        delay = max(.zero, min(delay, settings.ceiling))
        let part = min(max(settings.jitter, 0), 1)
        return delay * (1 - part * Double.random(in: 0...1, using: &generator))
    }
}

extension AMQPError {
    /// Nobody answered, as opposed to: somebody refused.
    var meansBrokerIsDown: Bool {
        switch code {
        case .unreachable, .nameResolution, .connectTimeout, .connectionLost, .connectionClosedByPeer: true
        default: false
        }
    }
}
