import AMQP
import AMQPWire
import EventLoop
import Messaging
import Service
import Support

extension DeadLetterQueueTests {
    /// A virtual host of its own with the topology and without services: what is replayed stays on `delivery.queue`.
    struct Fixture: Sendable {
        static let name = "delivery.dead.queue"

        /// Where it is not the times that are tested, a busy machine may take them.
        static let patient = {
            var limits = DeadLetterQueue.Limits()
            limits.operation = .seconds(20)
            limits.lock = .seconds(10)
            limits.line = .seconds(20)
            return limits
        }()

        let broker: RabbitMQBroker
        let virtualHost: String
        let channel: AMQPChannel

        static func withQueue(
            _ limits: DeadLetterQueue.Limits = Self.patient,
            forget: @escaping @Sendable (BasicProperties, [UInt8]) async throws -> Void = { _, _ in },
            _ body: @escaping @Sendable (Fixture, DeadLetterQueue) async throws -> Void
        ) async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            try await AMQPConnection.withConnection(broker.url(virtualHost: host), name: "test") { connection in
                let channel = try await connection.openChannel()
                try await Broker.declare(on: channel)
                let fixture = Fixture(broker: broker, virtualHost: host, channel: channel)
                try await fixture.withQueue(limits, forget: forget) { try await body(fixture, $0) }
            }
            try await broker.deleteVirtualHost(host)
        }

        /// One instance, on a loop of its own.
        ///
        /// - Parameter url: of the broker, where it is another one.
        func withQueue(
            _ limits: DeadLetterQueue.Limits = Self.patient, url: String? = nil,
            forget: @escaping @Sendable (BasicProperties, [UInt8]) async throws -> Void = { _, _ in },
            _ body: (DeadLetterQueue) async throws -> Void
        ) async throws {
            let loop = try EventLoop(name: "dead letters")
            try loop.start()
            let log = Logger(service: "test", level: .error, format: .json, descriptor: -1)
            let queue = DeadLetterQueue(
                try Broker(url ?? broker.url(virtualHost: virtualHost), service: "test", log: log), on: loop,
                limits: limits, metrics: Metrics(), log: log, forget: forget)
            try await body(queue)
            log.close()
            loop.stop()
        }

        /// A dead letter, as the consumer makes them.
        func publish(_ number: Int) async throws {
            let properties = BasicProperties(
                headers: [
                    "kept": 1, "x-error": .string("reason \(number)"), "x-attempts": 3,
                    "x-first-seen": "2026-11-20T08:49:03.796Z",
                ], deliveryMode: .persistent, messageID: "\(number)")
            try await channel.publish(
                Array("poison \(number)".utf8), to: "delivery.dead.exchange", routingKey: "delivery.key",
                properties: properties, mandatory: true)
        }

        func state() async throws -> QueueState? { try await broker.queue(Self.name, virtualHost: virtualHost) }
    }
}
