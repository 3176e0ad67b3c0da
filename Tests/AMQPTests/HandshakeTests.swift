import AMQP
import AMQPWire
import Support
import Testing

@Suite("Connecting", .timeLimit(.minutes(1)))
struct HandshakeTests {
    func failure(_ script: @escaping @Sendable (ScriptedPeer) throws -> Void) async throws -> AMQPError {
        let broker = try ScriptedBroker()
        async let served: Void = broker.serve(script)
        var failure: AMQPError?
        do throws(AMQPError) {
            let connection = try await AMQPConnection.connect(broker.url)
            await connection.close()
        } catch {
            failure = error
        }
        try await served
        let error = try #require(failure)
        #expect(error.host == "127.0.0.1:\(broker.port)")
        return error
    }

    @Test("connects, opens a channel and closes both in order")
    func roundTrip() async throws {
        let broker = try ScriptedBroker()
        async let seen = broker.serve { peer in
            try peer.handshake()
            try peer.openChannel()
            try peer.expect(ChannelClose.id)
            try peer.send(ChannelCloseOk())
            try peer.expect(ConnectionClose.id)
            try peer.send(ConnectionCloseOk(), channel: 0)
            return try peer.frame() == nil
        }
        try await AMQPConnection.withConnection(broker.url, name: "test") { connection in
            try await connection.withChannel { channel in
                let isOpen = await channel.isOpen
                #expect(isOpen)
            }
        }
        #expect(try await seen)
    }

    @Test("behaviour 9: a wrong password is told with the broker's text")
    func wrongPassword() async throws {
        let error = try await failure { peer in
            try peer.readProtocolHeader()
            try peer.send(ScriptedPeer.start, channel: 0)
            try peer.expect(ConnectionStartOk.id)
            try peer.send(ConnectionClose(replyCode: 403, replyText: "ACCESS_REFUSED"), channel: 0)
            try peer.expect(ConnectionCloseOk.id)
        }
        #expect(error.code == .authentication)
        #expect(error.reply?.text == "ACCESS_REFUSED")
    }

    @Test(
        "servers of another kind are named",
        arguments: [
            (Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), AMQPError.Code.notAMQP),
            ([0x15, 3, 1, 0, 2, 2, 70], .tlsMismatch),
            (Array("AMQP".utf8) + [0, 1, 0, 0], .versionMismatch),
            ([1, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0], .protocolViolation),
            ([1, 0, 0, 0, 0, 0, 4, 0, 10, 0, 99, 0xCE], .protocolViolation),
        ] as [([UInt8], AMQPError.Code)])
    func otherServers(_ octets: [UInt8], _ code: AMQPError.Code) async throws {
        let error = try await failure { peer in
            try peer.write(octets)
            while try peer.readable() {}
        }
        #expect(error.code == code)
    }

    @Test("a server that says nothing is given up when the time is over")
    func silence() async throws {
        let broker = try ScriptedBroker()
        async let served: Void = broker.serve { peer in while try peer.readable() {} }
        let error = await #expect(throws: AMQPError.self) {
            try await AMQPConnection.connect(broker.url + "?connection_timeout=100")
        }
        #expect(error?.code == .connectTimeout)
        try await served
    }

    @Test("nobody listening, no such name, a bad URI and TLS are different errors")
    func unreachable() async throws {
        let port = try FreePort.next()
        let cases: [(String, AMQPError.Code)] = [
            ("amqp://127.0.0.1:\(port)", .unreachable), ("amqp://no-such-host.invalid", .nameResolution),
            ("http://localhost", .invalidURI), ("amqps://127.0.0.1:\(port)", .unreachable),
            ("amqps://127.0.0.1:\(port)?cacertfile=/no/such/file", .tlsConfiguration),
            ("amqps://127.0.0.1:\(port)?keyfile=/no/such/file", .tlsConfiguration),
            ("amqp://127.0.0.1:\(port)?cacertfile=/no/such/file", .invalidURI),
        ]
        for (url, code) in cases {
            let error = await #expect(throws: AMQPError.self) { try await AMQPConnection.connect(url) }
            #expect(error?.code == code, "\(url)")
        }
    }

    @Test("the next host is tried when the first is away")
    func severalHosts() async throws {
        let broker = try ScriptedBroker()
        async let served: Void = broker.serve { peer in
            try peer.handshake()
            try peer.farewell()
        }
        let connection = try await AMQPConnection.connect(
            "amqp://127.0.0.1:\(try FreePort.next()),127.0.0.1:\(broker.port)")
        #expect(await connection.state == .open)
        await connection.close()
        try await served
    }

    @Test("behaviour 16: a hundred concurrent closes send one frame, and all return")
    func manyCloses() async throws {
        let broker = try ScriptedBroker()
        async let closes = broker.serve { peer in
            try peer.handshake()
            var count = 0
            while let frame = try peer.frame() {
                guard frame.kind == .method else { continue }
                count += 1
                try peer.send(ConnectionCloseOk(), channel: 0)
            }
            return count
        }
        let connection = try await AMQPConnection.connect(broker.url)
        await withTaskGroup { group in
            for _ in 0..<100 { group.addTask { await connection.close() } }
        }
        #expect(await connection.state == .closed(nil))
        #expect(try await closes == 1)
    }

    @Test("close returns in time when the broker does not answer")
    func silentClose() async throws {
        let broker = try ScriptedBroker()
        async let served: Void = broker.serve { peer in
            try peer.handshake()
            while try peer.readable() {}
        }
        var configuration = AMQPConfiguration()
        configuration.closeTimeout = .milliseconds(50)
        let connection = try await AMQPConnection.connect(broker.url, configuration: configuration)
        await connection.close()
        #expect(await connection.state == .closed(nil))
        try await served
    }

    @Test("behaviour 16: a hundred concurrent closes of a channel send one frame, and all return")
    func manyChannelCloses() async throws {
        let broker = try ScriptedBroker()
        async let closes = broker.serve { peer in
            try peer.handshake()
            try peer.openChannel()
            var count = 0
            while let frame = try peer.frame() {
                guard frame.kind == .method else { continue }
                if frame.channel == 0 {
                    try peer.send(ConnectionCloseOk(), channel: 0)
                } else {
                    count += 1
                    try peer.send(ChannelCloseOk())
                }
            }
            return count
        }
        try await AMQPConnection.withConnection(broker.url) { connection in
            let channel = try await connection.openChannel()
            await withTaskGroup { group in
                for _ in 0..<100 { group.addTask { await channel.close() } }
            }
            #expect(await channel.isOpen == false)
        }
        #expect(try await closes == 1)
    }

    /// When the broker answers a close that crossed its own: RabbitMQ does not always do it.
    enum Answer: CaseIterable { case atOnce, withOpen, never }

    @Test("behaviour 15: both sides close a channel at once", arguments: Answer.allCases)
    func bothCloseChannel(_ answer: Answer) async throws {
        let broker = try ScriptedBroker()
        async let served: Void = broker.serve { peer in
            try peer.handshake()
            try peer.openChannel(1)
            try peer.openChannel(2)
            try peer.expect(ChannelClose.id)
            try peer.send(ChannelClose(replyCode: 404, replyText: "NOT_FOUND", classID: 60, methodID: 40))
            try peer.expect(ChannelCloseOk.id)
            if answer == .atOnce { try peer.send(ChannelCloseOk()) }
            // The number is free, and nothing of the old channel is left.
            try peer.expect(ChannelOpen.id)
            if answer == .withOpen { try peer.send(ChannelCloseOk()) }
            try peer.send(ChannelOpenOk())
            // A close-ok answers the new channel's close. Another one is too many, unless it is that of the first.
            try peer.expect(ChannelClose.id)
            try peer.send(ChannelCloseOk())
            try peer.expect(QueuePurge.id)
            if answer == .never { try peer.send(ChannelCloseOk()) }
            try peer.send(ChannelCloseOk())
            try peer.expect { if case .connectionClose(let close) = $0, close.replyCode == 504 { () } else { nil } }
        }
        var configuration = AMQPConfiguration.alone
        configuration.closeTimeout = .seconds(30)
        let start = ContinuousClock.now
        try await AMQPConnection.withConnection(broker.url, configuration: configuration) { connection in
            let channel = try await connection.openChannel(), other = try await connection.openChannel()
            await channel.close()
            let next = try await connection.openChannel()
            #expect(await next.isOpen)
            await next.close()
            let error = await #expect(throws: AMQPError.self) { try await other.purgeQueue("q") }
            #expect(error?.code == .protocolViolation)
        }
        #expect(ContinuousClock.now - start < .seconds(20))
        try await served
    }

    @Test("behaviour 15: both sides close the connection at once")
    func bothClose() async throws {
        let broker = try ScriptedBroker()
        async let served: Void = broker.serve { peer in
            try peer.handshake()
            try peer.expect(ConnectionClose.id)
            try peer.send(ConnectionClose(replyCode: 320, replyText: "bye"), channel: 0)
            try peer.expect(ConnectionCloseOk.id)
            try peer.send(ConnectionCloseOk(), channel: 0)
            while try peer.readable() {}
        }
        let connection = try await AMQPConnection.connect(broker.url)
        await connection.close()
        #expect(await connection.state == .closed(nil))
        try await served
    }
}

extension ScriptedPeer {
    /// Reads and forgets; false at the end of the stream, also when the client broke it off.
    func readable() throws -> Bool { try discard() }
}
