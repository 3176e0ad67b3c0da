import AMQP
import Support
import Testing

@Suite("Freeing")
struct FreeingTests {
    @Test("a closed connection is freed at once, not when the time for closing is over")
    func closed() async throws {
        let broker = try ScriptedBroker()
        var configuration = AMQPConfiguration.alone
        configuration.closeTimeout = .seconds(600)
        async let served: Void = broker.serve { peer in
            try peer.handshake()
            try peer.farewell()
        }
        var connection: AMQPConnection? = try await AMQPConnection.connect(broker.url, configuration: configuration)
        weak let left = connection
        await connection?.close()
        try await served
        connection = nil
        try await eventually("the connection is freed", within: 5) { left == nil }
    }
}
