import Delivery
import EventLoop
import Messaging
import Notifications
import SQLite
import Service
import Web

/// What `store-admin` makes of the events of orders. `Docs/Events.md` tells how to add a group.
enum Groups {
    static func all(
        _ setup: ServiceSetup, _ broker: Broker, fee: Fee, sender: WebhookSender
    ) -> GroupConsumers {
        var groups = GroupConsumers(
            on: setup.group.first, database: setup.database, broker: broker, metrics: setup.metrics, log: setup.log)
        let lag = setup.metrics.histogram(
            "order_view_lag_seconds",
            help: "From the change of an order to its commit in the table of where orders are.")
        @Sendable func note(_ changedAt: Timestamp, after db: SQLite.Connection) {
            db.afterCommit {
                lag.observe(Double(Timestamp.now.milliseconds - changedAt.milliseconds) / 1000)
            }
        }
        groups.add(.delivery) { message in
            switch try OrderMessage(type: message.type, body: message.body) {
            case .completed(let message):
                return GroupTask(order: message.orderID) { db in
                    if try OrderViews.refresh(order: message.orderID, in: db) { note(message.completedAt, after: db) }
                }
            case .status(let message):
                return GroupTask(order: message.orderID) { db in
                    if try OrderViews.apply(message, in: db) { note(message.changedAt, after: db) }
                }
            }
        }
        groups.add(.settlement) { message in
            let order = try OrderMessage(type: message.type, body: message.body).orderID
            return GroupTask(order: order) { db in try Settlement.settle(order: order, fee: fee, in: db) }
        }
        groups.add(.notification) { try NotificationGroup.read($0, for: sender) }
        return groups
    }
}
