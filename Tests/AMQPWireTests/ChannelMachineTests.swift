import AMQPWire
import Bytes
import Testing

/// One channel of a client and what it wrote, as the server sees it.
final class ChannelTranscript {
    var out = ByteBuffer()
    var interner = Interner()
    var machine: ChannelMachine

    private init(_ machine: ChannelMachine) { self.machine = machine }

    static func open(bodyMax: UInt64 = 1 << 20) throws -> ChannelTranscript {
        var out = ByteBuffer()
        let channel = ChannelTranscript(try ChannelMachine(number: 1, bodyMax: bodyMax, &out))
        #expect(try methods(out.array) == [.channelOpen(ChannelOpen())])
        #expect(try channel.receive(.channelOpenOk(ChannelOpenOk())) == .opened)
        return channel
    }

    func receive(_ method: Method) throws -> ChannelMachine.Action {
        try #require(try receive(try encoded { try $0.append(method, channel: 1) }).last)
    }

    /// The actions of all frames in the octets.
    func receive(_ octets: [UInt8]) throws -> [ChannelMachine.Action] {
        var actions: [ChannelMachine.Action] = []
        for frame in try frames(octets, FrameParser(frameMax: 131_072)).frames {
            try frame.payload.withUnsafeBytes { payload in
                let frame = Frame(kind: frame.kind, channel: frame.channel, payload: payload)
                actions.append(try machine.receive(frame, &interner, &out))
            }
        }
        return actions
    }

    /// A method with content, in frames of at most 32 octets.
    func receive(_ method: some MethodPayload, body: String, properties: BasicProperties = BasicProperties())
        throws -> ChannelMachine.Action
    {
        let octets = try encoded { buffer in
            try Array(body.utf8).withUnsafeBytes { body in
                try buffer.append(method, properties: properties, body: body, channel: 1, frameMax: 100)
            }
        }
        return try #require(try receive(octets).last)
    }

    func written() throws -> [Method] {
        defer { out.clear() }
        return try methods(out.array)
    }

    func consume(_ tag: String, consumer: Int, ticket: UInt64, noAck: Bool = false) throws {
        try machine.consume(
            BasicConsume(queue: "q", consumerTag: tag, noAck: noAck), consumer: consumer, ticket: ticket, &out)
    }
}

@Suite("The channel's machine")
struct ChannelMachineTests {
    @Test("answers go to the requests in their order")
    func requests() throws {
        let channel = try ChannelTranscript.open()
        try channel.machine.request(QueueDeclare(queue: "a"), ticket: 7, &channel.out)
        try channel.machine.request(ExchangeUnbind(destination: "d", source: "s"), ticket: 8, &channel.out)
        try channel.machine.request(QueuePurge(queue: "a"), ticket: 9, &channel.out)
        #expect(try channel.written().count == 3)
        let declared = Method.queueDeclareOk(QueueDeclareOk(queue: "a"))
        #expect(try channel.receive(declared) == .reply(7, declared, nil))
        let unbound = Method.exchangeUnbindOk(ExchangeUnbindOk())
        #expect(try channel.receive(unbound) == .reply(8, unbound, nil))
        #expect(channel.machine.waiting == 1)
        #expect(throws: AMQPError.self) { try channel.receive(declared) }
    }

    @Test("other answers may overtake those of consume and cancel, which find their request by the tag")
    func overtaking() throws {
        let channel = try ChannelTranscript.open()
        let purged = Method.queuePurgeOk(QueuePurgeOk(messageCount: 1))
        try channel.consume("a", consumer: 1, ticket: 1)
        try channel.machine.cancel(consumerTag: "a", ticket: 2, &channel.out)
        try channel.machine.request(QueuePurge(queue: "q"), ticket: 3, &channel.out)
        try channel.consume("b", consumer: 2, ticket: 4)
        #expect(channel.machine.waiting == 4)
        #expect(try channel.receive(purged) == .reply(3, purged, nil))
        let started = { Method.basicConsumeOk(BasicConsumeOk(consumerTag: $0)) }
        #expect(try channel.receive(started("b")) == .reply(4, started("b"), nil))
        #expect(throws: AMQPError.self) { try channel.receive(started("b")) }
        #expect(try channel.receive(started("a")) == .reply(1, started("a"), nil))
        let cancelled = Method.basicCancelOk(BasicCancelOk(consumerTag: "a"))
        #expect(try channel.receive(cancelled) == .reply(2, cancelled, nil))
        #expect(throws: AMQPError.self) { try channel.receive(cancelled) }
        #expect(channel.machine.waiting == 0)
    }

    @Test("an answer that nothing asked for is a connection error")
    func unasked() throws {
        for method in Method.samples {
            switch method {
            case .basicDeliver, .basicReturn, .basicAck, .basicNack, .basicCancel, .channelFlow, .channelClose: continue
            default: break
            }
            let channel = try ChannelTranscript.open()
            let error = #expect(throws: AMQPError.self) { try channel.receive(method) }
            #expect(error?.verdict != nil)
        }
    }

    @Test("a delivery is put together from its frames", arguments: [0, 1, 91, 92, 93, 184, 5000])
    func delivery(_ size: Int) throws {
        let channel = try ChannelTranscript.open()
        try channel.consume("c1", consumer: 4, ticket: 1)
        let body = String(repeating: "x", count: size)
        let properties = BasicProperties(messageID: "m")
        let deliver = BasicDeliver(
            consumerTag: "c1", deliveryTag: 1, redelivered: true, exchange: "a long exchange name", routingKey: "k")
        let action = try channel.receive(deliver, body: body, properties: properties)
        guard case .delivery(let delivery) = action else {
            Issue.record("no delivery: \(action)")
            return
        }
        #expect(delivery.consumer == 4)
        #expect(delivery.deliveryTag == 1)
        #expect(delivery.redelivered)
        #expect(delivery.route.exchange == "a long exchange name")
        #expect(delivery.route.routingKey == "k")
        #expect(delivery.content.body == Array(body.utf8))
        #expect(BasicProperties(checked: delivery.content.properties) == properties)
        #expect(channel.machine.unsettled.count == 1)
    }

    @Test(
        "behaviour 4: content frames out of order are connection errors",
        arguments: [
            // body first; header twice; body too long; method inside; wrong class; body without a method; header too large
            "03 0001 00000001 'x' CE",
            "02 0001 0000000E 003C0000 0000000000000001 0000 CE 02 0001 0000000E 003C0000 0000000000000001 0000 CE",
            "02 0001 0000000E 003C0000 0000000000000001 0000 CE 03 0001 00000002 'xx' CE",
            "02 0001 0000000E 003C0000 0000000000000001 0000 CE 01 0001 00000005 0014002801 CE",
            "02 0001 0000000E 00320000 0000000000000001 0000 CE",
            "02 0001 0000000E 003C0000 7FFFFFFFFFFFFFFF 0000 CE",
            "02 0001 0000000E 003C0000 FFFFFFFFFFFFFFFF 0000 CE",
            "02 0001 0000000E 003C0000 0000000000000001 0000 CE 03 0001 00000000 CE",
            "02 0001 0000000D 003C0000 0000000000000001 00 CE",
            "02 0001 0000000E 003C0000 0000000000000001 2000 CE",
        ])
    func outOfOrder(_ text: String) throws {
        let channel = try ChannelTranscript.open()
        try channel.consume("t", consumer: 0, ticket: 1)
        let announced = try encoded {
            try $0.append(BasicDeliver(consumerTag: "t", deliveryTag: 1, routingKey: "k"), channel: 1)
        }
        let error = #expect(throws: AMQPError.self) { try channel.receive(announced + octets(text)) }
        #expect(error?.verdict != nil)
    }

    @Test("behaviour 4: content that no method announced is a connection error")
    func unannounced() throws {
        let channel = try ChannelTranscript.open()
        #expect(throws: AMQPError.self) {
            try channel.receive(octets("02 0001 0000000E 003C0000 0000000000000000 0000 CE"))
        }
    }

    @Test("a consumer is known before its consume-ok, and until its cancel-ok")
    func consumers() throws {
        let channel = try ChannelTranscript.open()
        try channel.consume("one", consumer: 1, ticket: 10)
        try channel.consume("two", consumer: 2, ticket: 11)
        #expect(throws: AMQPError.self) { try channel.consume("two", consumer: 3, ticket: 12) }
        for (tag, deliveryTag, consumer) in [("two", 1, 2), ("one", 2, 1), ("one", 3, 1), ("two", 4, 2)]
            as [(String, UInt64, Int)]
        {
            let action = try channel.receive(BasicDeliver(consumerTag: tag, deliveryTag: deliveryTag), body: "")
            guard case .delivery(let delivery) = action else {
                Issue.record("no delivery")
                return
            }
            #expect(delivery.consumer == consumer)
        }
        _ = try channel.receive(.basicConsumeOk(BasicConsumeOk(consumerTag: "one")))
        _ = try channel.receive(.basicConsumeOk(BasicConsumeOk(consumerTag: "two")))
        try channel.machine.cancel(consumerTag: "one", ticket: 13, &channel.out)
        let cancelled = Method.basicCancelOk(BasicCancelOk(consumerTag: "one"))
        #expect(try channel.receive(cancelled) == .reply(13, cancelled, nil))
        #expect(
            try channel.receive(BasicDeliver(consumerTag: "one", deliveryTag: 5), body: "") == .orphan(deliveryTag: 5))
    }

    @Test("behaviour 23: the broker's cancel ends the consumer and is answered when it asks for it")
    func cancelledByBroker() throws {
        let channel = try ChannelTranscript.open()
        try channel.consume("t", consumer: 6, ticket: 1)
        _ = try channel.written()
        #expect(
            try channel.receive(.basicCancel(BasicCancel(consumerTag: "t", noWait: false)))
                == .consumerCancelled(tag: "t", consumer: 6))
        #expect(try channel.written() == [.basicCancelOk(BasicCancelOk(consumerTag: "t"))])
        #expect(try channel.receive(.basicCancel(BasicCancel(consumerTag: "t", noWait: true))) == .none)
    }

    @Test("get is answered with content or with empty")
    func get() throws {
        let channel = try ChannelTranscript.open()
        try channel.machine.get(BasicGet(queue: "q"), ticket: 1, &channel.out)
        try channel.machine.get(BasicGet(queue: "q", noAck: true), ticket: 2, &channel.out)
        try channel.machine.get(BasicGet(queue: "q"), ticket: 3, &channel.out)
        let got = BasicGetOk(deliveryTag: 1, routingKey: "k", messageCount: 5)
        #expect(
            try channel.receive(got, body: "x") == .reply(1, .basicGetOk(got), Content(body: Array("x".utf8))))
        #expect(channel.machine.unsettled.count == 1)
        _ = try channel.receive(BasicGetOk(deliveryTag: 2), body: "")
        #expect(channel.machine.unsettled.count == 1)
        #expect(try channel.receive(.basicGetEmpty(BasicGetEmpty())) == .reply(3, .basicGetEmpty(BasicGetEmpty()), nil))
    }

    @Test("confirms, returns and flow are told; flow is answered")
    func publishing() throws {
        let channel = try ChannelTranscript.open()
        #expect(
            try channel.receive(.basicAck(BasicAck(deliveryTag: 3, multiple: true)))
                == .confirm(tag: 3, multiple: true, confirmed: true))
        #expect(
            try channel.receive(.basicNack(BasicNack(deliveryTag: 4)))
                == .confirm(tag: 4, multiple: false, confirmed: false))
        let returned = BasicReturn(replyCode: 312, replyText: "NO_ROUTE", exchange: "e", routingKey: "k")
        #expect(try channel.receive(returned, body: "abc") == .returned(returned, Content(body: Array("abc".utf8))))
        #expect(try channel.receive(.channelFlow(ChannelFlow(active: false))) == .flow(active: false))
        #expect(try channel.written() == [.channelFlowOk(ChannelFlowOk(active: false))])
    }

    @Test("the peer's close is answered; then nothing may follow")
    func closedByPeer() throws {
        let channel = try ChannelTranscript.open()
        let close = ChannelClose(replyCode: 404, replyText: "NOT_FOUND", classID: 60, methodID: 40)
        let reply = PeerReply(code: .notFound, text: "NOT_FOUND", method: "basic.publish")
        #expect(try channel.receive(.channelClose(close)) == .closedByPeer(reply))
        #expect(try channel.written() == [.channelCloseOk(ChannelCloseOk())])
        #expect(try channel.machine.close(&channel.out) == false)
        #expect(throws: AMQPError.self) { try channel.receive(.channelOpenOk(ChannelOpenOk())) }
    }

    @Test("a closing channel discards everything but close and close-ok")
    func closing() throws {
        let channel = try ChannelTranscript.open()
        try channel.consume("t", consumer: 0, ticket: 1)
        #expect(try channel.machine.close(&channel.out))
        #expect(try channel.machine.close(&channel.out) == false)
        _ = try channel.written()
        #expect(try channel.receive(BasicDeliver(consumerTag: "t", deliveryTag: 1), body: "late") == .none)
        #expect(try channel.receive(.basicConsumeOk(BasicConsumeOk(consumerTag: "t"))) == .none)
        #expect(try channel.receive(.channelCloseOk(ChannelCloseOk())) == .closed)
        #expect(try channel.written().isEmpty)
    }

    @Test("behaviour 15: a channel that both sides close at once is closed when this side has answered")
    func closingBoth() throws {
        let channel = try ChannelTranscript.open()
        #expect(try channel.machine.close(&channel.out))
        _ = try channel.written()
        #expect(try channel.receive(.channelClose(ChannelClose(replyCode: 404))) == .closedByBoth)
        #expect(try channel.written() == [.channelCloseOk(ChannelCloseOk())])
        #expect(throws: AMQPError.self) { try channel.receive(.channelCloseOk(ChannelCloseOk())) }
    }
}
