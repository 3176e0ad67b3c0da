import AMQP
import AMQPWire
import Bytes
import Delivery
import Testing

@testable import Messaging

@Suite("Copies of messages that were not settled")
struct MessageCopyTests {
    private let queue = MessageSource.orders.retries[1]
    private let time = Timestamp(milliseconds: 0)

    private func copy(
        _ properties: BasicProperties, _ decision: DeliveryPolicy.Decision, from source: MessageSource = .orders,
        isMinimal: Bool = false
    ) throws -> MessageCopy {
        try #require(MessageCopy(of: properties, decision, from: source, firstSeen: time, isMinimal: isMinimal))
    }

    @Test("a dead letter tells why, after how many attempts, and since when")
    func dead() throws {
        let copy = try copy(BasicProperties(), .dead(attempts: 3, reason: "no such order"))
        #expect(copy.exchange == "delivery.dead.exchange")
        let headers = copy.properties.headers
        #expect(headers?["x-error"] == .string("no such order"))
        #expect(headers?["x-attempts"] == .int64(3))
        #expect(headers?["x-first-seen"] == .string("1970-01-01T00:00:00.000Z"))
        #expect(copy.properties.deliveryMode == .persistent)
    }

    @Test("a retry goes to its queue, and is no dead letter")
    func retry() throws {
        let copy = try copy(BasicProperties(), .retry(queue, attempts: 2, reason: "not now"))
        #expect(copy.exchange == "")
        #expect(copy.routingKey == "delivery.retry.5s")
        #expect(copy.properties.headers?["x-attempts"] == .int64(2))
        #expect(copy.properties.headers?["x-last-error"] == .string("not now"))
        #expect(copy.properties.headers?["x-error"] == nil)
    }

    @Test("a retry of a group waits with the others', and its routing key leads back to the group's own queue")
    func groupRetry() throws {
        let source = MessageSource(.settlement)
        let copy = try copy(
            BasicProperties(), .retry(source.retries[0], attempts: 1, reason: "not now"), from: source)
        #expect(copy.exchange == "order.events.retry.1s")
        #expect(copy.routingKey == "settlement-group-id")
        #expect(copy.properties.headers?["x-original-exchange"] == nil)
    }

    @Test("a sender cannot choose where a replay goes")
    func forged() throws {
        let forged = BasicProperties(
            headers: ["x-original-exchange": "", "x-original-routing-key": "settlement-group-id"])
        let dead = try copy(forged, .dead(attempts: 1, reason: "r"))
        #expect(dead.properties.replayTarget == ("delivery.exchange", "delivery.key"))
    }

    @Test("what is no UTF-8 is kept as it is: repaired it might be longer than AMQP allows, and never leave")
    func binary() throws {
        let octets = [UInt8](repeating: 0xFF, count: 255)
        var original = BasicProperties()
        let texts: [BasicProperties.Text] = [
            .contentType, .contentEncoding, .correlationID, .messageID, .type, .appID,
        ]
        for text in texts { original.setOctets(octets, of: text) }
        for isMinimal in [false, true] {
            let kept = try copy(original, .dead(attempts: 1, reason: "r"), isMinimal: isMinimal).properties
            for text in texts { #expect(kept.octets(of: text) == octets) }
            var buffer = ByteBuffer()
            try buffer.append(properties: kept)
        }
    }

    @Test("what tells about the message is kept; what makes the broker do something with it is not")
    func properties() throws {
        let original = BasicProperties(
            contentType: "application/json", contentEncoding: "gzip",
            headers: [
                "traceparent": "t", "CC": .array(["delivery.key"]), "BCC": .array(["delivery.key"]),
                "x-death": .array([]), "x-error": "old", "x-attempts": 99, "x-first-seen": "never", "mine": 1,
            ], deliveryMode: .transient, priority: 9, correlationID: "c", replyTo: "amq.rabbitmq.reply-to",
            expiration: "1", messageID: "m", timestamp: 5, type: "UserOrderMessage", userID: "somebody", appID: "api",
            clusterID: "x")
        let kept = try copy(original, .retry(queue, attempts: 1, reason: "r")).properties
        #expect(
            kept
                == BasicProperties(
                    contentType: "application/json", contentEncoding: "gzip",
                    headers: [
                        "traceparent": "t", "mine": 1, "x-last-error": "r", "x-attempts": .int64(1),
                        "x-first-seen": "1970-01-01T00:00:00.000Z",
                    ], deliveryMode: .persistent, correlationID: "c", messageID: "m", timestamp: 5,
                    type: "UserOrderMessage", appID: "api"))
        let small = try copy(original, .dead(attempts: 1, reason: "r"), isMinimal: true).properties
        #expect(small.headers?.fields.map(\.name) == ["x-error", "x-attempts", "x-first-seen"])
    }

    @Test("a reason of any length has room in a header")
    func longReason() throws {
        let reason = String(repeating: "가", count: 100_000)
        let copy = try copy(BasicProperties(), .dead(attempts: 1, reason: reason))
        #expect(copy.properties.headers?["x-error"]?.string == String(repeating: "가", count: 500))
    }
}

@Suite("What a message says about earlier attempts")
struct DeliveryHistoryTests {
    private func properties(from queue: String?, reason: String = "expired", attempts: FieldValue) -> BasicProperties {
        var headers: FieldTable = ["x-attempts": attempts, "x-first-seen": "2026-03-01T09:30:00Z"]
        if let queue {
            headers["x-death"] = .array([.table(["queue": .string(queue), "reason": .string(reason)])])
        }
        return BasicProperties(headers: headers, messageID: "m")
    }

    @Test("counts when the message comes from a retry queue")
    func retried() {
        let history = DeliveryHistory(properties(from: "delivery.retry.5s", attempts: .int64(2)), [], of: .orders)
        #expect(history.attempts == 2)
        #expect(history.firstSeen == Timestamp("2026-03-01T09:30:00Z"))
    }

    @Test(
        "counts for nothing when it comes from elsewhere, as a dead letter does that somebody moved back",
        arguments: [(nil, "expired"), ("delivery.queue", "expired"), ("delivery.retry.1s", "rejected")])
    func moved(queue: String?, reason: String) {
        let history = DeliveryHistory(properties(from: queue, reason: reason, attempts: .int64(5)), [], of: .orders)
        #expect(history.attempts == 0)
        #expect(history.firstSeen == nil)
    }

    @Test(
        "is never taken for more than what ends the attempts",
        arguments: [
            (FieldValue.int64(.max), 5), (.int64(.min), 0), (.int64(-1), 0), (.string("3"), 0), (.uint8(200), 5),
        ])
    func hostile(value: FieldValue, attempts: Int) {
        #expect(
            DeliveryHistory(properties(from: "delivery.retry.1s", attempts: value), [], of: .orders).attempts
                == attempts)
    }

    @Test("is counted for each group by itself: all get messages of the same id")
    func groups() {
        let keys = ConsumerGroup.all.map { group in
            DeliveryHistory(BasicProperties(messageID: "m"), [], of: MessageSource(group)).key
        }
        #expect(Set(keys).count == ConsumerGroup.all.count && !keys.contains("m"))
        let back = DeliveryHistory(
            properties(from: "order.events.retry.5s", attempts: .int64(2)), [], of: MessageSource(.delivery))
        #expect(back.attempts == 2)
    }

    @Test("names a message by its id, or by its body")
    func key() {
        #expect(DeliveryHistory(BasicProperties(messageID: "m"), [1], of: .orders).key == "m")
        let hash = "sha256:4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a"
        #expect(DeliveryHistory(BasicProperties(), [1], of: .orders).key == hash)
        #expect(DeliveryHistory(BasicProperties(messageID: ""), [1], of: .orders).key == hash)
    }
}
