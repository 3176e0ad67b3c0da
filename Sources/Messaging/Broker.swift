import AMQP
import AMQPWire
import Delivery
import EventLoop
import Service

/// How a service reaches the broker, and what it declares there.
package struct Broker: Sendable {
    private let uri: String
    private let service: String
    private let log: Logger

    /// - Throws: `SettingError` for a URL that is none; its text shows no password.
    package init(_ uri: String, service: String, log: Logger) throws(SettingError) {
        self.uri = uri
        self.service = service
        self.log = log
        do throws(AMQPError) {
            _ = try AMQPURI.list(uri)
        } catch {
            throw SettingError(
                name: "RABBITMQ_URL", value: Self.withoutPasswords(uri), allowed: "\(error.message)")
        }
    }

    /// `amqp://user:password@host` as `amqp://user:…@host`, also in a text that is no proper URL.
    static func withoutPasswords(_ text: String) -> String {
        text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let at = part.lastIndex(of: "@") else { return String(part) }
            let login = part[..<at]
            let scheme = login.firstIndex(of: "/").flatMap { login[$0...].hasPrefix("//") ? $0 : nil }
            let start = scheme.map { login.index($0, offsetBy: 2) } ?? login.startIndex
            guard let colon = login[start...].firstIndex(of: ":") else { return String(part) }
            return part[..<colon] + ":…" + part[at...]
        }.joined(separator: ",")
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
        configuration.waitWhileDown = .seconds(5)
        let log = log
        configuration.onEvent = { event in Self.report(event, purpose, log) }
        do {
            return try await AMQPConnection.connect(uri, configuration: configuration, on: loop)
        } catch {
            throw Program.StartError("RABBITMQ_URL=\"\(Self.withoutPasswords(uri))\" is refused: \(error)")
        }
    }

    private static func report(_ event: AMQPEvent, _ purpose: String, _ log: Logger) {
        let fields: KeyValuePairs<String, LogValue> = ["connection": LogValue(purpose), "event": LogValue(event)]
        switch event {
        case .connected, .recovered, .unblocked: log.info("broker", fields)
        case .retrying: log.debug("broker", fields)
        case .closed(nil): log.debug("broker", fields)
        case .disconnected, .attemptFailed, .notRestored, .queueRenamed, .blocked, .strayReturn, .closed:
            log.warning("broker", fields)
        }
    }

    /// Exchange, queue and binding of the orders, and of those that are dead. Both services declare them, so that it does not
    /// matter which one starts first.
    package static func declare(on channel: AMQPChannel) async throws {
        try await channel.declareExchange(Topology.exchange, type: .direct)
        try await channel.declareQueue(Topology.queue)
        try await channel.bindQueue(Topology.queue, to: Topology.exchange, routingKey: Topology.key)
        try await channel.declareExchange(Topology.deadExchange, type: .fanout)
        try await channel.declareQueue(Topology.deadQueue)
        try await channel.bindQueue(Topology.deadQueue, to: Topology.deadExchange)
    }
}
