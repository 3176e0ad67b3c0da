import AMQP
import AMQPWire
import Testing

@Suite("What the broker objects to", .timeLimit(.minutes(1)))
struct ErrorsTests {
    struct Difference: Sendable, CustomTestStringConvertible {
        var text: String
        var argument: String
        var entity: AMQPEntity
        var received: String?
        var current: String?
        var testDescription: String { argument }
    }

    static let differences = [
        Difference(
            text: "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '/': received 'false' but "
                + "current is 'true'", argument: "durable", entity: AMQPEntity(.queue, "q", virtualHost: "/"),
            received: "false", current: "true"),
        Difference(
            text: "PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'it's' in vhost 'v': received none "
                + "but current is the value '60000' of type 'long'", argument: "x-message-ttl",
            entity: AMQPEntity(.queue, "it's", virtualHost: "v"), received: nil, current: "60000"),
        Difference(
            text:
                "PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'q' in vhost '/': received the value "
                + "'quorum' of type 'longstr' but current is 'classic'", argument: "x-queue-type",
            entity: AMQPEntity(.queue, "q", virtualHost: "/"), received: "quorum", current: "classic"),
        Difference(
            text: "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'e' in vhost '/': received 'fanout' but "
                + "current is 'direct'", argument: "type", entity: AMQPEntity(.exchange, "e", virtualHost: "/"),
            received: "fanout", current: "direct"),
    ]

    @Test("a precondition that failed names the argument that differs, in both values", arguments: differences)
    func difference(_ expected: Difference) throws {
        let error = AMQPError.channelClosed(PeerReply(code: .preconditionFailed, text: expected.text))
        #expect(error.code == .preconditionFailed)
        #expect(
            error.difference
                == ArgumentDifference(
                    argument: expected.argument, entity: expected.entity, received: expected.received,
                    current: expected.current))
        #expect(error.message.contains(expected.argument))
        #expect("\(error)".contains(expected.text))
    }

    static let refusals: [(UInt16, String, AMQPError.Code, AMQPEntity?)] = [
        (
            404, "NOT_FOUND - no queue 'q' in vhost '/'", .notFound, AMQPEntity(.queue, "q", virtualHost: "/")
        ),
        (
            404, "NOT_FOUND - no exchange 'e' in vhost 'v'", .notFound,
            AMQPEntity(.exchange, "e", virtualHost: "v")
        ),
        (
            403, "ACCESS_REFUSED - access to topic 'k' in exchange 'amq.topic' in vhost '/' refused for user 'u'",
            .accessRefused, AMQPEntity(.exchange, "amq.topic", virtualHost: "/")
        ),
        (
            403, "ACCESS_REFUSED - queue name 'amq.q' contains reserved prefix 'amq.*'", .accessRefused,
            AMQPEntity(.queue, "amq.q")
        ),
        (
            405, "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '/'. It could be",
            .resourceLocked, AMQPEntity(.queue, "q", virtualHost: "/")
        ),
        (
            406, "PRECONDITION_FAILED - queue 'q' in vhost '/' in use", .preconditionFailed,
            AMQPEntity(.queue, "q", virtualHost: "/")
        ),
        (406, "PRECONDITION_FAILED - unknown delivery tag 7", .preconditionFailed, nil),
        (404, "", .notFound, nil), (405, "queue '", .resourceLocked, AMQPEntity(.queue, "")),
        (311, "CONTENT_TOO_LARGE", .channelClosedByPeer, nil),
    ]

    @Test("each reply code that ends a channel is a code of its own, with what it is about", arguments: refusals)
    func refusal(_ code: UInt16, _ text: String, _ expected: AMQPError.Code, _ entity: AMQPEntity?) {
        let reply = PeerReply(code: ReplyCode(rawValue: code), text: text)
        let error = AMQPError.channelClosed(reply)
        #expect(error.code == expected)
        #expect(error.entity == entity)
        #expect(error.difference == nil)
        #expect(error.reply == reply)
        if let entity { #expect(error.message.contains(entity.name)) }
    }

    @Test("texts that are cut off or of another kind give no difference and do no harm")
    func cut() {
        let whole = Self.differences[1].text
        for count in 0...whole.count {
            let reply = PeerReply(code: .preconditionFailed, text: String(whole.prefix(count)))
            let error = AMQPError.channelClosed(reply)
            #expect(error.code == .preconditionFailed)
            if let difference = error.difference { #expect(difference.argument == "x-message-ttl") }
        }
    }

    @Test("a publish whose channel ends keeps what the broker objects to")
    func publish() async throws {
        try await PublishingTests.withChannel { peer in
            try peer.expect(ConfirmSelect.id)
            try peer.expect(BasicPublish.id)
            try peer.send(ChannelClose(replyCode: 404, replyText: "NOT_FOUND - no exchange 'e' in vhost '/'"))
            try peer.expect(ChannelCloseOk.id)
            try peer.farewell()
        } _: { _, channel in
            let error = await #expect(throws: AMQPError.self) { try await channel.publish([], to: "e") }
            #expect(error?.code == .publishUnknown)
            #expect(error?.entity == AMQPEntity(.exchange, "e", virtualHost: "/"))
            #expect(error?.message.contains("there is no exchange 'e'") == true)
        }
    }

    @Test(
        "a refused virtual host says why",
        arguments: [
            ("NOT_ALLOWED - vhost v not found", "there is no virtual host"),
            ("NOT_ALLOWED - access to vhost 'v' refused for user 'guest'", "may not enter"),
            ("NOT_ALLOWED - access to vhost 'v' refused for user 'guest': connection limit (1) is reached", "limit"),
            ("NOT_ALLOWED - access to vhost 'v' refused for user 'guest': vhost 'v' is down", "is down"),
        ])
    func virtualHost(_ text: String, _ part: String) async throws {
        let broker = try ScriptedBroker()
        async let served: Void = broker.serve { peer in
            try peer.readProtocolHeader()
            try peer.send(ScriptedPeer.start, channel: 0)
            try peer.expect(ConnectionStartOk.id)
            try peer.send(ConnectionTune(channelMax: 1, frameMax: 8192, heartbeat: 1), channel: 0)
            try peer.expect(ConnectionTuneOk.id)
            try peer.expect(ConnectionOpen.id)
            try peer.send(ConnectionClose(replyCode: 530, replyText: text), channel: 0)
            try peer.expect(ConnectionCloseOk.id)
        }
        let error = await #expect(throws: AMQPError.self) { try await AMQPConnection.connect(broker.url + "v") }
        #expect(error?.code == .virtualHost)
        #expect(error?.virtualHost == "v")
        #expect(error?.message.contains(part) == true)
        #expect(error?.reply?.text == text)
        try await served
    }

    @Test("a mechanism that the server does not offer is told with those that it offers")
    func mechanism() async throws {
        let broker = try ScriptedBroker()
        async let served: Void = broker.serve { peer in
            try peer.readProtocolHeader()
            try peer.send(ConnectionStart(mechanisms: Array("SCRAM-SHA-256 EXTERNAL".utf8)), channel: 0)
            while try peer.readable() {}
        }
        let error = await #expect(throws: AMQPError.self) {
            try await AMQPConnection.connect(broker.url + "?auth_mechanism=amqplain&auth_mechanism=plain")
        }
        #expect(error?.code == .mechanism)
        #expect(error?.message.contains("SCRAM-SHA-256, EXTERNAL") == true)
        #expect(error?.message.contains("AMQPLAIN, PLAIN") == true)
        try await served
    }

    @Test(
        "of several mechanisms the first that the server offers is used",
        arguments: [
            ("?auth_mechanism=external&auth_mechanism=amqplain", "PLAIN AMQPLAIN", "AMQPLAIN"),
            ("?auth_mechanism=external&auth_mechanism=plain", "PLAIN EXTERNAL", "EXTERNAL"),
            ("", "AMQPLAIN", "AMQPLAIN"),
        ])
    func choice(_ query: String, _ offered: String, _ chosen: String) async throws {
        let broker = try ScriptedBroker()
        async let mechanism = broker.serve { peer in
            try peer.readProtocolHeader()
            try peer.send(ConnectionStart(mechanisms: Array(offered.utf8)), channel: 0)
            return try peer.expect { if case .connectionStartOk(let ok) = $0 { ok.mechanism } else { nil } }
        }
        await #expect(throws: AMQPError.self) { try await AMQPConnection.connect(broker.url + query) }
        #expect(try await mechanism == chosen)
    }
}
