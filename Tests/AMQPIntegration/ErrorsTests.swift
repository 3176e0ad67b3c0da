import AMQP
import Support
import Testing

@Suite("RabbitMQ: what it objects to", .timeLimit(.minutes(2)))
struct AMQPErrorsTests {
    /// The error of a step on a channel of its own, which the broker closes.
    func failure(
        _ connection: AMQPConnection, _ step: (AMQPChannel) async throws -> Void
    ) async throws -> AMQPError {
        try await connection.withChannel { channel in
            let error = await #expect(throws: AMQPError.self) { try await step(channel) }
            return try #require(error)
        }
    }

    @Test("a declaration that differs names the argument and both values")
    func differences() async throws {
        try await withTestChannel { connection, channel in
            try await channel.declareQueue("q", arguments: .queue(messageTTL: .seconds(60)))
            try await channel.declareExchange("e", type: .direct)
            let durable = try await failure(connection) {
                try await $0.declareQueue("q", durable: false, arguments: .queue(messageTTL: .seconds(60)))
            }
            #expect(durable.code == .preconditionFailed)
            #expect(durable.difference?.argument == "durable")
            #expect(durable.difference?.entity?.name == "q")
            #expect(durable.difference?.received == "false")
            #expect(durable.difference?.current == "true")
            #expect(durable.reply?.code == .preconditionFailed)
            #expect(durable.reply?.method == "queue.declare")
            let other = try await failure(connection) {
                try await $0.declareQueue("q", arguments: .queue(messageTTL: .seconds(30)))
            }
            #expect(other.difference?.argument == "x-message-ttl")
            #expect(other.difference?.received == "30000")
            #expect(other.difference?.current == "60000")
            let none = try await failure(connection) { try await $0.declareQueue("q") }
            #expect(none.difference?.argument == "x-message-ttl")
            #expect(none.difference?.received == nil)
            let type = try await failure(connection) { try await $0.declareExchange("e", type: .fanout) }
            #expect(type.difference?.argument == "type")
            #expect(type.difference?.entity?.kind == .exchange)
            #expect(type.difference?.current == "direct")
            let invalid = try await failure(connection) {
                try await $0.declareQueue("r", arguments: ["x-max-length": -5])
            }
            #expect(invalid.code == .preconditionFailed)
            #expect(invalid.argument == "x-max-length")
            #expect(invalid.entity?.name == "r")
        }
    }

    @Test("what is missing, locked, in use or not allowed is told apart, with its name")
    func refusals() async throws {
        let broker = try await RabbitMQBroker.shared()
        let host = try await broker.makeVirtualHost()
        let url = broker.url(virtualHost: host)
        try await AMQPConnection.withConnection(url) { connection in
            let entity = AMQPEntity(.queue, "q", virtualHost: host)
            let missing = try await failure(connection) { _ = try await $0.checkQueue("q") }
            #expect(missing.code == .notFound)
            #expect(missing.entity == entity)
            let exchange = try await failure(connection) { try await $0.checkExchange("e") }
            #expect(exchange.code == .notFound)
            #expect(exchange.entity == AMQPEntity(.exchange, "e", virtualHost: host))
            let reserved = try await failure(connection) { try await $0.declareQueue("amq.mine") }
            #expect(reserved.code == .accessRefused)
            #expect(reserved.entity?.name == "amq.mine")

            try await connection.withChannel { channel in
                let queue = try await channel.declareQueue("q", exclusive: true).name
                try await AMQPConnection.withConnection(url) { other in
                    let locked = try await failure(other) { _ = try await $0.checkQueue(queue) }
                    #expect(locked.code == .resourceLocked)
                    #expect(locked.entity == entity)
                }
                let consumer = try await channel.consume(queue, exclusive: true)
                let second = try await failure(connection) { _ = try await $0.consume(queue) }
                #expect(second.code == .accessRefused)
                #expect(second.entity == entity)
                let used = try await failure(connection) { try await $0.deleteQueue(queue, ifUnused: true) }
                #expect(used.code == .preconditionFailed)
                #expect(used.entity == entity)
                try await consumer.cancel()
            }
        }
        try await broker.deleteVirtualHost(host)
    }

    @Test("a user without permission is told what was refused; publishing too")
    func permissions() async throws {
        let broker = try await RabbitMQBroker.shared()
        let host = try await broker.makeVirtualHost()
        let user = "reader-\(host)"
        try await broker.addUser(user, password: "secret")
        try await broker.setPermissions(user: user, virtualHost: host, configure: "^$", write: "^$", read: ".*")
        let url = broker.url(user: user, password: "secret", virtualHost: host)
        try await AMQPConnection.withConnection(broker.url(virtualHost: host)) { owner in
            try await owner.withChannel { try await $0.declareExchange("e", type: .fanout) }
            try await AMQPConnection.withConnection(url) { connection in
                let declare = try await failure(connection) { try await $0.declareQueue("q") }
                #expect(declare.code == .accessRefused)
                #expect(declare.entity == AMQPEntity(.queue, "q", virtualHost: host))
                #expect(declare.reply?.text.contains(user) == true)
                let publish = try await failure(connection) { try await $0.publish([], to: "e") }
                #expect(publish.code == .publishUnknown)
                #expect(publish.reply?.code == .accessRefused)
                #expect(publish.entity == AMQPEntity(.exchange, "e", virtualHost: host))
            }
        }
        let other = await #expect(throws: AMQPError.self) {
            try await AMQPConnection.connect(broker.url(user: user, password: "secret"))
        }
        #expect(other?.code == .virtualHost)
        #expect(other?.message.contains("may not enter") == true)
        let missing = await #expect(throws: AMQPError.self) {
            try await AMQPConnection.connect(broker.url(virtualHost: "missing"))
        }
        #expect(missing?.code == .virtualHost)
        #expect(missing?.message.contains("there is no virtual host 'missing'") == true)
        try await broker.deleteVirtualHost(host)
    }
}
