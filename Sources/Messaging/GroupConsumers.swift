import AMQP
import Delivery
import EventLoop
import SQLite
import Service

/// The groups that a service consumes, each with connections of its own: what holds up one holds up no other.
package struct GroupConsumers: Sendable {
    /// What may come within the pause that `GroupWork` makes, at ten thousand messages a second.
    private static let prefetch: UInt16 = 256

    private let loop: EventLoop
    private let database: Database
    private let broker: Broker
    private let metrics: Metrics
    private let log: Logger
    private var consumers: [GroupConsumer] = []

    package init(
        on loop: EventLoop, database: Database, broker: Broker, metrics: Metrics, log: Logger
    ) {
        self.loop = loop
        self.database = database
        self.broker = broker
        self.metrics = metrics
        self.log = log
    }

    /// - Parameter read: see `GroupConsumer`.
    package mutating func add(
        _ group: ConsumerGroup, read: @escaping @Sendable (GroupMessage) throws -> GroupTask
    ) {
        consumers.append(
            GroupConsumer(
                group, on: loop, database: database, broker: broker, prefetch: Self.prefetch, metrics: metrics,
                log: log,
                read: read))
    }

    package var areConnected: Bool {
        get async {
            for consumer in consumers where await !consumer.isConnected { return false }
            return true
        }
    }

    /// Runs until `stop`.
    /// - Throws: `Program.StartError` when the broker refuses the very first connection.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for consumer in consumers {
                tasks.addTask(executorPreference: loop) { try await consumer.run() }
            }
            try await tasks.waitForAll()
        }
    }

    /// All at once; see `QueueConsumer.stop`.
    package func stop(within time: Duration) async {
        await withTaskGroup(of: Void.self) { tasks in
            for consumer in consumers {
                tasks.addTask(executorPreference: loop) { await consumer.stop(within: time) }
            }
        }
    }
}
