import AMQPWire
import Bytes
import Testing

/// A client's channel 0 and what it wrote, as the server sees it.
final class ConnectionTranscript {
    var out = ByteBuffer()
    var machine: ConnectionMachine

    init(_ settings: HandshakeSettings = HandshakeSettings()) {
        var header = ByteBuffer()
        machine = ConnectionMachine(settings, &header)
        let sent = header.array
        #expect(sent == octets("'AMQP' 00 00 09 01"))
    }

    func receive(_ method: Method) throws -> ConnectionMachine.Action {
        try receive(try encoded { try $0.append(method, channel: 0) })
    }

    func receive(_ octets: [UInt8]) throws -> ConnectionMachine.Action {
        try octets.withUnsafeBytes { bytes in
            try machine.inspect(first: bytes)
            let frame = try #require(try FrameParser().next(bytes))
            return try machine.receive(frame, &out)
        }
    }

    /// What the client wrote since the last look.
    func written() throws -> [Method] {
        defer { out.clear() }
        return try methods(out.array)
    }

    nonisolated static let start = Method.connectionStart(
        ConnectionStart(
            serverProperties: ["capabilities": ["authentication_failure_close": true]],
            mechanisms: Array("AMQPLAIN PLAIN".utf8)))
    static let tune = Method.connectionTune(ConnectionTune(channelMax: 2047, frameMax: 131072, heartbeat: 60))

    func open() throws {
        _ = try receive(Self.start)
        _ = try receive(Self.tune)
        let action = try receive(.connectionOpenOk(ConnectionOpenOk()))
        guard case .opened = action else {
            Issue.record("not opened: \(action)")
            return
        }
        out.clear()
    }
}

@Suite("The connection's machine")
struct ConnectionMachineTests {
    @Test("the handshake: start-ok with PLAIN, tune-ok, open")
    func handshake() throws {
        var settings = HandshakeSettings()
        settings.username = "u"
        settings.password = "p"
        settings.virtualHost = "v"
        settings.connectionName = "api"
        let client = ConnectionTranscript(settings)
        #expect(try client.receive(ConnectionTranscript.start) == .none)
        guard case .connectionStartOk(let ok) = try client.written().first else {
            Issue.record("no start-ok")
            return
        }
        #expect(ok.mechanism == "PLAIN")
        #expect(ok.response == octets("00'u'00'p'"))
        #expect(ok.clientProperties["connection_name"] == .string("api"))
        #expect(ok.clientProperties["capabilities"]?.table?["consumer_cancel_notify"] == .bool(true))
        #expect(try client.receive(ConnectionTranscript.tune) == .none)
        #expect(
            try client.written() == [
                .connectionTuneOk(ConnectionTuneOk(channelMax: 2047, frameMax: 131072, heartbeat: 60)),
                .connectionOpen(ConnectionOpen(virtualHost: "v")),
            ])
        #expect(try client.receive(.connectionOpenOk(ConnectionOpenOk())) == .opened(Tuning()))
    }

    @Test("AMQPLAIN is a table without its length, EXTERNAL is empty")
    func mechanisms() throws {
        #expect(
            try AuthenticationMechanism.amqplain.response(username: "u", password: "p")
                == octets("05'LOGIN' 'S'00000001'u' 08'PASSWORD' 'S'00000001'p'"))
        #expect(try AuthenticationMechanism.external.response(username: "u", password: "p") == [])
        #expect(throws: AMQPError.self) {
            try AuthenticationMechanism.plain.response(username: "u\0", password: "p")
        }
        var settings = HandshakeSettings()
        settings.mechanisms = [.external]
        let client = ConnectionTranscript(settings)
        let error = #expect(throws: AMQPError.self) { try client.receive(ConnectionTranscript.start) }
        #expect(error?.code == .mechanism)
    }

    @Test(
        "tuning takes the lower limit; 0 means no limit",
        arguments: [
            (Tuning(), ConnectionTune(channelMax: 0, frameMax: 0, heartbeat: 0), Tuning()),
            (
                Tuning(), ConnectionTune(channelMax: 100, frameMax: 4096, heartbeat: 10),
                Tuning(channelMax: 100, frameMax: 4096, heartbeat: 10)
            ),
            (
                Tuning(heartbeat: 0), ConnectionTune(channelMax: 9, frameMax: 1 << 20, heartbeat: 30),
                Tuning(channelMax: 9, heartbeat: 30)
            ),
            (
                Tuning(channelMax: 5, frameMax: 8192, heartbeat: 3),
                ConnectionTune(channelMax: 2047, frameMax: 131072, heartbeat: 60),
                Tuning(channelMax: 5, frameMax: 8192, heartbeat: 3)
            ),
        ] as [(Tuning, ConnectionTune, Tuning)])
    func tuning(_ wish: Tuning, _ server: ConnectionTune, _ result: Tuning) throws {
        #expect(try wish.negotiated(with: server) == result)
    }

    @Test("a frame_max below AMQP's least is refused")
    func tinyFrames() {
        #expect(throws: AMQPError.self) { try Tuning().negotiated(with: ConnectionTune(frameMax: 4095)) }
    }

    @Test("behaviour 9: wrong password and wrong virtual host are different errors with the broker's text")
    func refusals() throws {
        let client = ConnectionTranscript()
        _ = try client.receive(ConnectionTranscript.start)
        let password = #expect(throws: AMQPError.self) {
            try client.receive(.connectionClose(ConnectionClose(replyCode: 403, replyText: "ACCESS_REFUSED")))
        }
        #expect(password?.code == .authentication)
        #expect(password?.reply?.text == "ACCESS_REFUSED")

        let other = ConnectionTranscript()
        _ = try other.receive(ConnectionTranscript.start)
        _ = try other.receive(ConnectionTranscript.tune)
        let host = #expect(throws: AMQPError.self) {
            try other.receive(.connectionClose(ConnectionClose(replyCode: 530, replyText: "NOT_ALLOWED")))
        }
        #expect(host?.code == .virtualHost)
        #expect(host?.virtualHost == "/")
        #expect(try other.written().last == .connectionCloseOk(ConnectionCloseOk()))
    }

    @Test(
        "servers of another kind are named",
        arguments: [
            ("'AMQP' 00 00 09 02", AMQPError.Code.versionMismatch), ("'AMQP' 03 01 00 00", .versionMismatch),
            ("15 03 01 00 02 02 46", .tlsMismatch), ("'HTTP/1.1 400 Bad Request'", .notAMQP), ("'SSH-2.0-x'", .notAMQP),
        ])
    func otherServers(_ text: String, _ code: AMQPError.Code) {
        let bytes = octets(text)
        var out = ByteBuffer()
        let machine = ConnectionMachine(HandshakeSettings(), &out)
        let error = #expect(throws: AMQPError.self) { try bytes.withUnsafeBytes { try machine.inspect(first: $0) } }
        #expect(error?.code == code)
    }

    @Test("behaviour 10: the end of the stream means something else at every step")
    func endOfStream() throws {
        let client = ConnectionTranscript()
        #expect(client.machine.endOfStream()?.code == .connectionLost)
        _ = try client.receive(.connectionStart(ConnectionStart(mechanisms: Array("PLAIN".utf8))))
        #expect(client.machine.endOfStream()?.code == .authentication)
        _ = try client.receive(ConnectionTranscript.tune)
        #expect(client.machine.endOfStream()?.code == .connectionLost)
        _ = try client.receive(.connectionOpenOk(ConnectionOpenOk()))
        #expect(client.machine.endOfStream()?.code == .connectionLost)
        _ = try client.machine.close(&client.out)
        #expect(client.machine.endOfStream() == nil)
    }

    @Test("methods out of order are connection errors")
    func outOfOrder() throws {
        for method in Method.samples {
            let client = ConnectionTranscript()
            switch method {
            case .connectionStart, .connectionClose: continue
            default: #expect(throws: AMQPError.self) { try client.receive(method) }
            }
        }
    }

    @Test("the peer's close is answered and told")
    func closedByPeer() throws {
        let client = ConnectionTranscript()
        try client.open()
        let reply = PeerReply(code: .connectionForced, text: "bye", method: nil)
        #expect(
            try client.receive(.connectionClose(ConnectionClose(replyCode: 320, replyText: "bye")))
                == .closedByPeer(reply))
        #expect(try client.written() == [.connectionCloseOk(ConnectionCloseOk())])
        #expect(try client.receive(.connectionUnblocked(ConnectionUnblocked())) == .none)
    }

    @Test("behaviour 15: closing discards everything but close and close-ok, also when both sides close at once")
    func bothClose() throws {
        let client = ConnectionTranscript()
        try client.open()
        #expect(try client.machine.close(&client.out))
        #expect(try client.machine.close(&client.out) == false)
        #expect(try client.written() == [.connectionClose(ConnectionClose(replyCode: 200))])
        #expect(try client.receive(.connectionBlocked(ConnectionBlocked(reason: "x"))) == .none)
        #expect(try client.receive(.connectionClose(ConnectionClose(replyCode: 320))) == .none)
        #expect(try client.written() == [.connectionCloseOk(ConnectionCloseOk())])
        #expect(try client.receive(.connectionCloseOk(ConnectionCloseOk())) == .closed)
    }

    @Test("blocked and unblocked are told")
    func blocked() throws {
        let client = ConnectionTranscript()
        try client.open()
        #expect(
            try client.receive(.connectionBlocked(ConnectionBlocked(reason: "low on memory")))
                == .blocked(reason: "low on memory"))
        #expect(try client.receive(.connectionUnblocked(ConnectionUnblocked())) == .unblocked)
    }

    @Test("heartbeats: sent at half the interval, the peer is gone after two")
    func heartbeats() {
        let second: UInt64 = 1_000_000_000
        var heartbeat = Heartbeat(seconds: 10, now: 0)
        #expect(heartbeat.decide(at: 4 * second, reading: true) == .wait(next: 5 * second))
        #expect(heartbeat.decide(at: 5 * second, reading: true) == .send(next: 10 * second))
        heartbeat.sent(at: 9 * second)
        #expect(heartbeat.decide(at: 10 * second, reading: true) == .wait(next: 14 * second))
        heartbeat.received(at: 12 * second)
        #expect(heartbeat.decide(at: 20 * second, reading: true) == .send(next: 25 * second))
        #expect(heartbeat.decide(at: 32 * second, reading: true) == .peerIsGone)
        #expect(heartbeat.decide(at: 32 * second, reading: false) == .send(next: 37 * second))
        var off = Heartbeat(seconds: 0, now: 0)
        #expect(off.decide(at: 1000 * second, reading: true) == .wait(next: .max))
    }
}
