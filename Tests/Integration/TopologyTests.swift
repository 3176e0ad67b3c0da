import AMQP
import Support
import Testing

@Suite("What exists on the broker already")
struct TopologyTests {
    @Test("queues of retries and of dead letters with other arguments are used as they are, and stop no order")
    func otherArguments() async throws {
        let broker = try await RabbitMQBroker.shared()
        let host = try await broker.makeVirtualHost()
        try await AMQPConnection.withConnection(broker.url(virtualHost: host), name: "test") { connection in
            let channel = try await connection.openChannel()
            try await channel.declareQueue("delivery.retry.5s", arguments: .queue(messageTTL: .seconds(4)))
            try await channel.declareQueue("delivery.dead.queue", arguments: .queue(maxLength: 1000))
            try await channel.declareExchange("delivery.dead.exchange", type: .fanout)
            try await channel.bindQueue("delivery.dead.queue", to: "delivery.dead.exchange")
        }
        let pair = try await ServicePair.start(broker: broker.url(virtualHost: host))
        let stream = pair.stream(try await pair.session(), after: "0")
        try await stream.connect()
        let order = try await pair.order(try await pair.customer())
        try await stream.waitForOrders([order])
        try await AMQPConnection.withConnection(broker.url(virtualHost: host), name: "test") { connection in
            let channel = try await connection.openChannel()
            try await channel.publish(Array("bad".utf8), to: "delivery.exchange", routingKey: "delivery.key")
        }
        try await eventually("the bad one is dead", within: 20) {
            try await broker.queue("delivery.dead.queue", virtualHost: host)?.messages == 1
        }
        stream.close()
        try await pair.stop()
        try await broker.deleteVirtualHost(host)
    }
}
