import AMQPWire
import Testing

@Suite("AMQP URIs")
struct URITests {
    struct Example: Sendable {
        var text: String
        var username: String?
        var password: String?
        var host: String?
        var port: UInt16?
        var virtualHost: String?
    }

    /// Appendix A of RabbitMQ's URI specification.
    static let examples: [Example] = [
        Example(
            text: "amqp://user:pass@host:10000/vhost", username: "user", password: "pass", host: "host", port: 10000,
            virtualHost: "vhost"),
        Example(
            text: "amqp://user%61:%61pass@ho%61st:10000/v%2fhost", username: "usera", password: "apass", host: "hoast",
            port: 10000, virtualHost: "v/host"),
        Example(text: "amqp://"),
        Example(text: "amqp://:@/", username: "", password: "", virtualHost: ""),
        Example(text: "amqp://user@", username: "user"),
        Example(text: "amqp://user:pass@", username: "user", password: "pass"),
        Example(text: "amqp://host", host: "host"),
        Example(text: "amqp://:10000", port: 10000),
        Example(text: "amqp:///vhost", virtualHost: "vhost"),
        Example(text: "amqp://host/", host: "host", virtualHost: ""),
        Example(text: "amqp://host/%2f", host: "host", virtualHost: "/"),
        Example(text: "amqp://[::1]", host: "::1"),
        Example(text: "amqp://[fe80::1]:5673/v", host: "fe80::1", port: 5673, virtualHost: "v"),
    ]

    @Test("behaviour 8: the specification's examples", arguments: examples)
    func specification(_ example: Example) throws {
        let uri = try AMQPURI(example.text)
        #expect(uri.username == example.username)
        #expect(uri.password == example.password)
        #expect(uri.host == example.host)
        #expect(uri.port == example.port)
        #expect(uri.virtualHost == example.virtualHost)
        #expect(!uri.usesTLS)
    }

    @Test(
        "behaviour 8: bad URIs are refused",
        arguments: [
            "", "host", "http://host", "amqp:host", "amqp:/host", "amqp://host:port", "amqp://host:0",
            "amqp://host:65536",
            "amqp://host:-1", "amqp://[::1", "amqp://[::1]x", "amqp://[host]", "amqp://[]", "amqp://host/a/b",
            "amqp://ho%6", "amqp://ho%zz", "amqp://u%ff@host", "amqp://host?heartbeat=x", "amqp://host?heartbeat=70000",
            "amqp://host?heartbeet=1", "amqp://host?verify=maybe", "amqp://host?auth_mechanism=magic",
            "amqp://host?heartbeat=-1", "amqps://host?depth=256", "amqps://host?fail_if_no_peer_cert=x", "amqp://a/v,b",
        ])
    func bad(_ text: String) {
        #expect(throws: AMQPError.self) { try AMQPURI.list(text) }
    }

    @Test("query parameters")
    func query() throws {
        let uri = try AMQPURI(
            """
            amqps://h/v?heartbeat=5&connection_timeout=1500&channel_max=12&cacertfile=%2fca.pem&certfile=/c.pem&keyfile=/k.pem\
            &verify=verify_peer&depth=3&password=p%20ss&fail_if_no_peer_cert=true&server_name_indication=broker&auth_mechanism=external&auth_mechanism=plain&frame_max=8192
            """)
        #expect(uri.usesTLS)
        var options = AMQPURI.Options()
        options.heartbeat = 5
        options.connectionTimeout = 1500
        options.channelMax = 12
        options.frameMax = 8192
        options.caCertificateFile = "/ca.pem"
        options.certificateFile = "/c.pem"
        options.keyFile = "/k.pem"
        options.verifyPeer = true
        options.verificationDepth = 3
        options.keyPassphrase = "p ss"
        options.serverNameIndication = "broker"
        options.authenticationMechanisms = [.external, .plain]
        #expect(uri.options == options)
    }

    @Test("several hosts share what follows them, several URIs stand for themselves")
    func lists() throws {
        let shared = try AMQPURI.list("amqp://u:p@a,b:5673,[::1]/v?heartbeat=3")
        #expect(shared.map(\.host) == ["a", "b", "::1"])
        #expect(shared.map(\.port) == [nil, 5673, nil])
        #expect(shared.allSatisfy { $0.username == "u" && $0.virtualHost == "v" && $0.options.heartbeat == 3 })
        let own = try AMQPURI.list("amqp://u:p@a/v,amqps://b")
        #expect(own.map(\.host) == ["a", "b"])
        #expect(own.map(\.virtualHost) == ["v", nil])
        #expect(own.map(\.usesTLS) == [false, true])
        #expect(throws: AMQPError.self) { try AMQPURI("amqp://a,b") }
    }
}
