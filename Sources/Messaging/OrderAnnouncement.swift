import AMQP
import AMQPWire
import Delivery

/// What the consumer of orders reads from a delivery.
package struct OrderAnnouncement: Equatable, Sendable {
    /// The message has some twenty octets; what is much longer is not parsed.
    private static let longest = 4096

    let orderID: Int
    let traceParent: String?

    static func read(
        _ body: [UInt8], _ properties: @autoclosure () -> BasicProperties
    ) -> MessageReading<OrderAnnouncement> {
        guard body.count <= longest else { return .unreadable("not a UserOrderMessage: \(body.count) octets") }
        guard let message = try? UserOrderMessage.read(body) else {
            return .unreadable("not a UserOrderMessage: no JSON object with a whole number user_order_id")
        }
        return .message(
            OrderAnnouncement(orderID: message.orderID, traceParent: traceParent(properties())))
    }

    /// Stored with what is made of the message: only what has the form of one (W3C Trace Context: 55 octets of ASCII in
    /// version 00).
    static func traceParent(_ properties: BasicProperties) -> String? {
        properties.headers?["traceparent"]?.string.flatMap { text in
            text.utf8.count == 55 && text.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? text : nil
        }
    }
}

/// What a message says about the attempts that were made at it.
struct DeliveryHistory: Equatable, Sendable {
    /// What names the message in `delivery_attempt`.
    let key: String
    /// Attempts at its earlier copies.
    let attempts: Int
    /// When the first of its copies was seen.
    let firstSeen: Timestamp?

    /// The headers count only in a message that comes from one of the retry queues, as the broker itself says: anybody may
    /// write headers, and one that somebody moves back from the dead letters begins anew.
    init(_ properties: BasicProperties, _ body: [UInt8], of source: MessageSource) {
        if let id = properties.messageID, !id.isEmpty {
            key = source.attemptKey(id)
        } else {
            key = source.attemptKey("sha256:" + Secrets.hex(Secrets.sha256(octets: body)))
        }
        let headers = properties.headers
        guard let death = properties.deaths.first, death.reason == .expired,
            source.retries.contains(where: { $0.name == death.queue }),
            let count = headers?["x-attempts"]?.integer, count > 0
        else {
            (attempts, firstSeen) = (0, nil)
            return
        }
        attempts = Int(min(count, Int64(DeliveryPolicy.mostAttempts)))
        firstSeen = headers?["x-first-seen"]?.string.flatMap { Timestamp($0) }
    }
}
