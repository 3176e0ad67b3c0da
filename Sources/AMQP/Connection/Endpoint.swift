import AMQPWire
import EventLoop
import Glibc
import TLS

/// One broker address with the login to use there: the URI's parts with the defaults filled in.
struct Endpoint: Sendable, CustomStringConvertible {
    var host: String
    var port: Int
    /// nil for `amqp://`.
    var tls: TLSContextSource?
    var handshake: HandshakeSettings
    var timeout: Duration

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// - Parameter others: endpoints of the same connection, with which it shares certificates that are the same.
    init(_ uri: AMQPURI, _ configuration: AMQPConfiguration, beside others: [Endpoint] = []) throws(AMQPError) {
        host = uri.host ?? "localhost"
        port = Int(uri.port ?? (uri.usesTLS ? 5671 : 5672))
        var handshake = HandshakeSettings()
        handshake.username = uri.username ?? "guest"
        handshake.password = uri.password ?? "guest"
        // No virtual host of RabbitMQ has an empty name, and many write the slash out of habit.
        if let name = uri.virtualHost, !name.isEmpty { handshake.virtualHost = name }
        if !uri.options.authenticationMechanisms.isEmpty {
            handshake.mechanisms = uri.options.authenticationMechanisms
        }
        handshake.connectionName = configuration.name
        handshake.properties = configuration.clientProperties
        handshake.wishes.channelMax = uri.options.channelMax ?? configuration.channelMax
        handshake.wishes.frameMax = uri.options.frameMax ?? configuration.frameMax
        if let seconds = uri.options.heartbeat { handshake.wishes.heartbeat = seconds }
        if let heartbeat = configuration.heartbeat {
            guard heartbeat >= .zero else {
                throw AMQPError(.invalidArgument, "the heartbeat is zero or more, not \(heartbeat)")
            }
            // Up, since 0 would mean none.
            let (seconds, rest) = heartbeat.components
            handshake.wishes.heartbeat = UInt16(clamping: min(seconds, 65_535) + (rest > 0 ? 1 : 0))
        }
        self.handshake = handshake
        timeout = uri.options.connectionTimeout.map { .milliseconds($0) } ?? configuration.connectTimeout
        if uri.usesTLS {
            let wanted = TLSConfiguration(uri.options, configuration)
            tls = others.lazy.compactMap(\.tls).first { $0.configuration == wanted } ?? TLSContextSource(wanted)
            // What is wrong with the files is told before anything is tried.
            _ = try makeFilter()
        } else if let name = uri.options.firstTLSParameter {
            // Whoever writes it believes that the connection is secured.
            throw AMQPError(.invalidURI, "the parameter \(name) is for amqps:// only", host: description)
        }
    }

    /// A connected socket: the one place that knows how octets reach the broker.
    func open(on loop: EventLoop) async throws(AMQPError) -> OwnedDescriptor {
        do {
            return try await loop.connect(host: host, port: port, timeout: timeout)
        } catch let error as ResolutionError {
            throw AMQPError(.nameResolution, error.description, host: description)
        } catch let error as ConnectError {
            let timedOut = error.failures.allSatisfy { $0.code == ETIMEDOUT }
            throw AMQPError(timedOut ? .connectTimeout : .unreachable, error.description, host: description)
        } catch is CancellationError {
            throw AMQPError(.cancelled, "the task was cancelled", host: description)
        } catch {
            throw AMQPError(.unreachable, "cannot connect: \(error)", host: description)
        }
    }
}
