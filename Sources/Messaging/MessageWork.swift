import AMQP
import Delivery
import SQLite

/// What a consumer does with the messages of its queue.
package protocol MessageWork: Sendable {
    associatedtype Message: Sendable

    /// A message may wait so long for others that come behind it, so that they share a commit; nil if somebody waits for it.
    var pause: Duration? { get }

    /// Reads a message. On the event loop, before any transaction.
    func read(_ delivery: AMQPDelivery) -> MessageReading<Message>

    /// Does the work on messages, in one write transaction. If it throws, it is asked again for each of them alone.
    /// - Returns: what came of each.
    func apply(_ messages: [Message], in db: SQLite.Connection) throws -> [DeliveryPolicy.Outcome]

    /// The order that a message is about, for the log.
    func orderID(of message: Message) -> Int?
}

/// What was read from a delivery.
package enum MessageReading<Message: Sendable>: Sendable {
    case message(Message)
    /// None that this consumer understands, and why.
    case unreadable(String)

    var message: Message? { if case .message(let message) = self { message } else { nil } }
}

extension MessageReading: Equatable where Message: Equatable {}
