import AMQP
import AMQPWire
import Delivery
import EventLoop
import SQLite
import Service

/// What the consumer reads from a delivery.
struct OrderAnnouncement: Sendable {
    enum Reading: Sendable {
        case order(OrderAnnouncement)
        /// No `UserOrderMessage`, and why.
        case unreadable(String)
    }

    /// The message has some twenty octets; what is much longer is not parsed.
    private static let longest = 4096

    let orderID: Int
    let traceParent: String?

    static func read(_ delivery: AMQPDelivery) -> Reading {
        guard delivery.body.count <= longest else {
            return .unreadable("not a UserOrderMessage: \(delivery.body.count) octets")
        }
        guard let message = try? JSON.decode(UserOrderMessage.self, delivery.body) else {
            return .unreadable("not a UserOrderMessage: no JSON object with a whole number user_order_id")
        }
        // Stored with the event: only what has the form of one (W3C Trace Context: 55 octets of ASCII in version 00).
        let trace = delivery.properties.headers?["traceparent"]?.string.flatMap { text in
            text.utf8.count == 55 && text.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? text : nil
        }
        return .order(OrderAnnouncement(orderID: message.orderID, traceParent: trace))
    }
}

/// Puts orders into the event log: all of a batch in one transaction where that works.
struct OrderAnnouncer: Sendable {
    enum Outcome: Equatable, Sendable {
        /// In the log, from now or from before.
        case settled
        /// It never will be, and why.
        case dead(String)
    }

    private let loop: EventLoop
    private let database: Database
    private let metrics: ConsumerMetrics
    private let log: Logger
    private let appended: @Sendable ([FeedEvent]) -> Void

    init(
        _ loop: EventLoop, _ database: Database, _ metrics: ConsumerMetrics, _ log: Logger,
        appended: @escaping @Sendable ([FeedEvent]) -> Void
    ) {
        self.loop = loop
        self.database = database
        self.metrics = metrics
        self.log = log
        self.appended = appended
    }

    /// - Throws: when the database is closed or the task is cancelled: nothing may be acknowledged then.
    func announce(_ readings: [OrderAnnouncement.Reading]) async throws -> [Outcome] {
        do {
            return try await commit(readings)
        } catch  where Self.isOfOneOrder(error) {
            // One of them breaks the transaction of all: the others must not suffer.
            var outcomes: [Outcome] = []
            for reading in readings { outcomes.append(try await announceAlone(reading)) }
            return outcomes
        }
    }

    private func announceAlone(_ reading: OrderAnnouncement.Reading) async throws -> Outcome {
        do {
            return try await commit([reading])[0]
        } catch  where Self.isOfOneOrder(error) {
            return .dead("the order cannot be read: \(error)")
        }
    }

    /// Errors that come from what is stored of an order. Everything else (a full disk, a lock, a schema that another version
    /// changed) is the system's trouble, and no reason to give up a message.
    private static func isOfOneOrder(_ error: any Error) -> Bool {
        if error is UnreadableRecord || error is EncodingError { return true }
        guard let error = error as? SQLiteError else { return false }
        return error.isConstraint || error.isMismatch
    }

    /// Tries again for as long as it takes: the deliveries stay unacknowledged meanwhile, so at most the prefetch waits here.
    private func commit(_ readings: [OrderAnnouncement.Reading]) async throws -> [Outcome] {
        var delay = Duration.milliseconds(50)
        while true {
            do {
                return try await database.write { [appended] db in try Self.append(readings, in: db, appended) }
            } catch {
                if Self.isOfOneOrder(error) || error is CancellationError { throw error }
                if let error = error as? SQLiteError, error.isClosed { throw error }
                log.warning("the event log cannot be written, trying again", ["error": LogValue("\(error)")])
                metrics.retried.add()
                try await loop.sleep(for: delay)
                delay = min(delay * 2, .seconds(2))
            }
        }
    }

    private static func append(
        _ readings: [OrderAnnouncement.Reading], in db: SQLite.Connection,
        _ appended: @escaping @Sendable ([FeedEvent]) -> Void
    ) throws -> [Outcome] {
        var events: [FeedEvent] = []
        let outcomes = try readings.map { reading -> Outcome in
            switch reading {
            case .unreadable(let reason): return .dead(reason)
            case .order(let order):
                switch try Feed.announce(order: order.orderID, traceParent: order.traceParent, in: db) {
                case .appended(let event):
                    events.append(event)
                    return .settled
                case .known: return .settled
                case .unknownOrder: return .dead("there is no order \(order.orderID)")
                }
            }
        }
        if !events.isEmpty { db.afterCommit { [events] in appended(events) } }
        return outcomes
    }
}
