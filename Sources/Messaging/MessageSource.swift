import Delivery

/// A queue in which a message waits until its time to live is over and the broker moves it back to where it came from.
struct RetryQueue: Equatable, Sendable {
    let name: String
    let delay: Duration
    /// How a message gets there.
    let exchange: String
    let routingKey: String
}

/// A queue that is consumed, and where its messages go that were not settled.
struct MessageSource: Equatable, Sendable {
    let queue: String
    /// nil for the orders.
    let group: String?
    /// In the order in which a message goes through them.
    let retries: [RetryQueue]

    static let orders = MessageSource(
        queue: Topology.queue, group: nil,
        retries: RetryDelay.all.map { delay in
            let name = "delivery.retry.\(delay.name)"
            // By the default exchange, whose routing keys are the queues' names.
            return RetryQueue(name: name, delay: delay.time, exchange: "", routingKey: name)
        })

    init(_ group: ConsumerGroup) {
        queue = group.queue
        self.group = group.name
        retries = RetryDelay.all.map { delay in
            // The queue keeps the routing key, and the default exchange takes it for the group's queue.
            RetryQueue(
                name: delay.sharedName, delay: delay.time, exchange: delay.sharedName, routingKey: group.queue)
        }
    }

    private init(queue: String, group: String?, retries: [RetryQueue]) {
        (self.queue, self.group, self.retries) = (queue, group, retries)
    }

    /// What names a message in `delivery_attempt`: every group gets a copy with the same id.
    func attemptKey(_ message: String) -> String { group.map { "\($0)/\(message)" } ?? message }

    /// Of connections.
    var suffix: String { group.map { " \($0)" } ?? "" }
}

/// How long a message waits after each failure.
struct RetryDelay: Sendable {
    let name: String
    let time: Duration

    /// The exchange and the queue that all groups share.
    var sharedName: String { "\(Topology.eventsExchange).retry.\(name)" }

    static let all = [
        RetryDelay(name: "1s", time: .seconds(1)), RetryDelay(name: "5s", time: .seconds(5)),
        RetryDelay(name: "25s", time: .seconds(25)),
    ]
}
