import AMQPWire
import Delivery

/// What an operator is shown of a message on the dead-letter queue. Anybody who may publish can have written it: nothing
/// of it is trusted to be of the right type, to be text, or to be short.
package struct DeadLetter: Encodable, Equatable, Sendable {
    /// SHA-256, in hexadecimal, of what the message says. Copies that say the same have the same id, and it does not matter
    /// which of them is acted on.
    package let id: String
    package let messageID: String?
    package let type: String?
    /// The group that gave it up; nil for the orders.
    package let group: String?
    /// Why it is here.
    package let error: String?
    package let attempts: Int?
    package let firstSeen: Timestamp?
    /// The order that it announces, when it can be read that far.
    package let orderID: Int?
    package let traceID: String?
    /// Octets of the body.
    package let size: Int
    /// How the body begins, repaired where it is no UTF-8.
    package let beginning: String

    enum CodingKeys: String, CodingKey {
        case id, type, group, error, attempts, size, beginning
        case messageID = "message_id"
        case firstSeen = "first_seen"
        case orderID = "order_id"
        case traceID = "trace_id"
    }

    /// The headers that a message has on this queue beside its own.
    package enum Header {
        package static let error = MessageCopy.errorHeader
        package static let attempts = MessageCopy.attemptsHeader
        package static let firstSeen = MessageCopy.firstSeenHeader
        package static let exchange = MessageCopy.originalExchangeHeader
        package static let routingKey = MessageCopy.originalKeyHeader
    }

    /// Characters of the body and of the reason that are kept.
    private static let longestBeginning = 200
    private static let longestError = 500
    /// A `UserOrderMessage` has some twenty octets, the snapshot of an order some hundred or more; what is much longer is not
    /// parsed.
    private static let longestMessage = 4096
    private static let longestEvent = 64 * 1024

    package init(_ properties: BasicProperties, body: [UInt8]) {
        let headers = properties.headers ?? [:]
        id = Self.digest(properties, headers, body)
        messageID = properties.messageID
        type = properties.type
        error = Self.text(headers[Header.error], longest: Self.longestError)
        attempts = headers[Header.attempts]?.integer.map { Int($0) }
        firstSeen = Self.time(headers[Header.firstSeen])
        group = properties.deadIn?.name
        orderID = Self.orderID(body, isEvent: group != nil)
        traceID = headers["traceparent"]?.string.flatMap { Self.traceID($0) }
        size = body.count
        // A character of UTF-8 has at most four octets.
        let octets = body.prefix(4 * Self.longestBeginning)
        beginning = Self.shorten(String(decoding: octets, as: UTF8.self), Self.longestBeginning)
    }

    // MARK: - Reading

    private struct Event: Decodable {
        let orderID: Int
        enum CodingKeys: String, CodingKey { case orderID = "order_id" }
    }

    private static func orderID(_ body: [UInt8], isEvent: Bool) -> Int? {
        guard body.count <= (isEvent ? longestEvent : longestMessage) else { return nil }
        return isEvent
            ? (try? JSON.decode(Event.self, body))?.orderID : (try? JSON.decode(UserOrderMessage.self, body))?.orderID
    }

    private static func text(_ value: FieldValue?, longest: Int) -> String? {
        switch value {
        case .string(let text): shorten(text, longest)
        case .octetString(let octets), .octets(let octets):
            shorten(String(decoding: octets.prefix(4 * longest), as: UTF8.self), longest)
        default: nil
        }
    }

    /// By scalars: one character may consist of any number of them.
    private static func shorten(_ text: String, _ longest: Int) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(longest)))
    }

    private static func time(_ value: FieldValue?) -> Timestamp? {
        switch value {
        case .string(let text): return text.utf8.count <= 40 ? Timestamp(text) : nil
        case .timestamp(let seconds):
            // Up to the year 9999, which is as far as it can be written.
            guard seconds <= 253_402_300_799 else { return nil }
            return Timestamp(milliseconds: Int(seconds) * 1000)
        default: return nil
        }
    }

    /// The second part of a `traceparent` (W3C Trace Context, section 3.2.2).
    private static func traceID(_ traceParent: String) -> String? {
        guard traceParent.utf8.count == 55 else { return nil }
        let parts = traceParent.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [2, 32, 16, 2],
            parts.allSatisfy({ part in
                part.utf8.allSatisfy {
                    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                        || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
                }
            })
        else { return nil }
        return String(parts[1])
    }

    // MARK: - Identity

    /// Each part with its length before it, so that no two different messages run together into the same octets.
    private static func digest(_ properties: BasicProperties, _ headers: FieldTable, _ body: [UInt8]) -> String {
        var octets: [UInt8] = []
        func append(_ part: [UInt8]?) {
            guard let part else { return octets.append(0) }
            octets.append(1)
            withUnsafeBytes(of: UInt64(part.count).bigEndian) { octets += $0 }
            octets += part
        }
        append(properties.octets(of: .messageID))
        append(properties.octets(of: .type))
        append(properties.timestamp.map { Array(String($0).utf8) })
        for name in [Header.error, Header.attempts, Header.firstSeen] { append(headers[name].map { canonical($0) }) }
        // The same message may be dead in several groups.
        if let group = properties.deadIn { append(Array(group.queue.utf8)) }
        // Of the body only its digest, so that a large one is not copied.
        append(Secrets.sha256(octets: body))
        return Secrets.hex(Secrets.sha256(octets: octets))
    }

    private static func canonical(_ value: FieldValue) -> [UInt8] {
        if let number = value.integer { return Array("i\(number)".utf8) }
        switch value {
        case .string(let text): return Array("s\(text)".utf8)
        case .octetString(let octets): return Array("s".utf8) + octets
        default: return Array("o\(value)".utf8)
        }
    }
}

extension BasicProperties {
    /// Of a copy that is published again: without what made it a dead letter, and without what the broker acts on. A user
    /// id that is not ours, an address for answers that nobody waits at and further routing keys (`CC`) would make it
    /// refuse the copy or send it elsewhere too; an old time to live would let it vanish.
    package var forReplay: BasicProperties {
        var copy = self
        copy.deliveryMode = .persistent
        copy.expiration = nil
        copy.userID = nil
        copy.replyTo = nil
        copy.headers = headers.map { headers in
            FieldTable(
                headers.filter { field in !MessageCopy.dropped.contains(field.name) }.map { ($0.name, $0.value) })
        }
        return copy
    }

    /// Where a copy goes: where its headers say that it came from, if that is a place of ours, else to the orders.
    package var replayTarget: (exchange: String, routingKey: String) {
        guard let group = deadIn else { return (Topology.exchange, Topology.key) }
        return ("", group.queue)
    }

    /// The group that gave the message up; nil for the orders.
    var deadIn: ConsumerGroup? {
        guard headers?[DeadLetter.Header.exchange]?.string == "",
            let key = headers?[DeadLetter.Header.routingKey]?.string
        else { return nil }
        return ConsumerGroup.all.first { $0.queue == key }
    }
}
