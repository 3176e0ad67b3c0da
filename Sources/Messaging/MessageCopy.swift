import AMQP
import AMQPWire
import Delivery

/// A copy of a message for a retry queue or the dead letters. No I/O.
///
/// It keeps what tells an operator about the message, and nothing that would make the broker do something with the copy: let
/// it expire (`expiration`), refuse it (`user-id` of another user), or send it to further queues (`CC`, `BCC`). What the
/// broker had noted of earlier deaths goes too, or it might take the copy for one that goes in circles, and drop it.
struct MessageCopy {
    let exchange: String
    let routingKey: String
    let properties: BasicProperties

    static let attemptsHeader = "x-attempts"
    static let firstSeenHeader = "x-first-seen"
    /// Why a message is dead.
    static let errorHeader = "x-error"
    /// Why a message waits in a retry queue.
    static let lastErrorHeader = "x-last-error"

    /// Where a dead letter goes when it is replayed.
    static let originalExchangeHeader = "x-original-exchange"
    static let originalKeyHeader = "x-original-routing-key"

    static let dropped: Set<String> = [
        "CC", "BCC", "x-death", "x-first-death-exchange", "x-first-death-queue", "x-first-death-reason",
        "x-last-death-exchange", "x-last-death-queue", "x-last-death-reason",
        attemptsHeader, firstSeenHeader, errorHeader, lastErrorHeader, originalExchangeHeader, originalKeyHeader,
    ]
    private static let kept: [BasicProperties.Text] = [
        .contentType, .contentEncoding, .correlationID, .messageID, .type, .appID,
    ]
    private static let longestReason = 500

    /// - Parameter isMinimal: without the sender's headers, which together with ours might be more than a frame holds.
    /// - Returns: nil for a decision that needs no copy.
    init?(
        of original: BasicProperties, _ decision: DeliveryPolicy.Decision, from source: MessageSource,
        firstSeen: Timestamp, isMinimal: Bool = false
    ) {
        var headers = FieldTable()
        if !isMinimal {
            for field in original.headers ?? [:] where !Self.dropped.contains(field.name) {
                headers.append(field.name, field.value)
            }
        }
        switch decision {
        case .settle: return nil
        case .retry(let queue, let attempts, let reason):
            (exchange, routingKey) = (queue.exchange, queue.routingKey)
            headers[Self.lastErrorHeader] = .string(Self.cut(reason))
            headers[Self.attemptsHeader] = .int64(Int64(attempts))
        case .dead(let attempts, let reason):
            (exchange, routingKey) = (Topology.deadExchange, Topology.key)
            headers[Self.errorHeader] = .string(Self.cut(reason))
            headers[Self.attemptsHeader] = .int64(Int64(attempts))
            if source.group != nil {
                // By the default exchange to its own queue: the other groups have had it.
                headers[Self.originalExchangeHeader] = ""
                headers[Self.originalKeyHeader] = .string(source.queue)
            }
        }
        headers[Self.firstSeenHeader] = .string(firstSeen.description)
        var properties = BasicProperties()
        // As octets: what is no UTF-8 would be repaired, and perhaps be longer than AMQP allows.
        for text in Self.kept {
            if let octets = original.octets(of: text) { properties.setOctets(octets, of: text) }
        }
        properties.timestamp = original.timestamp
        properties.deliveryMode = .persistent
        properties.headers = headers
        self.properties = properties
    }

    private static func cut(_ reason: String) -> String {
        String(String.UnicodeScalarView(reason.unicodeScalars.prefix(longestReason)))
    }
}
