import AMQP
import AMQPWire
import Delivery
import EventLoop
import Service

/// How a service reaches the broker, and what it declares there.
package struct Broker: Sendable {
    private let uri: String
    private let hosts: String
    let service: String
    let log: Logger

    /// - Throws: `SettingError` for a URL that is none. Its text shows no part of the value: whatever is wrong with a URL,
    ///   it may hold a password, and perhaps not where one is expected.
    package init(_ uri: String, service: String, log: Logger) throws(SettingError) {
        self.uri = uri
        self.service = service
        self.log = log
        do throws(AMQPError) {
            hosts = try AMQPURI.list(uri).map { uri in
                "\(uri.host ?? "localhost"):\(uri.port ?? (uri.usesTLS ? 5671 : 5672))"
            }.joined(separator: ", ")
        } catch {
            throw SettingError(
                name: "RABBITMQ_URL", value: "…",
                allowed:
                    "amqp:// or amqps://user:password@host:port/vhost with special characters percent-encoded, several "
                    + "separated by commas")
        }
    }

    /// Connects, or returns while the broker is still down and the connection goes on trying.
    ///
    /// - Parameter purpose: publishing and consuming have a connection each, since a broker that is short of memory stops
    ///   reading from those that publish.
    /// - Throws: `Program.StartError` when a broker refuses: a wrong password, a wrong virtual host, not AMQP.
    package func connect(
        _ purpose: String, on loop: EventLoop
    ) async throws -> AMQPConnection {
        var configuration = AMQPConfiguration(name: "\(service) \(purpose)")
        configuration.firstAttempt = .mayFindBrokerDown
        configuration.recovery.ceiling = .seconds(2)
        configuration.whileDown = .wait(.seconds(5))
        configuration.closeTimeout = .milliseconds(500)
        let log = log
        configuration.onEvent = { event in Self.report(event, purpose, log) }
        while true {
            do throws(AMQPError) {
                return try await AMQPConnection.connect(uri, configuration: configuration, on: loop)
            } catch {
                switch error.code {
                case .authentication, .virtualHost, .clientCertificate:
                    throw Program.StartError("RABBITMQ_URL (\(hosts)): the broker refuses it: \(error)")
                case .certificateUntrusted, .certificateName, .certificateExpired:
                    throw Program.StartError("RABBITMQ_URL (\(hosts)): the broker is not to be trusted: \(error)")
                case .unsupported, .invalidURI, .tlsConfiguration:
                    throw Program.StartError("RABBITMQ_URL (\(hosts)): \(error)")
                case .cancelled: throw CancellationError()
                default:
                    // Something else than a broker may answer while the broker is down, a proxy for example. The event of
                    // the attempt has been logged.
                    try await loop.sleep(for: .seconds(2))
                }
            }
        }
    }

    /// Connects for one piece of work that somebody waits for: once, and not again when it is lost. Whoever calls it sets the
    /// time for all of it.
    func connectOnce(_ purpose: String, on loop: EventLoop) async throws(AMQPError) -> AMQPConnection {
        var configuration = AMQPConfiguration(name: "\(service) \(purpose)")
        configuration.recovery = .disabled
        configuration.closeTimeout = .milliseconds(300)
        configuration.whileDown = .failAtOnce
        // A process that hangs must not keep for long what its connection owns.
        configuration.heartbeat = .seconds(5)
        return try await AMQPConnection.connect(uri, configuration: configuration, on: loop)
    }

    private static func report(_ event: AMQPEvent, _ purpose: String, _ log: Logger) {
        let fields: KeyValuePairs<String, LogValue> = ["connection": LogValue(purpose), "event": LogValue(event)]
        switch event {
        case .connected, .recovered, .unblocked: log.info("broker", fields)
        // Only the queue of hints has a name of the broker's, and it has another one after each reconnection.
        case .retrying, .queueRenamed: log.debug("broker", fields)
        case .closed(nil): log.debug("broker", fields)
        case .disconnected, .attemptFailed, .channelClosed, .notRestored, .blocked, .strayReturn, .closed:
            log.warning("broker", fields)
        }
    }
}
