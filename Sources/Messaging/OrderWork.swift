import AMQP
import Delivery
import EventLoop
import Failpoints
import SQLite
import Service

/// Puts announced orders into the event log.
package struct OrderWork: MessageWork {
    /// Told on the writer's thread, after each commit, what it appended.
    let appended: @Sendable ([FeedEvent]) -> Void

    package func read(_ delivery: AMQPDelivery) -> MessageReading<OrderAnnouncement> {
        OrderAnnouncement.read(delivery.body, delivery.properties)
    }

    package func orderID(of order: OrderAnnouncement) -> Int? { order.orderID }

    package func apply(
        _ orders: [OrderAnnouncement], in db: SQLite.Connection
    ) throws -> [DeliveryPolicy.Outcome] {
        var events: [FeedEvent] = []
        let outcomes = try orders.map { order in
            let announcement = try Feed.announce(order: order.orderID, traceParent: order.traceParent, in: db)
            try Failpoint.reach("consumer.before-commit", ["order": "\(order.orderID)"])
            switch announcement {
            case .appended(let event):
                events.append(event)
                return DeliveryPolicy.Outcome.settled
            case .known: return .settled
            // The transaction began after the message was taken: it sees every order that was committed before.
            case .unknownOrder: return .hopeless("there is no order \(order.orderID)")
            }
        }
        if !events.isEmpty { db.afterCommit { [appended, events] in appended(events) } }
        return outcomes
    }
}

/// Takes announced orders from `delivery.queue` into the event log: success means *in the log*, never *sent to a browser*.
package typealias OrderConsumer = QueueConsumer<OrderWork>

extension QueueConsumer where Work == OrderWork {
    /// - Parameter appended: told on the writer's thread, after each commit, what it appended.
    package init(
        on loop: EventLoop, database: Database, broker: Broker, prefetch: UInt16, metrics: Metrics, log: Logger,
        appended: @escaping @Sendable ([FeedEvent]) -> Void
    ) {
        self.init(
            OrderWork(appended: appended), of: .orders, on: loop, database: database, broker: broker,
            prefetch: prefetch, metrics: metrics, log: log)
    }
}
