import AMQP
import AMQPWire
import Delivery
import EventLoop
import Service
import Synchronized

/// Lists the messages on the dead-letter queue, and replays or discards one of them. They stay on the broker: nothing is
/// copied, so there is nothing that could differ from it.
///
/// Each operation fetches the oldest messages one by one without acknowledging them. When its connection closes, also
/// because this process was killed, the broker puts them back where they were. While it runs it owns a queue that only one
/// connection can own: operations of all instances come one after the other, and none of them sees a queue that another
/// one has just emptied.
///
/// It opens a connection for each operation: operators are rare, and a broker that is down is told at once.
package actor DeadLetterQueue {
    package nonisolated let loop: EventLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// The oldest messages, and how many there are.
    package struct Listing: Sendable {
        package let letters: [DeadLetter]
        package let total: Int
    }

    package struct Limits: Sendable {
        /// How many of the oldest messages are looked at, and how many octets of bodies.
        package var letters = 200
        package var octets = 32 << 20
        /// A list ends after this time with what has come: where the network is slow, some are better than none.
        package var reading = Duration.milliseconds(700)
        /// An operation ends after this time, whatever the broker does.
        package var operation = Duration.milliseconds(1500)
        /// How long to wait for those that came before: here, and at other instances.
        package var line = Duration.seconds(2)
        package var lock = Duration.seconds(1)
        package var waiting = 16

        package init() {}
    }

    /// Exclusive, so that it goes with the connection that has it.
    private static let lock = "delivery.dead.lock"

    private let broker: Broker
    private let limits: Limits
    private let log: Logger
    private let replayed: Counter
    private let discarded: Counter
    /// Told of a message that is replayed, before that: the attempts on it count no more.
    private let forget: @Sendable (BasicProperties, [UInt8]) async throws -> Void
    private var isBusy = false
    private var waiting: [Once<Void>] = []

    package init(
        _ broker: Broker, on loop: EventLoop, limits: Limits = Limits(), metrics: Metrics, log: Logger,
        forget: @escaping @Sendable (BasicProperties, [UInt8]) async throws -> Void
    ) {
        self.broker = broker
        self.loop = loop
        self.limits = limits
        self.log = log
        self.forget = forget
        replayed = metrics.counter("dead_letters_replayed_total", help: "Dead letters that an operator sent again.")
        discarded = metrics.counter("dead_letters_discarded_total", help: "Dead letters that an operator dropped.")
    }

    // MARK: - Operations

    /// - Throws: `DeliveryError` 503.
    package func list() async throws -> Listing {
        try await perform { [limits] channel in
            var letters: [DeadLetter] = []
            let end = ContinuousClock.now + limits.reading
            let total = try await Self.fetch(channel, limits) { letter, _ in
                letters.append(letter)
                return ContinuousClock.now >= end
            }
            return Listing(letters: letters, total: max(total, letters.count))
        }
    }

    /// Publishes a copy to where the message came from, and removes the message when the broker has the copy. A crash in
    /// between leaves both; the consumer knows an order that comes twice.
    /// - Throws: `DeliveryError` 404, 503.
    package func replay(_ id: String) async throws -> DeadLetter {
        let letter = try await perform { [limits, forget] channel in
            let (letter, delivery) = try await Self.find(id, channel, limits)
            let properties = delivery.properties
            try await forget(properties, delivery.body)
            let target = properties.replayTarget
            try await channel.publish(
                delivery.body, to: target.exchange, routingKey: target.routingKey, properties: properties.forReplay,
                mandatory: true)
            try await Self.remove(delivery, channel)
            return letter
        }
        replayed.add()
        return letter
    }

    /// Removes a message for good.
    /// - Throws: `DeliveryError` 404, 503.
    package func discard(_ id: String) async throws -> DeadLetter {
        let letter = try await perform { [limits] channel in
            let (letter, delivery) = try await Self.find(id, channel, limits)
            try await Self.remove(delivery, channel)
            return letter
        }
        discarded.add()
        return letter
    }

    // MARK: - On the broker

    /// Fetches messages, the oldest first, until `isLast` says that one is, or there is none left, or enough.
    /// - Returns: how many there were.
    private static func fetch(
        _ channel: AMQPChannel, _ limits: Limits, until isLast: (DeadLetter, AMQPDelivery) -> Bool
    ) async throws -> Int {
        let total = try await channel.checkQueue(Topology.deadQueue).messageCount
        var count = 0
        var octets = 0
        while count < limits.letters, octets < limits.octets,
            let delivery = try await channel.get(Topology.deadQueue)
        {
            count += 1
            octets += delivery.body.count
            if isLast(DeadLetter(delivery.properties, body: delivery.body), delivery) { break }
        }
        return total
    }

    private static func find(
        _ id: String, _ channel: AMQPChannel, _ limits: Limits
    ) async throws -> (DeadLetter, AMQPDelivery) {
        var found: (DeadLetter, AMQPDelivery)?
        _ = try await fetch(channel, limits) { letter, delivery in
            guard letter.id == id else { return false }
            found = (letter, delivery)
            return true
        }
        guard let found else { throw DeliveryError.deadLetterNotFound }
        return found
    }

    private static func remove(_ delivery: AMQPDelivery, _ channel: AMQPChannel) async throws {
        guard try await delivery.ack() == .sent else {
            throw AMQPError(.connectionLost, "the connection was lost before the acknowledgement")
        }
        // An acknowledgement has no answer; what comes after it on the channel has one.
        _ = try await channel.checkQueue(Topology.deadQueue)
    }

    private func perform<Result: Sendable>(
        _ body: @escaping @Sendable (AMQPChannel) async throws -> Result
    ) async throws -> Result {
        try await enter()
        defer { leave() }
        do {
            return try await loop.withTimeout(limits.operation, throwing: DeliveryError.brokerAway) {
                [broker, limits, loop] in
                let connection = try await broker.connectOnce("dead letters of operators", on: loop)
                do {
                    let channel = try await Self.open(connection, within: limits.lock, loop)
                    let result = try await body(channel)
                    await connection.close()
                    return result
                } catch {
                    await connection.close()
                    throw error
                }
            }
        } catch let error as AMQPError {
            log.warning("the dead-letter queue cannot be worked on", ["error": LogValue("\(error)")])
            throw DeliveryError.brokerAway
        }
    }

    /// A channel of the connection that has the lock.
    private static func open(
        _ connection: AMQPConnection, within time: Duration, _ loop: EventLoop
    ) async throws -> AMQPChannel {
        let deadline = ContinuousClock.now + time
        while true {
            let channel = try await connection.openChannel()
            do throws(AMQPError) {
                try await channel.declareQueue(lock, durable: false, exclusive: true)
            } catch {
                guard error.code == .resourceLocked else { throw error }
                // It has ended the channel.
                guard ContinuousClock.now < deadline else { throw DeliveryError.deadLettersBusy }
                try await loop.sleep(for: .milliseconds(20))
                continue
            }
            try await Broker.declareOrders(on: channel)
            try await Broker.declareDead(on: channel)
            return channel
        }
    }

    // MARK: - The line of this process

    private func enter() async throws {
        guard isBusy else {
            isBusy = true
            return
        }
        waiting.removeAll { $0.isFinished }
        guard waiting.count < limits.waiting else { throw DeliveryError.deadLettersBusy }
        let turn = Once<Void>()
        waiting.append(turn)
        // Timer and cancellation come on the loop, as `leave` does: none of them gets between its look and its grant.
        let timer = loop.schedule(after: limits.line) { turn.finish(.failure(DeliveryError.deadLettersBusy)) }
        defer { loop.cancel(timer) }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { turn.wait($0) }
        } onCancel: { [loop] in
            loop.execute { turn.finish(.failure(CancellationError())) }
        }
    }

    private func leave() {
        while !waiting.isEmpty {
            let next = waiting.removeFirst()
            guard next.isFinished else { return next.finish(.success(())) }
        }
        isBusy = false
    }
}

extension DeliveryError {
    package static let deadLetterNotFound = DeliveryError(
        status: 404, resultCode: 404, "there is no such dead letter, or no longer")
    static let brokerAway = DeliveryError(
        status: 503, resultCode: 503,
        "the message broker does not answer as it should; look again before you repeat what you did", retryAfter: 2)
    static let deadLettersBusy = DeliveryError(
        status: 503, resultCode: 503, "others work on the dead letters, try again", retryAfter: 1)
}
