import AMQP
import Support
import Testing

@Suite("RabbitMQ: connecting", .timeLimit(.minutes(2)))
struct AMQPConnectingTests {
    @Test("behaviour 9: wrong password and wrong virtual host are different errors with the broker's text")
    func refusals() async throws {
        let broker = try await RabbitMQBroker.shared()
        let password = await #expect(throws: AMQPError.self) {
            try await AMQPConnection.connect(broker.url(password: "wrong"))
        }
        #expect(password?.code == .authentication)
        #expect(password?.reply?.code == .accessRefused)
        #expect(password?.message.contains("wrong") == false)
        let host = await #expect(throws: AMQPError.self) {
            try await AMQPConnection.connect(broker.url(virtualHost: "nowhere"))
        }
        #expect(host?.code == .virtualHost)
        #expect(host?.reply?.text.contains("nowhere") == true)
        #expect(host?.virtualHost == "nowhere")
    }
}
