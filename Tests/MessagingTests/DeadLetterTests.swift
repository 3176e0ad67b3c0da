import AMQPWire
import Delivery
import Testing

@testable import Messaging

@Suite("A dead letter")
struct DeadLetterTests {
    private let order = Array(#"{"user_order_id":7}"#.utf8)

    private func properties(_ headers: FieldTable = [:]) -> BasicProperties {
        BasicProperties(
            headers: headers, messageID: "6f1c", timestamp: 1_700_000_000, type: "UserOrderMessage")
    }

    @Test("shows what its headers and its body say")
    func reading() throws {
        let letter = DeadLetter(
            properties([
                "x-error": "there is no order 7", "x-attempts": 3, "x-first-seen": "2026-11-20T08:49:03.796Z",
                "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            ]), body: order)
        #expect(letter.messageID == "6f1c")
        #expect(letter.type == "UserOrderMessage")
        #expect(letter.error == "there is no order 7")
        #expect(letter.attempts == 3)
        #expect(letter.firstSeen == Timestamp("2026-11-20T08:49:03.796Z"))
        #expect(letter.orderID == 7)
        #expect(letter.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(letter.size == order.count)
        #expect(letter.beginning == #"{"user_order_id":7}"#)
        let json = try JSON.decode(JSONValue.self, try JSON.encode(letter))
        guard case .object(let members) = json else { throw DeliveryError.invalid("json", "no object") }
        #expect(
            Set(members.keys) == [
                "id", "message_id", "type", "error", "attempts", "first_seen", "order_id", "trace_id", "size",
                "beginning",
            ])
    }

    @Test("without properties and body has an id and nothing else, and says so by leaving it out")
    func empty() throws {
        let letter = DeadLetter(BasicProperties(), body: [])
        #expect(letter.id.utf8.count == 64)
        let json = String(decoding: try JSON.encode(letter), as: UTF8.self)
        #expect(json == #"{"beginning":"","id":"\#(letter.id)","size":0}"#)
    }

    @Test(
        "keeps its id when nothing that counts differs, and has another one when something does",
        arguments: [
            ("message id", BasicProperties(messageID: "6f1d", timestamp: 1_700_000_000, type: "UserOrderMessage")),
            ("type", BasicProperties(messageID: "6f1c", timestamp: 1_700_000_000, type: "UserOrder")),
            ("timestamp", BasicProperties(messageID: "6f1c", timestamp: 1_700_000_001, type: "UserOrderMessage")),
            ("no timestamp", BasicProperties(messageID: "6f1c", type: "UserOrderMessage")),
            // Their octets one after the other are the same.
            (
                "a shifted border",
                BasicProperties(messageID: "6f1cU", timestamp: 1_700_000_000, type: "serOrderMessage")
            ),
        ])
    func identity(what: String, other: BasicProperties) {
        let headers: FieldTable = ["x-error": "e", "x-attempts": 1, "x-first-seen": "s"]
        var (one, other) = (properties(headers), other)
        other.headers = headers
        let id = DeadLetter(one, body: order).id
        #expect(DeadLetter(other, body: order).id != id, "\(what)")
        one.headers?["x-other"] = "does not count"
        one.priority = 3
        one.headers?["x-attempts"] = .int32(1)
        #expect(DeadLetter(one, body: order).id == id)
        #expect(DeadLetter(one, body: order + [0x20]).id != id)
    }

    @Test(
        "has another id for each value of its own headers, of whatever type",
        arguments: ["x-error", "x-attempts", "x-first-seen"])
    func headersCount(name: String) {
        let values: [FieldValue?] = [
            nil, .void, .string(""), .string("1"), .int64(1), .int64(2), .octetString([0xFF]), .octets([0xFF]),
            .bool(true), .table(["a": 1]), .table(["a": 2]), .array([1, "1"]), .timestamp(1), .double(1),
        ]
        let ids = values.map { value in
            var headers: FieldTable = [:]
            headers[name] = value
            return DeadLetter(properties(headers), body: order).id
        }
        #expect(Set(ids).count == values.count)
    }

    @Test(
        "passes over headers of another type than they should be",
        arguments: [
            .void, .bool(true), .table(["x": .array([.table(["y": 1])])]), .array([1, "2"]), .double(.nan),
            .decimal(scale: 255, value: .min), .timestamp(.max),
        ] as [FieldValue])
    func wrongTypes(value: FieldValue) throws {
        let letter = DeadLetter(
            properties(["x-error": value, "x-attempts": value, "x-first-seen": value, "traceparent": value]),
            body: order)
        #expect(letter.error == nil)
        #expect(letter.attempts == nil)
        #expect(letter.firstSeen == nil)
        #expect(letter.traceID == nil)
        _ = try JSON.encode(letter)
    }

    @Test("reads numbers of any width, and times as text or as a timestamp")
    func otherTypes() {
        let letter = DeadLetter(
            properties(["x-attempts": .uint8(4), "x-first-seen": .timestamp(1_700_000_000)]), body: [])
        #expect(letter.attempts == 4)
        #expect(letter.firstSeen == Timestamp(milliseconds: 1_700_000_000_000))
        let extreme = DeadLetter(properties(["x-attempts": .int64(.min), "x-first-seen": "yesterday"]), body: [])
        #expect(extreme.attempts == .min)
        #expect(extreme.firstSeen == nil)
    }

    @Test("repairs what is not UTF-8, and shows at most 200 characters of a body and 500 of a reason")
    func repaired() throws {
        let noise = (0..<1_048_576).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) }
        let letter = DeadLetter(properties(["x-error": .octetString(noise)]), body: noise)
        #expect(letter.size == noise.count)
        #expect(letter.orderID == nil)
        #expect((1...200).contains(letter.beginning.unicodeScalars.count))
        #expect((1...500).contains(letter.error?.unicodeScalars.count ?? 0))
        _ = try JSON.encode(letter)

        let long = DeadLetter(properties(["x-error": .string(String(repeating: "é", count: 400_000))]), body: [])
        #expect(long.error == String(repeating: "é", count: 500))
        // One character, of very many scalars.
        let tower = DeadLetter(properties(), body: Array(("a" + String(repeating: "\u{301}", count: 9_000)).utf8))
        #expect(tower.beginning.unicodeScalars.count == 200)
        let wide = DeadLetter(properties(), body: Array(String(repeating: "😀", count: 300).utf8))
        #expect(wide.beginning == String(repeating: "😀", count: 200))
    }

    @Test(
        "has an order id only if the body is a message of an order",
        arguments: [
            (#"{"userOrderId":8}"#, 8), (#"{"user_order_id":-1}"#, -1), ("hello", nil), (#""hello""#, nil), ("[]", nil),
            (#"{"user_order_id":1.5}"#, nil), (#"{"user_order_id":99999999999999999999}"#, nil),
            ("{\"user_order_id\":1\0}", nil),
            (#"{"user_order_id":7}"# + String(repeating: " ", count: 4096), nil),
            (String(repeating: "[", count: 4000), nil),
        ])
    func orderIDs(body: String, id: Int?) {
        #expect(DeadLetter(properties(), body: Array(body.utf8)).orderID == id)
    }

    @Test(
        "has a trace id only if traceparent has its form",
        arguments: [
            "", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473600f067aa0ba902b7-01-", "<script>alert(1)</script>",
            "00-4bf92f3577b34da6a3ce929d0e0e473\"-00f067aa0ba902b7-01", String(repeating: "0", count: 55),
        ])
    func traces(text: String) {
        #expect(DeadLetter(properties(["traceparent": .string(text)]), body: []).traceID == nil)
    }
}

@Suite("The copy of a dead letter that is replayed")
struct DeadLetterCopyTests {
    @Test("is the message as it first came, without what the broker would act on")
    func properties() {
        var dead = BasicProperties(
            contentType: "application/json",
            headers: [
                "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "version": 1,
                "x-error": "e", "x-attempts": 3, "x-first-seen": "s", "x-original-exchange": "delivery.exchange",
                "x-original-routing-key": "delivery.key", "x-death": .array([.table(["count": 1])]),
                "x-first-death-queue": "delivery.retry", "CC": "no list", "BCC": .array(["elsewhere"]),
            ],
            deliveryMode: .transient, priority: 4, correlationID: "c", replyTo: "amq.rabbitmq.reply-to",
            expiration: "1", messageID: "6f1c", timestamp: 1_700_000_000, type: "UserOrderMessage", userID: "somebody",
            appID: "api")
        dead.setOctets([0xFF, 0xFE], of: .messageID)
        let copy = dead.forReplay
        #expect(copy.headers?.map(\.name) == ["traceparent", "version"])
        #expect(copy.deliveryMode == .persistent)
        #expect(copy.expiration == nil && copy.userID == nil && copy.replyTo == nil)
        #expect(copy.octets(of: .messageID) == [0xFF, 0xFE])
        #expect(copy.contentType == "application/json" && copy.type == "UserOrderMessage" && copy.appID == "api")
        #expect(copy.timestamp == 1_700_000_000 && copy.correlationID == "c" && copy.priority == 4)
        #expect(BasicProperties().forReplay == BasicProperties(deliveryMode: .persistent))
    }

    @Test("of a group goes to the queue of that group alone, by the default exchange", arguments: ConsumerGroup.all)
    func group(group: ConsumerGroup) throws {
        let source = MessageSource(group)
        let dead = try #require(
            MessageCopy(
                of: BasicProperties(messageID: "m"), .dead(attempts: 1, reason: "r"), from: source, firstSeen: .now))
        #expect(dead.properties.replayTarget == ("", group.queue))
        #expect(dead.properties.forReplay.headers == [:])
        let letter = DeadLetter(dead.properties, body: Array(#"{"order_id":7,"status":"ACCEPT"}"#.utf8))
        #expect(letter.group == group.name)
        #expect(letter.orderID == 7)
    }

    @Test(
        "goes to the orders, unless its headers name another place of ours",
        arguments: [
            [:], ["x-original-exchange": "delivery.exchange", "x-original-routing-key": "delivery.key"],
            ["x-original-exchange": "amq.direct", "x-original-routing-key": "delivery.key"],
            ["x-original-exchange": "", "x-original-routing-key": "some.queue"],
            ["x-original-exchange": "delivery.exchange", "x-original-routing-key": "elsewhere"],
            ["x-original-exchange": 1, "x-original-routing-key": .void], ["x-original-exchange": "delivery.exchange"],
        ] as [FieldTable])
    func target(headers: FieldTable) {
        let target = BasicProperties(headers: headers).replayTarget
        #expect(target == ("delivery.exchange", "delivery.key"))
    }
}
