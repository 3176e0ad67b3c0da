@testable import AMQP
import AMQPWire
import Support
import Testing

@Suite("Limits of a connection", .timeLimit(.minutes(1)))
struct LimitsTests {
    @Test("sends and publishes go on with a window smaller than a message", arguments: [-1, 0, 1, 1000, 65_536])
    func smallWindow(_ octets: Int) async throws {
        let broker = try ScriptedBroker()
        async let served: Void = broker.serve { peer in
            try peer.handshake()
            try peer.openChannel(1)
            for _ in 0..<3 { try peer.expect(BasicPublish.id) }
            try peer.openChannel(2)
            try peer.expect(ConfirmSelect.id)
            try peer.send(ConfirmSelectOk(), channel: 2)
            for tag in 1...3 as ClosedRange<UInt64> {
                try peer.expect(BasicPublish.id)
                try peer.send(BasicAck(deliveryTag: tag), channel: 2)
            }
            try peer.farewell()
        }
        var configuration = AMQPConfiguration.alone
        configuration.publishWindowOctets = octets
        let connection = try await AMQPConnection.connect(broker.url, configuration: configuration)
        let body = [UInt8](repeating: 0, count: 2000)
        // On the connection's own thread the output cannot leave between the calls.
        let sending = Task(executorPreference: connection.executor) {
            let channel = try await connection.openChannel()
            for _ in 0..<3 { try await channel.send(body, to: "", routingKey: "q") }
            let confirming = try await connection.openChannel()
            for _ in 0..<3 { _ = try await confirming.publish(body, to: "", routingKey: "q", within: .seconds(5)) }
        }
        let watchdog = Task {
            try await Task.sleep(for: .seconds(10))
            sending.cancel()
        }
        defer { watchdog.cancel() }
        await #expect(throws: Never.self) { try await sending.value }
        await connection.close()
        try await served
    }

    @Test("a new secret is answered although reading is paused")
    func secretWhilePaused() async throws {
        let broker = try ScriptedBroker()
        async let served: Void = broker.serve { peer in
            try peer.handshake()
            try peer.openChannel()
            try peer.expect(BasicQos.id)
            try peer.send(BasicQosOk())
            let tag = try peer.expect { if case .basicConsume(let method) = $0 { method.consumerTag } else { nil } }
            try peer.send(BasicConsumeOk(consumerTag: tag))
            let body = [UInt8](repeating: 1, count: 100_000)
            for number in 1...5 as ClosedRange<UInt64> {
                try peer.send(BasicDeliver(consumerTag: tag, deliveryTag: number), body: body)
            }
            _ = try peer.expect(SecretTests.secret)
            // More than fits before the answer, so that reading has to go on for it.
            for number in 6...8 as ClosedRange<UInt64> {
                try peer.send(BasicDeliver(consumerTag: tag, deliveryTag: number), body: body)
            }
            try peer.send(ConnectionUpdateSecretOk(), channel: 0)
            try peer.farewell()
        }
        var configuration = AMQPConfiguration.alone
        configuration.deliveryBufferOctets = 100_000
        configuration.requestTimeout = .seconds(5)
        let connection = try await AMQPConnection.connect(broker.url, configuration: configuration)
        let consumer = try await connection.openChannel().consume("q", prefetch: 0)
        try await eventually("paused") { await connection.isReadingPaused }
        await #expect(throws: Never.self) { try await connection.updateSecret("new", reason: "") }
        _ = consumer
        await connection.close()
        try await served
    }

    @Test("a wait for an outcome that was cancelled leaves nothing behind")
    func cancelledOutcome() async throws {
        let publish = PendingPublish()
        let batch = PendingBatch(count: 2)
        for _ in 0..<3 {
            let first = Task { await publish.outcome }
            let second = Task { await batch.outcomes }
            try await eventually("they wait") { publish.waiters == 1 && batch.waiters == 1 }
            first.cancel()
            second.cancel()
            guard case .unknown(let error) = await first.value else { throw SupportError("an outcome") }
            #expect(error.code == .cancelled)
            #expect(await second.value.count == 2)
            #expect(publish.waiters == 0)
            #expect(batch.waiters == 0)
        }
        publish.confirmed(1)
        batch.confirmed(2)
        #expect(await publish.outcome == .confirmed)
        #expect(await batch.outcomes == [.confirmed, .confirmed])
    }

    @Test(
        "the heartbeat is rounded up to whole seconds, and zero means none",
        arguments: [
            (Duration.zero, 0), (.nanoseconds(1), 1), (.milliseconds(500), 1), (.seconds(1), 1),
            (.milliseconds(1500), 2), (.seconds(65_535), 65_535), (.seconds(65_536), 65_535),
            (.seconds(Int64.max), 65_535),
        ] as [(Duration, UInt16)])
    func heartbeat(_ wish: Duration, _ seconds: UInt16) throws {
        var configuration = AMQPConfiguration()
        configuration.heartbeat = wish
        let endpoint = try Endpoint(AMQPURI("amqp://host"), configuration)
        #expect(endpoint.handshake.wishes.heartbeat == seconds)
    }

    @Test("a heartbeat below zero is refused", arguments: [Duration.nanoseconds(-1), .seconds(-5)])
    func negativeHeartbeat(_ wish: Duration) {
        var configuration = AMQPConfiguration()
        configuration.heartbeat = wish
        let error = #expect(throws: AMQPError.self) { try Endpoint(AMQPURI("amqp://host"), configuration) }
        #expect(error?.code == .invalidArgument)
    }

    @Test("a configuration and an endpoint print and dump without their secrets")
    func printing() throws {
        var configuration = AMQPConfiguration()
        configuration.tls.passphrase = "s3cr3t"
        let endpoint = try Endpoint(AMQPURI("amqp://user:s3cr3t@host"), configuration)
        for value in [configuration, configuration.tls, endpoint, endpoint.handshake] as [Any] {
            var text = "\(value) \(String(reflecting: value))"
            dump(value, to: &text)
            #expect(!text.contains("s3cr3t"))
            #expect(text.contains("redacted"))
        }
    }

    @Test("while there is no connection a new secret is kept for all endpoints with the same user")
    func secretOfAllEndpoints() async throws {
        let brokers = [try ScriptedBroker(), try ScriptedBroker()]
        async let first: Void = brokers[0].serve { peer in
            _ = try SecretTests.password(peer)
            try peer.expect(ChannelOpen.id)
        }
        var configuration = RecoveryTests.quick
        configuration.recovery.initialDelay = .milliseconds(200)
        let connection = try await AMQPConnection.connect(
            brokers.map(\.url).joined(separator: ","), configuration: configuration)
        _ = try? await connection.openChannel()
        try await first
        try await eventually("lost") { await connection.state != .open }
        try await connection.updateSecret("token", reason: "")
        // The first endpoint breaks the login off, so that the second is tried.
        async let refused: String = brokers[0].serve { peer in
            try peer.readProtocolHeader()
            try peer.send(ScriptedPeer.start, channel: 0)
            let response = try peer.expect { if case .connectionStartOk(let ok) = $0 { ok.response } else { nil } }
            return String(decoding: response.split(separator: 0).last ?? [], as: UTF8.self)
        }
        let second = try await brokers[1].serve { peer in try SecretTests.password(peer) }
        #expect(try await refused == "token")
        #expect(second == "token")
        await connection.close()
    }
}
