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
        _ setup: ServiceSetup, _ broker: Broker, prefetch: UInt16, fee: Fee, sender: WebhookSender
    ) -> GroupConsumers {
        var groups = GroupConsumers(
            on: setup.group.first, database: setup.database, broker: broker, prefetch: prefetch,
            metrics: setup.metrics, log: setup.log)
        let lag = setup.metrics.histogram(
            "order_view_lag_seconds",
            help: "From the change of an order to its commit in the table of where orders are.")
        groups.add(.delivery) { message in
            switch try OrderMessage(type: message.type, body: message.body) {
            case .completed(let message):
                // The message of the status says it too, with everything else.
                return GroupTask(order: message.orderID) { _ in }
            case .status(let message):
                return GroupTask(order: message.orderID) { db in
                    guard try OrderViews.apply(message, in: db) else { return }
                    db.afterCommit {
                        lag.observe(Double(Timestamp.now.milliseconds - message.changedAt.milliseconds) / 1000)
                    }
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
