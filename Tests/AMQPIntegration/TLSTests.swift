import AMQP
import Support
import Testing

/// A broker with a TLS listener, whose certificate is for localhost and 127.0.0.1, and an authority.
struct TLSBroker: Sendable {
    let certificates: TestCertificates
    let broker: RabbitMQBroker

    /// The query that makes a client trust the broker.
    var trust: String { "cacertfile=\(certificates.authorityFile)" }

    static func start(requiresClientCertificate: Bool = false) async throws -> TLSBroker {
        let certificates = try TestCertificates()
        let files = try certificates.issue("server", names: ["DNS:localhost", "IP:127.0.0.1"])
        var tls = RabbitMQBroker.TLS(files, authorityFile: certificates.authorityFile)
        tls.requiresClientCertificate = requiresClientCertificate
        return TLSBroker(certificates: certificates, broker: try await RabbitMQBroker.start(tls: tls))
    }

    private static let sharedBroker = Task { try await start() }
    private static let strictBroker = Task { try await start(requiresClientCertificate: true) }

    /// One that asks for a client certificate, and takes clients without.
    static func shared() async throws -> TLSBroker { try await sharedBroker.value }
    /// One that takes no client without a certificate.
    static func strict() async throws -> TLSBroker { try await strictBroker.value }

    /// The error of an attempt to connect, which has to come promptly.
    static func failure(_ url: String, _ configuration: AMQPConfiguration = AMQPConfiguration()) async throws
        -> AMQPError
    {
        let started = ContinuousClock.now
        let error = await #expect(throws: AMQPError.self) {
            try await AMQPConnection.withConnection(url, configuration: configuration) { _ in }
        }
        // Below the 10 s after which an attempt is given up.
        #expect(ContinuousClock.now - started < .seconds(9))
        return try #require(error)
    }
}

@Suite("RabbitMQ: TLS", .timeLimit(.minutes(4)))
struct TLSTests {
    @Test("messages of every size come back as they were", arguments: ["localhost", "127.0.0.1"])
    func sizes(_ host: String) async throws {
        let tls = try await TLSBroker.shared()
        try await AMQPConnection.withConnection(tls.broker.tlsURL(host: host, tls.trust)) { connection in
            try await connection.withChannel { channel in
                let queue = try await channel.declareQueue(exclusive: true).name
                let frame = 131_072 - 8
                let sizes = [0, 1, 16_383, 16_384, 16_385, frame - 1, frame, frame + 1, 2 * frame, 1 << 20, 16 << 20]
                let consumer = try await channel.consume(queue, prefetch: 4)
                for size in sizes {
                    let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 131 >> 5) }
                    try await channel.publish(body, to: "", routingKey: queue)
                    let delivery = try #require(try await consumer.next())
                    #expect(delivery.body == body, "\(size) octets")
                    try await delivery.ack()
                }
            }
        }
    }

    @Test("a pipeline of thousands is confirmed and consumed in order")
    func pipeline() async throws {
        let tls = try await TLSBroker.shared()
        try await AMQPConnection.withConnection(tls.broker.tlsURL(tls.trust)) { connection in
            try await connection.withChannel { channel in
                let queue = try await channel.declareQueue(exclusive: true).name
                var handles: [PendingPublish] = []
                for number in 0..<5000 {
                    handles.append(
                        try await channel.publishing(Array("\(number)".utf8), to: "", routingKey: queue))
                }
                for handle in handles { #expect(await handle.outcome == .confirmed) }
                let consumer = try await channel.consume(queue, prefetch: 50)
                for number in 0..<5000 {
                    let delivery = try #require(try await consumer.next())
                    #expect(delivery.body == Array("\(number)".utf8))
                    try await delivery.ack()
                }
            }
        }
    }

    @Test("a certificate of an unknown authority, or for another host, is refused and told")
    func untrusted() async throws {
        let tls = try await TLSBroker.shared()
        let other = try TestCertificates("Another authority")
        let unknown = try await TLSBroker.failure(tls.broker.tlsURL("cacertfile=\(other.authorityFile)"))
        #expect(unknown.code == .certificateUntrusted)
        #expect(unknown.message.contains("CN=Test authority"))
        #expect(unknown.host == "localhost:\(try #require(tls.broker.tlsPort))")
        #expect(try await TLSBroker.failure(tls.broker.tlsURL()).code == .certificateUntrusted)
        let name = try await TLSBroker.failure(
            tls.broker.tlsURL(tls.trust + "&server_name_indication=broker.example.com"))
        #expect(name.code == .certificateName)
        #expect(name.message.contains("broker.example.com") && name.message.contains("localhost"))
        // 127.0.0.2 reaches the same machine, but the certificate is not for it.
        let proxy = try Proxy(to: try #require(tls.broker.tlsPort))
        defer { proxy.close() }
        var configuration = AMQPConfiguration()
        configuration.tls.trustRoots = .file(tls.certificates.authorityFile)
        configuration.tls.serverName = "127.0.0.2"
        let address = try await TLSBroker.failure("amqps://127.0.0.1:\(proxy.port)", configuration)
        #expect(address.code == .certificateName)
        // Less is checked only on demand.
        for query in ["verify=verify_none", "verify=verify_none&server_name_indication=x"] {
            try await AMQPConnection.withConnection(tls.broker.tlsURL(query)) { _ in }
        }
        configuration.tls.verification = .chainOnly
        try await AMQPConnection.withConnection(tls.broker.tlsURL(), configuration: configuration) { _ in }
    }

    @Test("a broker that wants client certificates takes those with one, and says so to the others")
    func clientCertificate() async throws {
        let tls = try await TLSBroker.strict()
        let none = try await TLSBroker.failure(tls.broker.tlsURL(tls.trust))
        #expect(none.code == .clientCertificate, "\(none)")
        let foreign = try TestCertificates("Another authority")
        let wrong = try foreign.issue("client", for: .client)
        let refused = try await TLSBroker.failure(
            tls.broker.tlsURL(tls.trust + "&certfile=\(wrong.certificate)&keyfile=\(wrong.key)"))
        #expect(refused.code == .clientCertificate, "\(refused)")
        let right = try tls.certificates.issue("client", for: .client, passphrase: "open sesame")
        let query = tls.trust + "&certfile=\(right.certificate)&keyfile=\(right.key)"
        try await AMQPConnection.withConnection(tls.broker.tlsURL(query + "&password=open%20sesame")) { _ in }
        #expect(try await TLSBroker.failure(tls.broker.tlsURL(query)).code == .tlsConfiguration)
    }

    @Test("EXTERNAL logs in as the user whom the client certificate names, without a password")
    func external() async throws {
        let tls = try await TLSBroker.shared()
        try await tls.broker.addUser("machine-7", password: "never used")
        try await tls.broker.setPermissions(user: "machine-7")
        let known = try tls.certificates.issue("machine-7", for: .client)
        let query = tls.trust + "&auth_mechanism=external&certfile="
        let url = tls.broker.tlsURL(user: "ignored", password: "x", query + "\(known.certificate)&keyfile=\(known.key)")
        try await AMQPConnection.withConnection(url, name: "external") { connection in
            try await connection.withChannel { channel in
                let queue = try await channel.declareQueue(exclusive: true).name
                // The broker takes a user id only from the user itself.
                try await channel.publish(
                    [1], to: "", routingKey: queue, properties: BasicProperties(userID: "machine-7"))
            }
        }
        let stranger = try tls.certificates.issue("stranger", for: .client)
        let error = try await TLSBroker.failure(
            tls.broker.tlsURL(query + "\(stranger.certificate)&keyfile=\(stranger.key)"))
        #expect(error.code == .authentication)
        #expect(error.reply?.code == .accessRefused)
        #expect(error.message.contains("client certificate"))
        // Without a certificate the broker does not offer it at all, or refuses it.
        let none = try await TLSBroker.failure(tls.broker.tlsURL(tls.trust + "&auth_mechanism=external"))
        #expect([.mechanism, .authentication].contains(none.code), "\(none)")
    }

    @Test("wrong passwords are told through TLS as without it")
    func password() async throws {
        let tls = try await TLSBroker.shared()
        let error = try await TLSBroker.failure(tls.broker.tlsURL(password: "wrong", tls.trust))
        #expect(error.code == .authentication)
        #expect(error.reply?.code == .accessRefused)
    }
}
