import AMQP
import Delivery
import EventLoop
import Failpoints
import SQLite
import Service

/// Puts announced orders into the event log. Those whose store accepts by itself are accepted in the same transaction.
package struct OrderWork: MessageWork {
    let news: OrderNews
    /// Told on the writer's thread, after each commit, what it appended.
    let appended: @Sendable ([FeedEvent]) -> Void

    package var pause: Duration? { nil }

    package func read(_ delivery: AMQPDelivery) -> MessageReading<OrderAnnouncement> {
        OrderAnnouncement.read(delivery.body, delivery.properties)
    }

    package func orderID(of order: OrderAnnouncement) -> Int? { order.orderID }

    package func apply(
        _ orders: [OrderAnnouncement], in db: SQLite.Connection
    ) throws -> [DeliveryPolicy.Outcome] {
        var new: [FeedEvent] = []
        func tell() {
            guard !new.isEmpty else { return }
            db.afterCommit { [appended, new] in appended(new) }
            new = []
        }
        let outcomes = try orders.map { order in
            let announcement = try Feed.announce(order: order.orderID, traceParent: order.traceParent, in: db)
            try Failpoint.reach("consumer.before-commit", ["order": "\(order.orderID)"])
            switch announcement {
            case .appended(let event):
                new.append(event)
                if let due = try AutoAccept.due(order: order.orderID, in: db) {
                    // The tabs hear of the order before they hear that it is accepted.
                    tell()
                    try due.accept(telling: news, in: db)
                }
                return DeliveryPolicy.Outcome.settled
            case .known: return .settled
            // The transaction began after the message was taken: it sees every order that was committed before.
            case .unknownOrder: return .hopeless("there is no order \(order.orderID)")
            }
        }
        tell()
        return outcomes
    }
}

/// Takes announced orders from `delivery.queue` into the event log: success means *in the log*, never *sent to a browser*.
package typealias OrderConsumer = QueueConsumer<OrderWork>

extension QueueConsumer where Work == OrderWork {
    /// - Parameters:
    ///   - news: of orders whose stores accept by themselves.
    ///   - appended: told on the writer's thread, after each commit, what it appended.
    package init(
        on loop: EventLoop, database: Database, broker: Broker, prefetch: UInt16, metrics: Metrics, log: Logger,
        news: OrderNews, appended: @escaping @Sendable ([FeedEvent]) -> Void
    ) {
        self.init(
            OrderWork(news: news, appended: appended), of: .orders, on: loop, database: database, broker: broker,
            prefetch: prefetch, metrics: metrics, log: log)
    }
}
