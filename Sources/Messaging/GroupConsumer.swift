import AMQP
import AMQPWire
import Delivery
import EventLoop
import Failpoints
import SQLite
import Service

/// A message of `order.events`, as a group gets it. What it says stands in its body and its type: after a retry or a replay
/// its routing key is the name of the group's queue.
package struct GroupMessage: Sendable {
    package let body: [UInt8]
    package let type: String?
    package let messageID: String?
    package let traceParent: String?
}

/// What a group does with a message.
package struct GroupTask: Sendable {
    /// For the log.
    package let orderID: Int?
    /// Runs in a write transaction that others may share; it must be right when it runs twice for the same message, and when
    /// messages come in another order than they were sent. What is to happen after the commit it hands to `afterCommit`.
    package let apply: @Sendable (SQLite.Connection) throws -> Void

    package init(order: Int?, apply: @escaping @Sendable (SQLite.Connection) throws -> Void) {
        orderID = order
        self.apply = apply
    }
}

/// Why a message is none that a group understands. It goes to the dead letters with this text.
package struct UnreadableMessage: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// The work of a group.
package struct GroupWork: MessageWork {
    let name: String
    let read: @Sendable (GroupMessage) throws -> GroupTask

    package var pause: Duration? { .milliseconds(20) }

    package func read(_ delivery: AMQPDelivery) -> MessageReading<GroupTask> {
        let properties = delivery.properties
        let message = GroupMessage(
            body: delivery.body, type: properties.type, messageID: properties.messageID,
            traceParent: OrderAnnouncement.traceParent(properties))
        do {
            return .message(try read(message))
        } catch {
            return .unreadable("no message of an order: \(error)")
        }
    }

    package func orderID(of task: GroupTask) -> Int? { task.orderID }

    package func apply(_ tasks: [GroupTask], in db: SQLite.Connection) throws -> [DeliveryPolicy.Outcome] {
        for task in tasks {
            try task.apply(db)
            try Failpoint.reach("group.before-commit", ["group": name, "order": "\(task.orderID ?? 0)"])
        }
        return tasks.map { _ in .settled }
    }
}

/// Consumes the queue of a group: see `Docs/Events.md`.
package typealias GroupConsumer = QueueConsumer<GroupWork>

extension QueueConsumer where Work == GroupWork {
    /// - Parameter read: reads a message, on the loop, and says what to do in the transaction. What it throws makes the
    ///   message a dead letter.
    package init(
        _ group: ConsumerGroup, on loop: EventLoop, database: Database, broker: Broker, prefetch: UInt16,
        metrics: Metrics, log: Logger, read: @escaping @Sendable (GroupMessage) throws -> GroupTask
    ) {
        self.init(
            GroupWork(name: group.name, read: read), of: MessageSource(group), on: loop, database: database,
            broker: broker, prefetch: prefetch, metrics: metrics, log: log)
    }
}
