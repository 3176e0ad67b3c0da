import AMQP
import Support
import Testing

@Suite("RabbitMQ: TLS, losses and mismatches", .timeLimit(.minutes(4)))
struct TLSRecoveryTests {
    @Test("after a close by the operator and after cuts everything is back", arguments: [true, false])
    func recovery(_ isByOperator: Bool) async throws {
        let tls = try await TLSBroker.start()
        let proxy = try Proxy(to: try #require(tls.broker.tlsPort))
        defer { proxy.close() }
        try await AMQPConnection.withConnection(
            "amqps://localhost:\(proxy.port)?\(tls.trust)", configuration: AMQPRecoveryTests.quick
        ) { connection in
            try await connection.withChannel { channel in
                let queue = try await channel.declareQueue("q").name
                let consumer = try await channel.consume(queue, prefetch: 1)
                for round in 0..<4 as Range<UInt8> {
                    try await channel.publish([round], to: "", routingKey: queue)
                    var delivery = try #require(try await consumer.next())
                    // An acknowledgement that the cut overtook is as if it had not been sent.
                    while delivery.body != [round], delivery.redelivered {
                        try await delivery.ack()
                        delivery = try #require(try await consumer.next())
                    }
                    #expect(delivery.body == [round])
                    #expect(try await delivery.ack() == .sent)
                    let events = connection.events()
                    if isByOperator {
                        try await tls.broker.closeConnections()
                    } else if round == 2 {
                        // In the middle of the next handshake too.
                        proxy.cutAll()
                        proxy.cut(after: 600)
                    } else {
                        proxy.cutAll(round == 0 ? .reset : .goodbye)
                    }
                    try await AMQPRecoveryTests.first(in: events, AMQPRecoveryTests.recovered)
                }
            }
        }
        try await tls.broker.dispose()
    }

    @Test("a renewed authority is used by the next attempt")
    func renewal() async throws {
        let tls = try await TLSBroker.start()
        let folder = try TemporaryFolder("authorities")
        try folder.write(try tls.certificates.folder.read("ca.pem"), to: "roots.pem")
        let url = tls.broker.tlsURL("cacertfile=\(folder.file("roots.pem"))")
        try await AMQPConnection.withConnection(url, configuration: AMQPRecoveryTests.quick) { connection in
            var events = connection.events()
            let other = try TestCertificates("Another authority")
            try folder.write(try other.folder.read("ca.pem"), to: "roots.pem")
            try await tls.broker.closeConnections()
            let error = try await AMQPRecoveryTests.first(in: events) { event in
                if case .attemptFailed(let error) = event { error } else { nil }
            }
            #expect(error.code == .certificateUntrusted)
            events = connection.events()
            try folder.write(try tls.certificates.folder.read("ca.pem"), to: "roots.pem")
            try await AMQPRecoveryTests.first(in: events, AMQPRecoveryTests.recovered)
        }
        try await tls.broker.dispose()
    }

    @Test("TLS on the plain port and plain AMQP on the TLS port are told at once")
    func mismatch() async throws {
        let tls = try await TLSBroker.shared()
        let onPlain = try await TLSBroker.failure("amqps://127.0.0.1:\(tls.broker.port)?\(tls.trust)")
        #expect(onPlain.code == .tlsMismatch)
        #expect(onPlain.message.contains("AMQP"))
        let started = ContinuousClock.now
        let onTLS = try await TLSBroker.failure("amqp://127.0.0.1:\(try #require(tls.broker.tlsPort))")
        #expect(onTLS.code == .tlsMismatch, "\(onTLS)")
        #expect(ContinuousClock.now - started < .seconds(2))
    }

    @Test("a server that takes the connection and says nothing is given up in time, and named")
    func silence() async throws {
        let listener = try TestListener { socket in _ = try socket.readToEnd() }
        let error = try await TLSBroker.failure("amqps://127.0.0.1:\(listener.port)?connection_timeout=200")
        #expect(error.code == .connectTimeout)
        #expect(error.message.contains("TLS handshake"))
    }

    @Test("a server that leaves during the handshake is told")
    func leaves() async throws {
        let listener = try TestListener { socket in _ = try socket.read() }
        let error = try await TLSBroker.failure("amqps://127.0.0.1:\(listener.port)")
        #expect(error.code == .connectionLost)
        #expect(error.message.contains("TLS handshake"))
    }

    @Test("of several hosts the one whose TLS is in order is taken")
    func severalHosts() async throws {
        let tls = try await TLSBroker.shared()
        let port = try #require(tls.broker.tlsPort)
        let connection = try await AMQPConnection.connect(
            "amqps://127.0.0.1:\(tls.broker.port),127.0.0.1:\(try FreePort.next()),127.0.0.1:\(port)/?\(tls.trust)")
        #expect(await connection.state == .open)
        await connection.close()
        // What is told of several failures is the one that a person can act on.
        let error = try await TLSBroker.failure(
            "amqps://127.0.0.1:\(try FreePort.next()),127.0.0.1:\(port)/?server_name_indication=x&\(tls.trust)")
        #expect(error.code == .certificateName)
    }
}
