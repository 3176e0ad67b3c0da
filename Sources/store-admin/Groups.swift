import Delivery
import EventLoop
import Messaging
import SQLite
import Service
import Web

/// What `store-admin` makes of the events of orders. `Docs/Events.md` tells how to add a group.
enum Groups {
    static func all(_ setup: ServiceSetup, _ broker: Broker, prefetch: UInt16) -> GroupConsumers {
        let groups = GroupConsumers(
            on: setup.group.first, database: setup.database, broker: broker, prefetch: prefetch,
            metrics: setup.metrics, log: setup.log)
        return groups
    }
}
