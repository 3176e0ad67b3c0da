import EventLoop

/// Limits and time-outs of an HTTP server. Times are kept to within one `sweepInterval`.
package struct ServerConfiguration: Sendable {
    /// Octets of a request's head, start line and last empty line included; at most 65,535.
    package var headLimit = 16_384
    package var fieldLimit = 100
    /// Octets of a request's body where the route names no other limit.
    package var bodyLimit = 1 << 20
    /// Connections that may be open. When there are so many, those that have waited longest for their client (between
    /// requests, or in the midst of one) are ended for new ones, and so are all that get a reply; while there is none to
    /// end, none is accepted.
    package var connectionLimit = 20_000
    /// Octets of unfinished requests that all connections together may hold; beyond it they are answered 503.
    package var bufferedInputLimit = 64 << 20
    /// Octets of replies and events that may wait for all clients together; beyond it those who take too little are cut
    /// off at once, and nobody gets a further reply before the last has left. Octets that streams share count for each.
    package var bufferedOutputLimit = 64 << 20

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
    /// Octets a second that a client must take on average when output has waited for `writeTimeout`.
    package var minimumOutputRate = 1024
    /// How long, and how many octets, are read and dropped after the last reply, so that it reaches a client that
    /// is still sending.
    package var lingerTimeout = Duration.seconds(5)
    package var lingerLimit = 16 << 20
    package var sweepInterval = Duration.seconds(1)
    /// At shutdown, how long a connection without a request is kept for one that may be on its way.
    package var idleGrace = Duration.milliseconds(200)

    package var eventStreams = EventStreams()

    package struct EventStreams: Sendable {
        /// Streams that may be open; further ones are answered 503. Below `connectionLimit`, so that requests have room.
        package var limit = 18_000
        /// Octets that the kernel may hold for one stream (half of what it then takes, see SO_SNDBUF in socket(7)). By
        /// itself it would grow to megabytes for each one who does not read.
        package var sendBuffer = 64 * 1024
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
