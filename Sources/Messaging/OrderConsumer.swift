import AMQP
import AMQPWire
import Delivery
import EventLoop
import SQLite
import Service

/// Takes announced orders from `delivery.queue` into the event log.
///
/// All deliveries that have arrived share one transaction, and are acknowledged together after its commit: success means
/// *in the log*, never *sent to a browser*. What can never be understood goes to the dead-letter queue and holds up nobody.
package actor OrderConsumer {
    package nonisolated let loop: EventLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    package static let settings = [
        Setting("PREFETCH", fallback: "50", "how many unacknowledged messages the broker may send ahead, 1 to 1000")
    ]

    package static func prefetch(_ environment: Environment) throws(SettingError) -> UInt16 {
        UInt16(try environment.number("PREFETCH", in: 1...1000) ?? 50)
    }

    private let database: Database
    private let broker: Broker
    private let prefetch: UInt16
    private let log: Logger
    private let metrics: ConsumerMetrics
    private let appended: @Sendable ([FeedEvent]) -> Void
    private var connection: AMQPConnection?
    private var consumer: AMQPConsumer?
    private var deadLetters: DeadLetters?
    private var isWorking = false
    private var isStopping = false

    /// - Parameter appended: told on the writer's thread, after each commit, what it appended.
    package init(
        on loop: EventLoop, database: Database, broker: Broker, prefetch: UInt16, metrics: Metrics, log: Logger,
        appended: @escaping @Sendable ([FeedEvent]) -> Void
    ) {
        self.loop = loop
        self.database = database
        self.broker = broker
        self.prefetch = prefetch
        self.log = log
        self.metrics = ConsumerMetrics(metrics)
        self.appended = appended
    }

    package var isConnected: Bool {
        get async { await connection?.state == .open }
    }

    // MARK: - Life

    /// Runs until `stop`.
    /// - Throws: `Program.StartError` when the broker refuses the very first connection.
    package func run() async throws {
        let connection = try await broker.connect("consumer", on: loop)
        self.connection = connection
        let deadLetters = DeadLetters(broker, on: loop)
        self.deadLetters = deadLetters
        while !isStopping {
            do {
                try await consume(connection, deadLetters)
            } catch {
                if isStopping { break }
                log.warning("consuming was interrupted", ["error": LogValue("\(error)")])
            }
            consumer = nil
            if !isStopping { try? await loop.sleep(for: .milliseconds(500)) }
        }
        await deadLetters.close()
        await connection.close()
    }

    /// Takes no more deliveries, lets the transaction at work be acknowledged, within `time`, and ends `run`.
    package func stop(within time: Duration) async {
        isStopping = true
        try? await consumer?.cancel()
        let deadline = ContinuousClock.now + time
        while isWorking, ContinuousClock.now < deadline { try? await loop.sleep(for: .milliseconds(5)) }
        await connection?.close()
    }

    private func consume(_ connection: AMQPConnection, _ deadLetters: DeadLetters) async throws {
        let channel = try await connection.openChannel()
        do {
            try await Broker.declare(on: channel)
            let consumer = try await channel.consume(Topology.queue, prefetch: prefetch)
            self.consumer = consumer
            while !isStopping {
                let batch = try await consumer.nextBatch()
                guard !batch.isEmpty else { break }
                isWorking = true
                defer { isWorking = false }
                try await work(batch, deadLetters)
            }
        } catch {
            await channel.close()
            throw error
        }
        await channel.close()
    }

    // MARK: - Work

    /// What a delivery says, or why it says nothing.
    private enum Reading {
        case order(OrderAnnouncement)
        case unreadable(String)
    }

    private func work(_ batch: [AMQPDelivery], _ deadLetters: DeadLetters) async throws {
        let readings = batch.map { delivery -> Reading in
            do {
                return .order(try OrderAnnouncement(delivery))
            } catch {
                return .unreadable("not a UserOrderMessage: \(error)")
            }
        }
        let outcomes = try await announce(readings)
        var isAllGood = true
        for (delivery, outcome) in zip(batch, outcomes) {
            if let reason = outcome.reason {
                isAllGood = false
                metrics.dead.add()
                log.warning(
                    "a message goes to the dead-letter queue",
                    ["reason": LogValue(reason), "message_id": LogValue(delivery.properties.messageID ?? "")])
                try await deadLetters.publish(delivery, reason: reason)
            }
        }
        if isAllGood, let last = batch.last {
            // Everything before the last one of a batch is settled or in it.
            try await last.ack(multiple: true)
        } else {
            for delivery in batch { try await delivery.ack() }
        }
        metrics.consumed.add(batch.count)
    }

    private struct Outcome {
        /// Why the message is dead; nil when it is settled.
        let reason: String?
        static let settled = Outcome(reason: nil)
    }

    /// Announces all orders in one transaction. A database that cannot take it now is asked again; an order that breaks the
    /// transaction is found by announcing one by one.
    private func announce(_ readings: [Reading]) async throws -> [Outcome] {
        let wanted = readings.map { reading -> OrderAnnouncement? in
            if case .order(let announcement) = reading { announcement } else { nil }
        }
        var results: [Result<Feed.Announcement, any Error>?]
        do {
            results = try await commit(wanted).map { $0.map { .success($0) } }
        } catch {
            if isStopping || wanted.count == 1 && !Self.isTransient(error) {
                results = wanted.map { $0 == nil ? nil : .failure(error) }
                if isStopping { throw error }
            } else {
                results = []
                for one in wanted {
                    do {
                        results.append(try await commit([one])[0].map { .success($0) })
                    } catch {
                        if isStopping { throw error }
                        results.append(.failure(error))
                    }
                }
            }
        }
        return zip(readings, results).map { reading, result in
            switch (reading, result) {
            case (.unreadable(let reason), _): Outcome(reason: reason)
            case (_, .success(.unknownOrder)): Outcome(reason: "there is no such order")
            case (_, .failure(let error)): Outcome(reason: "the order cannot be read: \(error)")
            case (_, .success), (_, nil): .settled
            }
        }
    }

    /// Waits while the database cannot take a transaction: the deliveries stay unacknowledged meanwhile.
    private func commit(_ wanted: [OrderAnnouncement?]) async throws -> [Feed.Announcement?] {
        guard wanted.contains(where: { $0 != nil }) else { return wanted.map { _ in nil } }
        var delay = Duration.milliseconds(50)
        while true {
            do {
                return try await database.write { [appended] db in
                    var events: [FeedEvent] = []
                    let results = try wanted.map { one -> Feed.Announcement? in
                        guard let one else { return nil }
                        let result = try Feed.announce(order: one.orderID, traceParent: one.traceParent, in: db)
                        if case .appended(let event) = result { events.append(event) }
                        return result
                    }
                    if !events.isEmpty { db.afterCommit { [events] in appended(events) } }
                    return results
                }
            } catch {
                guard Self.isTransient(error), !isStopping else { throw error }
                log.warning("the event log cannot be written, trying again", ["error": LogValue("\(error)")])
                metrics.retried.add()
                try await loop.sleep(for: delay)
                delay = min(delay * 2, .seconds(2))
            }
        }
    }

    private static func isTransient(_ error: any Error) -> Bool {
        (error as? SQLiteError)?.isUnavailable ?? false
    }
}

/// What the consumer reads from a delivery.
struct OrderAnnouncement: Sendable {
    let orderID: Int
    let traceParent: String?

    init(_ delivery: AMQPDelivery) throws {
        orderID = try JSON.decode(UserOrderMessage.self, delivery.body).orderID
        // Stored with the event: only what has the form of one (W3C Trace Context: 55 octets of ASCII in version 00).
        traceParent = delivery.properties.headers?["traceparent"]?.string.flatMap { text in
            text.utf8.count == 55 && text.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? text : nil
        }
    }
}

struct ConsumerMetrics: Sendable {
    let consumed: Counter
    let retried: Counter
    let dead: Counter

    init(_ metrics: Metrics) {
        consumed = metrics.counter("consumed_total", help: "Messages taken from the queue and settled.")
        retried = metrics.counter("consume_retried_total", help: "Transactions tried again.")
        dead = metrics.counter("dead_lettered_total", help: "Messages sent to the dead-letter queue.")
    }
}
