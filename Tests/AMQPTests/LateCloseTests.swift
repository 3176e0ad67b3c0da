import AMQP
import AMQPWire
import Testing

@Suite("A close that crosses the peer's own", .timeLimit(.minutes(1)))
struct LateCloseTests {
    /// When the answer to this side's close comes, in the next life of the channel's number.
    enum Moment: CaseIterable { case beforeOpen, afterOpen, whileClosing, never }

    @Test(
        "its answer may come late, in whatever moment of the number's next life, and ends nothing",
        arguments: Moment.allCases)
    func late(_ moment: Moment) async throws {
        let broker = try ScriptedBroker()
        async let served: Void = broker.serve { peer in
            try peer.handshake()
            try peer.openChannel(1)
            try peer.expect(ChannelClose.id)
            try peer.send(ChannelClose(replyCode: 404, replyText: "NOT_FOUND"))
            try peer.expect(ChannelCloseOk.id)
            try peer.expect(ChannelOpen.id)
            if moment == .beforeOpen { try peer.send(ChannelCloseOk()) }
            try peer.send(ChannelOpenOk())
            if moment == .afterOpen { try peer.send(ChannelCloseOk()) }
            try peer.expect(QueuePurge.id)
            try peer.send(QueuePurgeOk(messageCount: 3))
            try peer.expect(ChannelClose.id)
            if moment == .whileClosing { try peer.send(ChannelCloseOk()) }
            try peer.send(ChannelCloseOk())
            try peer.openChannel(1)
            try peer.farewell()
        }
        let connection = try await AMQPConnection.connect(broker.url, configuration: .alone)
        await (try await connection.openChannel()).close()
        let next = try await connection.openChannel()
        #expect(try await next.purgeQueue("q") == 3)
        await next.close()
        #expect(try await connection.openChannel().isOpen)
        await connection.close()
        try await served
    }
}
