import Foundation
import Glibc

/// A real RabbitMQ of the tests' own: Debian's package, on free ports of 127.0.0.1, with its data, its cookie and its
/// port mapper (epmd) to itself, so that it never meets a broker that already runs. It ends with the test process.
///
/// It takes about 2.5 s to start, so most tests share ``shared()`` and tell their things apart by virtual host
/// (``makeVirtualHost()``, a few milliseconds) or by name. A test that stops, kills or blocks the broker starts its own.
package final class RabbitMQBroker: Sendable {
    private struct State {
        var epmd: ChildProcess?
        var node: ChildProcess?
    }

    /// A listener for AMQP over TLS beside the plain one.
    package struct TLS: Sendable {
        package var server: TestCertificates.Files
        /// Whose client certificates are accepted, in PEM form.
        package var authorityFile: String
        /// Whether a client has to show a certificate. The user of EXTERNAL is its common name.
        package var requiresClientCertificate = false

        package init(_ server: TestCertificates.Files, authorityFile: String) {
            self.server = server
            self.authorityFile = authorityFile
        }
    }

    /// The AMQP port on 127.0.0.1.
    package let port: UInt16
    /// The port for AMQP over TLS on 127.0.0.1, when it was asked for.
    package let tlsPort: UInt16?
    /// The management plugin's HTTP port, when it was asked for.
    package let managementPort: UInt16?
    package let nodeName: String
    package let folder: TemporaryFolder
    let installation: RabbitMQInstallation
    let epmdPort: UInt16
    let cookie: String
    private let distributionPort: UInt16
    private let state = Guarded(State())

    /// `amqp://guest:guest@127.0.0.1:PORT/`
    package var url: String { url() }

    package func url(
        user: String = "guest", password: String = "guest", virtualHost: String? = nil, port: UInt16? = nil
    ) -> String {
        "amqp://\(user):\(password)@127.0.0.1:\(port ?? self.port)/\(virtualHost ?? "")"
    }

    /// `amqps://guest:guest@HOST:PORT/?QUERY`
    package func tlsURL(
        host: String = "localhost", user: String = "guest", password: String = "guest", virtualHost: String = "%2f",
        _ query: String = ""
    ) -> String {
        "amqps://\(user):\(password)@\(host):\(tlsPort ?? 0)/\(virtualHost)?\(query)"
    }

    // MARK: Starting

    private static let sharedBroker = Task { try await start() }

    /// The broker that all tests of this process share. Started at the first call.
    package static func shared() async throws -> RabbitMQBroker {
        try await sharedBroker.value
    }

    /// Starts a broker and waits until it takes connections.
    package static func start(management: Bool = false, tls: TLS? = nil) async throws -> RabbitMQBroker {
        try await onOwnThread {
            // Another program may take a port between the choice and its use.
            var failure: (any Error)?
            for _ in 0..<3 {
                do {
                    let broker = try RabbitMQBroker(management: management, tls: tls)
                    try broker.startNode()
                    return broker
                } catch { failure = error }
            }
            throw failure ?? SupportError("RabbitMQ did not start")
        }
    }

    private init(management: Bool, tls: TLS?) throws {
        installation = try RabbitMQInstallation.find()
        folder = try TemporaryFolder("rabbitmq")
        port = try FreePort.next()
        managementPort = management ? try FreePort.next() : nil
        tlsPort = tls == nil ? nil : try FreePort.next()
        epmdPort = try FreePort.next()
        distributionPort = try FreePort.next()
        nodeName = "delivery-\(port)@localhost"
        cookie = String(UInt64.random(in: .min ... .max), radix: 36)

        var configuration = """
            listeners.tcp.1 = 127.0.0.1:\(port)
            log.console = true
            log.console.level = info
            log.file = false
            disk_free_limit.absolute = 1MB
            """
        if let managementPort {
            configuration += "\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = \(managementPort)"
        }
        if let tls, let tlsPort { configuration += "\n" + tls.configuration(port: tlsPort) }
        try folder.write(configuration + "\n", to: "rabbitmq.conf")
        let plugins = [management ? "rabbitmq_management" : nil, tls == nil ? nil : "rabbitmq_auth_mechanism_ssl"]
        try folder.write("[\(plugins.compactMap(\.self).joined(separator: ","))].\n", to: "enabled_plugins")
        try folder.write(cookie, to: ".erlang.cookie", mode: 0o400)
    }

    deinit { try? killEverything() }

    var environment: [String: String] {
        [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": folder.path,
            "ERL_EPMD_PORT": "\(epmdPort)", "ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_LIBS": installation.path + "/plugins",
            "ERL_CRASH_DUMP_SECONDS": "0", "ERL_MAX_PORTS": "4096", "SYS_PREFIX": "",
            "RABBITMQ_HOME": installation.path, "RABBITMQ_BASE": folder.path, "RABBITMQ_NODENAME": nodeName,
            "RABBITMQ_CONF_ENV_FILE": "/dev/null", "RABBITMQ_CONFIG_FILE": folder.file("rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": folder.file("advanced.config"),
            "RABBITMQ_MNESIA_BASE": folder.file("mnesia"), "RABBITMQ_LOG_BASE": folder.file("log"),
            "RABBITMQ_GENERATED_CONFIG_DIR": folder.file("generated"),
            "RABBITMQ_FEATURE_FLAGS_FILE": folder.file("feature_flags"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": folder.file("enabled_plugins"),
            "RABBITMQ_PLUGINS_DIR": installation.path + "/plugins", "RABBITMQ_DIST_PORT": "\(distributionPort)",
            "RABBITMQ_CTL_DIST_PORT_MIN": "0", "RABBITMQ_CTL_DIST_PORT_MAX": "0",
        ]
    }

    private func startNode() throws {
        try state.update { state in
            guard state.node?.isRunning != true else { throw SupportError("the broker runs already") }
            if state.epmd?.isRunning != true {
                state.epmd = try start("epmd", ["-port", "\(epmdPort)", "-address", "127.0.0.1"])
            }
        }
        try waitUntilListening(port: epmdPort, within: 5)
        // The packaged script would start an epmd of its own and stand between us and the node's process.
        let node = try start(
            "erl",
            [
                "-noinput", "-s", "rabbit", "boot", "-boot", "start_sasl", "+W", "w", "+sbwt", "none",
                "-sname", nodeName, "-start_epmd", "false",
                "-kernel", "inet_dist_use_interface", "{127,0,0,1}",
                "-kernel", "inet_dist_listen_min", "\(distributionPort)",
                "-kernel", "inet_dist_listen_max", "\(distributionPort)",
                "-kernel", "prevent_overlapping_partitions", "false",
                "-syslog", "logger", "[]", "-syslog", "syslog_error_logger", "false",
            ])
        state.update { $0.node = node }
        do {
            try node.waitForLine(within: 60) { $0.contains("Server startup complete") ? () : nil }
        } catch {
            try? killEverything()
            throw error
        }
    }

    private func start(_ program: String, _ arguments: [String]) throws -> ChildProcess {
        let command = installation.command(program, arguments)
        return try ChildProcess(command.program, command.arguments, environment: environment)
    }

    // MARK: Stopping

    /// Stops the broker in order: it says goodbye to its clients and writes everything down. Takes about 3 s.
    package func stop() async throws {
        _ = try await onOwnThread { [self] in try takeNode().terminate(within: 60) }
    }

    /// Ends the broker with SIGKILL, as a crash does.
    package func kill() async throws {
        try await onOwnThread { [self] in try takeNode().kill() }
    }

    /// Starts a stopped or killed broker again, on the same data and ports.
    package func startAgain() async throws {
        try await onOwnThread { [self] in try startNode() }
    }

    /// Ends the broker and its epmd at once and removes its folder; it cannot be started again.
    package func dispose() async throws {
        try await onOwnThread { [self] in
            try killEverything()
            folder.remove()
        }
    }

    /// Holds the whole broker still (SIGSTOP), as a machine that hangs does: connections stay open and silent.
    package func freeze() { state.read { $0.node?.signal(SIGSTOP) } }
    package func thaw() { state.read { $0.node?.signal(SIGCONT) } }

    package var isRunning: Bool { state.read { $0.node?.isRunning ?? false } }
    /// What the broker has logged since its last start.
    package var log: String { state.read { $0.node?.output ?? "" } }
    /// RabbitMQ's version, `4.0.5` for example.
    package var version: String { installation.version }
    /// The ids of the broker's own processes: the node and its epmd.
    package var processes: [pid_t] {
        state.read { state in [state.node, state.epmd].compactMap { $0?.isRunning == true ? $0?.pid : nil } }
    }

    private func takeNode() throws -> ChildProcess {
        guard let node = state.read({ $0.node }), node.isRunning else {
            throw SupportError("the broker is not running")
        }
        return node
    }

    private func killEverything() throws {
        let (node, epmd) = state.read { ($0.node, $0.epmd) }
        try node?.kill()
        try epmd?.kill()
    }
}

extension RabbitMQBroker.TLS {
    fileprivate func configuration(port: UInt16) -> String {
        """
        listeners.ssl.1 = 127.0.0.1:\(port)
        ssl_options.cacertfile = \(authorityFile)
        ssl_options.certfile = \(server.certificate)
        ssl_options.keyfile = \(server.key)
        ssl_options.verify = verify_peer
        ssl_options.fail_if_no_peer_cert = \(requiresClientCertificate)
        ssl_cert_login_from = common_name
        auth_mechanisms.1 = PLAIN
        auth_mechanisms.2 = AMQPLAIN
        auth_mechanisms.3 = EXTERNAL
        """
    }
}

/// Blocks until something accepts connections on a port of 127.0.0.1.
func waitUntilListening(port: UInt16, within seconds: Double) throws {
    let deadline = Date(timeIntervalSinceNow: seconds)
    while true {
        do {
            try TestSocket(port: port, timeout: 1).close()
            return
        } catch {
            if Date() > deadline { throw error }
            usleep(2000)
        }
    }
}
