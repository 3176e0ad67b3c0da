import AMQPWire
import EventLoop
import Glibc

/// One broker address with the login to use there: the URI's parts with the defaults filled in.
struct Endpoint: Sendable {
    var host: String
    var port: Int
    var usesTLS: Bool
    var handshake: HandshakeSettings
    var timeout: Duration

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    init(_ uri: AMQPURI, _ configuration: AMQPConfiguration) throws(AMQPError) {
        usesTLS = uri.usesTLS
        if uri.usesTLS {
            throw AMQPError(.unsupported, "amqps:// is not supported by this build: use amqp:// or a TLS proxy")
        }
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
            handshake.wishes.heartbeat = UInt16(clamping: heartbeat.components.seconds)
        }
        self.handshake = handshake
        timeout = uri.options.connectionTimeout.map { .milliseconds($0) } ?? configuration.connectTimeout
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
