import EventLoop

/// Limits and time-outs of an HTTP server. Times are kept to within one `sweepInterval`.
package struct ServerConfiguration: Sendable {
    /// Octets of a request's head, start line and last empty line included; at most 65,535.
    package var headLimit = 16_384
    package var fieldLimit = 100
    /// Octets of a request's body where the route names no other limit.
    package var bodyLimit = 1 << 20
    /// While so many connections are open, none is accepted.
    package var connectionLimit = 20_000
    /// Octets of unfinished requests that all connections together may hold; beyond it they are answered 503.
    package var bufferedInputLimit = 64 << 20

    /// From the first octet of a head (or the connection's start) to its end.
    package var headTimeout = Duration.seconds(10)
    /// After this time a body must have arrived at `minimumBodyRate` on average.
    package var bodyTimeout = Duration.seconds(30)
    /// Octets a second.
    package var minimumBodyRate = 1024
    /// Between requests.
    package var idleTimeout = Duration.seconds(75)
    /// Without progress of the output.
    package var writeTimeout = Duration.seconds(30)
    /// How long, and how many octets, are read and dropped after the last reply, so that it reaches a client that
    /// is still sending.
    package var lingerTimeout = Duration.seconds(5)
    package var lingerLimit = 16 << 20
    package var sweepInterval = Duration.seconds(1)
    /// At shutdown, how long a connection without a request is kept for one that may be on its way.
    package var idleGrace = Duration.milliseconds(200)

    package var eventStreams = EventStreams()

    package struct EventStreams: Sendable {
        /// Octets that may wait for one subscriber; one that is further behind is cut off.
        package var queueLimit = 1 << 20
        /// A stream ends after this time, give or take a tenth, so that not all clients return at once.
        package var lifetime = Duration.seconds(30 * 60)
        package var heartbeatInterval = Duration.seconds(15)
        /// Makes the heartbeat of all streams of a loop that are due; nil sends none. Runs on the loop.
        package var heartbeat: (@Sendable () -> SharedBytes)?

        package init() {}
    }

    package init() {}
}
