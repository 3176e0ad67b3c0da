import AMQP
import AMQPWire
import Dispatch
import Support
import Testing

@Suite("Updating the secret", .timeLimit(.minutes(1)))
struct SecretTests {
    static func password(_ peer: ScriptedPeer) throws -> String {
        try peer.readProtocolHeader()
        try peer.send(ScriptedPeer.start, channel: 0)
        let response = try peer.expect { if case .connectionStartOk(let ok) = $0 { ok.response } else { nil } }
        try peer.send(ConnectionTune(channelMax: 10, frameMax: 8192, heartbeat: 60), channel: 0)
        try peer.expect(ConnectionTuneOk.id)
        try peer.expect(ConnectionOpen.id)
        try peer.send(ConnectionOpenOk(), channel: 0)
        return String(decoding: response.split(separator: 0).last ?? [], as: UTF8.self)
    }

    static func secret(_ method: Method) -> String? {
        if case .connectionUpdateSecret(let update) = method {
            String(decoding: update.newSecret, as: UTF8.self)
        } else {
            nil
        }
    }

    @Test("the call returns with the broker's answer, and the next login uses the new secret")
    func nextLogin() async throws {
        let broker = try ScriptedBroker()
        async let passwords = {
            let first = try await broker.serve { peer in
                let password = try Self.password(peer)
                guard try peer.expect(Self.secret) == "token-2" else { throw SupportError("another secret") }
                try peer.send(ConnectionUpdateSecretOk(), channel: 0)
                // A request tells that the client has gone on.
                try peer.openChannel()
                return password
            }
            let second = try await broker.serve { peer in
                let password = try Self.password(peer)
                try peer.farewell()
                return password
            }
            return [first, second]
        }()
        try await AMQPConnection.withConnection(broker.url, configuration: RecoveryTests.quick) { connection in
            try await connection.updateSecret("token-2", reason: "renewed")
            let events = connection.events()
            _ = try? await connection.openChannel()
            for await event in events {
                if case .recovered = event { break }
            }
        }
        #expect(try await passwords == ["guest", "token-2"])
    }

    @Test("concurrent calls get their own answers in order; one that gave up leaves its answer behind")
    func concurrent() async throws {
        let broker = try ScriptedBroker()
        async let served: Void = broker.serve { peer in
            _ = try Self.password(peer)
            guard try peer.expect(Self.secret) == "a" else { throw SupportError("another secret") }
            guard try peer.expect(Self.secret) == "b" else { throw SupportError("another secret") }
            try peer.send(ConnectionUpdateSecretOk(), channel: 0)
            try peer.openChannel()
            try peer.send(ConnectionUpdateSecretOk(), channel: 0)
            try peer.farewell()
        }
        var configuration = AMQPConfiguration.alone
        configuration.requestTimeout = .seconds(10)
        try await AMQPConnection.withConnection(broker.url, configuration: configuration) { connection in
            let first = Task { try await connection.updateSecret("a", reason: "") }
            try await eventually("sent") { await connection.pendingSecrets == 1 }
            first.cancel()
            let error = await #expect(throws: AMQPError.self) { try await first.value }
            #expect(error?.code == .cancelled)
            let second = Task { try await connection.updateSecret("b", reason: "") }
            try await eventually("one answer came") { await connection.pendingSecrets == 1 }
            _ = try await connection.openChannel()
            try await second.value
        }
        try await served
    }

    @Test("without an answer the call ends in time; an answer that nobody asked for ends the connection")
    func deadline() async throws {
        let broker = try ScriptedBroker()
        async let served: Void = broker.serve { peer in
            _ = try Self.password(peer)
            _ = try peer.expect(Self.secret)
            try peer.openChannel()
            for _ in 0..<2 { try peer.send(ConnectionUpdateSecretOk(), channel: 0) }
            try peer.expect { if case .connectionClose(let close) = $0, close.replyCode == 503 { () } else { nil } }
        }
        var configuration = AMQPConfiguration.alone
        configuration.requestTimeout = .milliseconds(200)
        try await AMQPConnection.withConnection(broker.url, configuration: configuration) { connection in
            let error = await #expect(throws: AMQPError.self) { try await connection.updateSecret("a", reason: "") }
            #expect(error?.code == .timeout)
            let events = connection.events()
            _ = try? await connection.openChannel()
            for await event in events {
                if case .closed(let error) = event { #expect(error?.code == .protocolViolation) }
            }
        }
        try await served
    }

    @Test("a refusal ends the connection with the broker's words, and the former secret stays")
    func refused() async throws {
        let broker = try ScriptedBroker()
        async let password = {
            try await broker.serve { peer in
                _ = try Self.password(peer)
                _ = try peer.expect(Self.secret)
                try peer.send(
                    ConnectionClose(replyCode: 530, replyText: "NOT_ALLOWED - New secret was refused"), channel: 0)
                try peer.expect(ConnectionCloseOk.id)
            }
            return try await broker.serve { peer in
                let password = try Self.password(peer)
                try peer.farewell()
                return password
            }
        }()
        try await AMQPConnection.withConnection(broker.url, configuration: RecoveryTests.quick) { connection in
            let events = connection.events()
            let error = await #expect(throws: AMQPError.self) { try await connection.updateSecret("a", reason: "") }
            #expect(error?.code == .connectionClosedByPeer)
            #expect(error?.reply?.text.contains("refused") == true)
            for await event in events {
                if case .recovered = event { break }
            }
        }
        #expect(try await password == "guest")
    }

    @Test("while there is no connection the secret is kept for the next login")
    func whileDown() async throws {
        let broker = try ScriptedBroker()
        var configuration = RecoveryTests.quick
        // Time enough to hand over the secret before the next login.
        configuration.recovery.initialDelay = .seconds(2)
        configuration.recovery.ceiling = .seconds(2)
        async let first: Void = broker.serve { peer in
            _ = try Self.password(peer)
            try peer.expect(ChannelOpen.id)
        }
        let connection = try await AMQPConnection.connect(broker.url, configuration: configuration)
        _ = try? await connection.openChannel()
        try await first
        try await eventually("lost") { await connection.state != .open }
        try await connection.updateSecret("token", reason: "")
        let password = try await broker.serve { peer in
            let password = try Self.password(peer)
            return password
        }
        #expect(password == "token")
        await connection.close()
    }

    @Test("a secret that comes while a login is under way is the one that is sent, if it has not been")
    func whileLoggingIn() async throws {
        let broker = try ScriptedBroker()
        async let first: Void = broker.serve { peer in
            _ = try Self.password(peer)
            try peer.expect(ChannelOpen.id)
        }
        let connection = try await AMQPConnection.connect(broker.url, configuration: RecoveryTests.quick)
        _ = try? await connection.openChannel()
        try await first
        let (waiting, isWaiting) = AsyncStream<Void>.makeStream()
        let updated = DispatchSemaphore(value: 0)
        async let password = broker.serve { peer in
            try peer.readProtocolHeader()
            isWaiting.finish()
            updated.wait()
            try peer.send(ScriptedPeer.start, channel: 0)
            return try peer.expect { if case .connectionStartOk(let ok) = $0 { ok.response } else { nil } }
        }
        for await _ in waiting {}
        try await connection.updateSecret("token", reason: "")
        updated.signal()
        #expect(String(decoding: try await password.split(separator: 0).last ?? [], as: UTF8.self) == "token")
        await connection.close()
    }
}
