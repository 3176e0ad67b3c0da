/// Those who consume the events of orders together: a durable queue of their own, in which every message waits whose routing
/// key one of the bindings matches. Each group gets each message; within a group one instance gets it.
package struct ConsumerGroup: Hashable, Sendable {
    /// In logs, metrics, and names of connections.
    package let name: String
    package let queue: String
    /// Patterns of a topic exchange: `*` is one word, `#` any number of them.
    package let bindings: [String]

    package init(name: String, queue: String, bindings: [String]) {
        self.name = name
        self.queue = queue
        self.bindings = bindings
    }

    /// Keeps the table that says where each order is.
    package static let delivery = ConsumerGroup(
        name: "delivery", queue: "delivery-group-id", bindings: ["order.completed"] + changes)
    /// Books what the stores have earned.
    package static let settlement = ConsumerGroup(
        name: "settlement", queue: "settlement-group-id",
        bindings: ["order.completed", "order.reject", "order.cancel", "order.expired"])
    /// Tells customers' own systems.
    package static let notification = ConsumerGroup(
        name: "notification", queue: "notification-group-id", bindings: ["order.completed"] + changes)

    package static let all = [delivery, settlement, notification]

    /// The keys of all statuses but the one of which `order.completed` tells too: a busy broker has half the work.
    private static let changes = OrderStatus.allCases.filter { $0 != .order }.map(\.routingKey)
}
