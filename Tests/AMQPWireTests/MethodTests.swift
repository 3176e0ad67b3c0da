import AMQPWire
import Bytes
import Testing

@Suite("Methods")
struct MethodTests {
    /// Methods with their arguments' octets, worked out by hand from the specification.
    static let known: [(Method, String)] = [
        (
            .connectionStart(
                ConnectionStart(
                    serverProperties: ["p": true], mechanisms: Array("PLAIN".utf8), locales: Array("en_US".utf8))),
            "000A000A 00 09 00000004 01'p' 't'01 00000005'PLAIN' 00000005'en_US'"
        ),
        (
            .connectionStartOk(ConnectionStartOk(mechanism: "PLAIN", response: [0, 0x75, 0, 0x70], locale: "en_US")),
            "000A000B 00000000 05'PLAIN' 00000004 00'u'00'p' 05'en_US'"
        ),
        (
            .connectionTune(ConnectionTune(channelMax: 2047, frameMax: 131072, heartbeat: 60)),
            "000A001E 07FF 00020000 003C"
        ),
        (
            .connectionTuneOk(ConnectionTuneOk(channelMax: 1, frameMax: 8192, heartbeat: 0)),
            "000A001F 0001 00002000 0000"
        ),
        (.connectionOpen(ConnectionOpen(virtualHost: "/")), "000A0028 01'/' 00 00"),
        (
            .connectionClose(ConnectionClose(replyCode: 320, replyText: "bye", classID: 60, methodID: 40)),
            "000A0032 0140 03'bye' 003C 0028"
        ),
        (.connectionBlocked(ConnectionBlocked(reason: "mem")), "000A003C 03'mem'"),
        (
            .connectionUpdateSecret(ConnectionUpdateSecret(newSecret: [0x73], reason: "r")),
            "000A0046 00000001's' 01'r'"
        ),
        (.channelOpen(ChannelOpen()), "0014000A 00"),
        (.channelOpenOk(ChannelOpenOk()), "0014000B 00000000"),
        (.channelFlow(ChannelFlow(active: true)), "00140014 01"),
        (
            .exchangeDeclare(
                ExchangeDeclare(
                    exchange: "x", type: "topic", durable: true, isInternal: true,
                    arguments: ["alternate-exchange": "y"])),
            "0028000A 0000 01'x' 05'topic' 0A 00000019 12'alternate-exchange' 'S'00000001'y'"
        ),
        (.exchangeUnbindOk(ExchangeUnbindOk()), "00280033"),
        (
            .queueDeclare(QueueDeclare(queue: "q", passive: true, exclusive: true, noWait: true)),
            "0032000A 0000 01'q' 15 00000000"
        ),
        (
            .queueDeclareOk(QueueDeclareOk(queue: "q", messageCount: 7, consumerCount: 2)),
            "0032000B 01'q' 00000007 00000002"
        ),
        (
            .queueUnbind(QueueUnbind(queue: "q", exchange: "x", routingKey: "k")),
            "00320032 0000 01'q' 01'x' 01'k' 00000000"
        ),
        (.queueDelete(QueueDelete(queue: "q", ifEmpty: true)), "00320028 0000 01'q' 02"),
        (.basicQos(BasicQos(prefetchCount: 50)), "003C000A 00000000 0032 00"),
        (
            .basicConsume(BasicConsume(queue: "q", consumerTag: "t", noAck: true, exclusive: true)),
            "003C0014 0000 01'q' 01't' 06 00000000"
        ),
        (
            .basicDeliver(
                BasicDeliver(consumerTag: "t", deliveryTag: 258, redelivered: true, exchange: "x", routingKey: "k")),
            "003C003C 01't' 0000000000000102 01 01'x' 01'k'"
        ),
        (
            .basicReturn(BasicReturn(replyCode: 312, replyText: "NO_ROUTE", exchange: "x", routingKey: "k")),
            "003C0032 0138 08'NO_ROUTE' 01'x' 01'k'"
        ),
        (
            .basicGetOk(BasicGetOk(deliveryTag: 1, redelivered: false, exchange: "", routingKey: "q", messageCount: 3)),
            "003C0047 0000000000000001 00 00 01'q' 00000003"
        ),
        (.basicNack(BasicNack(deliveryTag: 9, multiple: true, requeue: true)), "003C0078 0000000000000009 03"),
        (.basicReject(BasicReject(deliveryTag: 9, requeue: true)), "003C005A 0000000000000009 01"),
        (.basicRecover(BasicRecover(requeue: true)), "003C006E 01"),
        (.confirmSelect(ConfirmSelect(noWait: true)), "0055000A 01"),
        (.txCommitOk(TxCommitOk()), "005A0015"),
        (.accessRequestOk(AccessRequestOk(ticket: 1)), "001E000B 0001"),
    ]

    @Test("methods have the octets of the specification, both ways", arguments: known)
    func octetsBothWays(_ method: Method, _ text: String) throws {
        let payload = octets(text)
        let frame =
            octets("01 0007") + withUnsafeBytes(of: UInt32(payload.count).bigEndian) { Array($0) } + payload + [0xCE]
        #expect(try encoded { try $0.append(method, channel: 7) } == frame)
        #expect(try payload.withUnsafeBytes { try Method(payload: $0) } == method)
    }

    @Test("there are 66 methods and each survives its own octets")
    func allRoundTrip() throws {
        #expect(Method.samples.count == 66)
        #expect(Set(Method.samples.map(\.id)).count == 66)
        for method in Method.samples {
            let frame = try encoded { try $0.append(method, channel: 1) }
            #expect(try methods(frame) == [method])
            #expect(method.id.name.contains("."))
        }
    }

    @Test("a method that ends early or has octets left over is refused")
    func checked() throws {
        for method in Method.samples {
            let payload = try frames(try encoded { try $0.append(method, channel: 1) }).frames[0].payload
            for cut in 0..<payload.count {
                #expect(throws: AMQPError.self) { try payload[..<cut].withUnsafeBytes { try Method(payload: $0) } }
            }
            #expect(throws: AMQPError.self) { try (payload + [0]).withUnsafeBytes { try Method(payload: $0) } }
        }
    }

    @Test("an unknown method is refused with code 503")
    func unknown() {
        let error = #expect(throws: AMQPError.self) {
            try octets("003C0029").withUnsafeBytes { try Method(payload: $0) }
        }
        #expect(error?.verdict?.code == .commandInvalid)
    }

    @Test("names above 255 octets are refused, reply texts are cut between characters")
    func lengths() throws {
        let long = String(repeating: "é", count: 128)
        let error = #expect(throws: AMQPError.self) {
            try encoded { try $0.append(QueueDeclare(queue: long), channel: 1) }
        }
        #expect(error?.code == .invalidArgument)
        let close = try methods(try encoded { try $0.append(ChannelClose(replyText: long), channel: 1) })
        #expect(close == [.channelClose(ChannelClose(replyText: String(repeating: "é", count: 127)))])
    }

    @Test("a reply text cut in the middle of a character is read all the same")
    func cutText() throws {
        let close = try octets("00140028 0194 02 'a' C3 0000 0000").withUnsafeBytes { try Method(payload: $0) }
        #expect(close == .channelClose(ChannelClose(replyCode: 404, replyText: "a\u{FFFD}")))
    }
}
