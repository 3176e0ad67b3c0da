import AMQP
import Support
import Testing

@Suite("What exists on the broker already")
struct TopologyTests {
    @Test("what others have declared with other arguments is used as it is, and stops no order")
    func otherArguments() async throws {
        let broker = try await RabbitMQBroker.shared()
        let host = try await broker.makeVirtualHost()
        try await AMQPConnection.withConnection(broker.url(virtualHost: host), name: "test") { connection in
            let channel = try await connection.openChannel()
            try await channel.declareQueue("delivery.retry.5s", arguments: .queue(messageTTL: .seconds(4)))
            try await channel.declareQueue("delivery.dead.queue", arguments: .queue(maxLength: 1000))
            try await channel.declareExchange("delivery.dead.exchange", type: .fanout)
            try await channel.bindQueue("delivery.dead.queue", to: "delivery.dead.exchange")
            try await channel.declareExchange("order.events", type: .fanout)
            try await channel.declareQueue("settlement-group-id", arguments: .queue(maxLength: 1000))
        }
        // Its owner lives as long as the test.
        let owner = try await AMQPConnection.connect(broker.url(virtualHost: host), name: "owner")
        try await owner.openChannel().declareQueue("notification-group-id", durable: false, exclusive: true)
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
        await owner.close()
        try await pair.stop()
        try await broker.deleteVirtualHost(host)
    }
}
