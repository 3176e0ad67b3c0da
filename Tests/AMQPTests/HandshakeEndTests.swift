import AMQP
import AMQPWire
import Bytes
import Support
import Testing

/// Serialized, since it counts descriptors of the whole process.
@Suite("The end of the stream during the handshake", .serialized, .timeLimit(.minutes(1)))
struct HandshakeEndTests {
    enum Step: CaseIterable {
        case atOnce, afterProtocolHeader, withinStart, afterStart, afterStartOk, withinTune, afterTune, afterTuneOk
        case afterOpen, withinOpenOk
    }

    static func serve(_ step: Step, _ peer: ScriptedPeer) throws {
        /// All but the last octet.
        func sendPart(of method: some MethodPayload) throws {
            var buffer = ByteBuffer()
            try buffer.append(method, channel: 0)
            try peer.write(Array(buffer.array.dropLast()))
        }
        let tune = ConnectionTune(channelMax: 1, frameMax: 8192, heartbeat: 1)
        if step == .atOnce { return }
        try peer.readProtocolHeader()
        if step == .afterProtocolHeader { return }
        if step == .withinStart { return try sendPart(of: ScriptedPeer.start) }
        try peer.send(ScriptedPeer.start, channel: 0)
        if step == .afterStart { return }
        try peer.expect(ConnectionStartOk.id)
        if step == .afterStartOk { return }
        if step == .withinTune { return try sendPart(of: tune) }
        try peer.send(tune, channel: 0)
        if step == .afterTune { return }
        try peer.expect(ConnectionTuneOk.id)
        if step == .afterTuneOk { return }
        try peer.expect(ConnectionOpen.id)
        if step == .afterOpen { return }
        try sendPart(of: ConnectionOpenOk())
    }

    /// Held by a connection's configuration: gone when the connection, its tasks and timers are.
    private final class Token: Sendable {}

    @Test("behaviour 10: the end of the stream is a prompt error that leaks nothing", arguments: Step.allCases)
    func end(_ step: Step) async throws {
        let broker = try ScriptedBroker()
        let descriptors = try ProcessFigures.descriptors()
        weak var last: Token?
        let count = 60
        for _ in 0..<count {
            async let served: Void = broker.serve { try Self.serve(step, $0) }
            let token = Token()
            last = token
            var configuration = AMQPConfiguration()
            configuration.onEvent = { _ in withExtendedLifetime(token) {} }
            let start = ContinuousClock.now
            let error = await #expect(throws: AMQPError.self) {
                try await AMQPConnection.connect(broker.url, configuration: configuration)
            }
            // The time limit of the handshake is 10 s.
            #expect(ContinuousClock.now - start < .seconds(5))
            #expect(error?.code == .connectionLost)
            #expect(error?.host == "127.0.0.1:\(broker.port)")
            try await served
        }
        try await eventually("the connection is released") { last == nil }
        // Other tests open some too, but not as many.
        try await eventually("the sockets are closed") {
            try ProcessFigures.descriptors() < descriptors + count / 2
        }
    }
}
