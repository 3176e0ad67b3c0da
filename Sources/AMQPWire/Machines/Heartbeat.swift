/// When to send a heartbeat and when the peer counts as gone. Times are monotonic nanoseconds.
package struct Heartbeat: Sendable {
    package enum Decision: Equatable, Sendable {
        /// Nothing to do before `next`.
        case wait(next: UInt64)
        /// Send one, then look again at `next`.
        case send(next: UInt64)
        case peerIsGone
    }

    /// 0: no heartbeats.
    package let interval: UInt64
    package private(set) var lastSent: UInt64
    package private(set) var lastReceived: UInt64

    /// `seconds` as agreed by the tuning.
    package init(seconds: UInt16, now: UInt64) {
        interval = UInt64(seconds) * 1_000_000_000
        lastSent = now
        lastReceived = now
    }

    /// Any traffic counts as a heartbeat.
    package mutating func received(at now: UInt64) { lastReceived = max(lastReceived, now) }
    package mutating func sent(at now: UInt64) { lastSent = max(lastSent, now) }

    /// Sends at half the interval; the peer is gone after two intervals of silence, unless this side is the one that
    /// does not read (`reading` is false).
    package mutating func decide(at now: UInt64, reading: Bool) -> Decision {
        guard interval > 0 else { return .wait(next: .max) }
        if !reading { lastReceived = max(lastReceived, now) }
        let silence = now >= lastReceived ? now - lastReceived : 0
        if silence >= 2 * interval { return .peerIsGone }
        let quiet = now >= lastSent ? now - lastSent : 0
        if quiet >= interval / 2 {
            lastSent = now
            return .send(next: min(now + interval / 2, lastReceived + 2 * interval))
        }
        return .wait(next: min(lastSent + interval / 2, lastReceived + 2 * interval))
    }
}
