import AMQPWire
import Bytes

/// How octets are changed on their way out.
enum Mutation {
    case flip(at: Int, bits: UInt8)
    case cut(Int)
    case channel(UInt16)
    case size(UInt32)
    case repeated
    case endOctet(UInt8)

    init(_ choices: inout Choices) {
        switch choices.below(6) {
        case 0: self = .flip(at: Int(choices.octet()), bits: choices.octet())
        case 1: self = .cut(Int(choices.octet()))
        case 2: self = .channel(UInt16(choices.octet()))
        case 3: self = .size(choices.long())
        case 4: self = .repeated
        default: self = .endOctet(choices.octet())
        }
    }

    func applied(to octets: [UInt8]) -> [UInt8] {
        var octets = octets
        guard octets.count >= 8 else { return octets }
        switch self {
        case .flip(let at, let bits): octets[at % octets.count] ^= bits
        case .cut(let count): octets.removeLast(min(octets.count, 1 + count))
        case .channel(let number): octets.replaceSubrange(1..<3, with: [UInt8(number >> 8), UInt8(number & 255)])
        case .size(let size):
            octets.replaceSubrange(3..<7, with: (0..<4).map { UInt8(truncatingIfNeeded: size >> (24 - 8 * $0)) })
        case .repeated: octets += octets
        case .endOctet(let octet): octets[octets.count - 1] = octet
        }
        return octets
    }
}

/// What a move does besides sending.
enum BrokerEffect { case none, end, reset, pause, resume, pieces(Int) }

extension FuzzedBroker {
    /// How many kinds of moves there are.
    static let moves = 28

    /// The move that `code` and the choices behind it name.
    mutating func move(_ code: Int, _ choices: inout Choices, _ out: inout [UInt8]) -> BrokerEffect {
        var buffer = ByteBuffer()
        var effect = BrokerEffect.none
        switch code {
        case 0...4: answer(code, &choices, &buffer)
        case 5...9: content(code, &choices, &buffer)
        case 10...13: confirm(code, &choices, &buffer)
        case 14...20: event(code, &choices, &buffer)
        case 21: rawFrame(&choices, &buffer)
        case 22: for octet in choices.octets(Int(choices.octet())) { buffer.append(octet) }
        case 23: mutation = Mutation(&choices)
        case 24: effect = choices.bool() ? .reset : .end
        case 25: effect = choices.bool() ? .resume : .pause
        case 26: effect = .pieces(Int(choices.octet()))
        default: buffer.appendHeartbeat()
        }
        guard !buffer.isEmpty else { return effect }
        out += mutation?.applied(to: buffer.array) ?? buffer.array
        mutation = nil
        return effect
    }

    /// Answers the oldest request as it should be; false if there is none.
    mutating func answerOldest(_ choices: inout Choices, _ out: inout [UInt8]) -> Bool {
        guard !requests.isEmpty else { return false }
        _ = move(0, &choices, &out)
        return true
    }

    private mutating func send(_ method: Method, _ channel: UInt16, _ out: inout ByteBuffer) {
        try? out.append(method, channel: channel)
    }

    /// One of the open channels, or one that is not.
    private func channel(_ choices: inout Choices) -> UInt16 {
        let choice = choices.octet()
        if choice >= 0xF0 { return UInt16(choice & 15) }
        let known = channels.keys.sorted()
        return known.isEmpty ? 1 : known[Int(choice) % known.count]
    }

    private mutating func answer(_ code: Int, _ choices: inout Choices, _ out: inout ByteBuffer) {
        guard !requests.isEmpty else { return }
        let index = code < 2 ? 0 : choices.below(requests.count)
        var request = requests[index]
        if code == 4 { request.channel = channel(&choices) }
        // Given twice, when the request stays.
        if code != 3 { requests.remove(at: index) }
        if code == 1, choices.bool() { return }
        if case .basicGet = request.method, choices.bool() {
            channels[request.channel]?.lastDelivery += 1
            let tag = channels[request.channel]?.lastDelivery ?? 1
            return message(
                BasicGetOk(deliveryTag: tag, exchange: "e", routingKey: "k"), request.channel, &choices, &out)
        }
        if let method = answer(to: request.method, &choices) { send(method, request.channel, &out) }
        if case .channelClose = request.method { channels[request.channel] = nil }
    }

    private mutating func content(_ code: Int, _ choices: inout Choices, _ out: inout ByteBuffer) {
        let number = channel(&choices)
        var deliver = BasicDeliver(exchange: "exchange", routingKey: "a routing key that does not fit in place")
        let tags = channels[number]?.consumers ?? []
        deliver.consumerTag = tags.isEmpty ? "c1" : tags[choices.below(tags.count)]
        switch code {
        case 5: break
        case 6:
            // Many small ones.
            for _ in 0..<choices.octet() {
                channels[number]?.lastDelivery += 1
                deliver.deliveryTag = channels[number]?.lastDelivery ?? 1
                append(deliver, [], Array("x".utf8), number, &out)
            }
            return
        case 7: deliver.consumerTag = choices.text()
        case 8:
            deliver.deliveryTag = choices.bool() ? choices.longLong() : UInt64(choices.octet())
            return message(deliver, number, &choices, &out)
        default: return returned(number, &choices, &out)
        }
        channels[number]?.lastDelivery += 1
        deliver.deliveryTag = channels[number]?.lastDelivery ?? 1
        deliver.redelivered = choices.bool()
        message(deliver, number, &choices, &out)
    }

    private mutating func returned(_ number: UInt16, _ choices: inout Choices, _ out: inout ByteBuffer) {
        let published = channels[number]?.published ?? []
        guard !published.isEmpty else {
            return message(BasicReturn(replyCode: 312, replyText: "NO_ROUTE"), number, &choices, &out)
        }
        let one = published[choices.below(published.count)]
        append(
            BasicReturn(
                replyCode: 312, replyText: "NO_ROUTE", exchange: one.method.exchange, routingKey: one.method.routingKey),
            one.properties, one.body, number, &out)
    }

    private func message(
        _ method: some MethodPayload, _ channel: UInt16, _ choices: inout Choices, _ out: inout ByteBuffer
    ) {
        let properties = Array(choices.octets(Int(choices.octet() & 31)))
        append(method, properties, Array(repeating: 0x62, count: choices.bodySize()), channel, &out)
    }

    /// A method with content; the properties are octets that need not make sense.
    private func append(
        _ method: some MethodPayload, _ properties: [UInt8], _ body: [UInt8], _ channel: UInt16, _ out: inout ByteBuffer
    ) {
        try? out.append(method, channel: channel)
        out.appendFrame(2, channel) {
            $0.append(integer: 60 as UInt16)
            $0.append(integer: 0 as UInt16)
            $0.append(integer: UInt64(body.count))
            $0.append(properties.isEmpty ? [0, 0] : properties)
        }
        var rest = body[...]
        while !rest.isEmpty {
            out.appendFrame(3, channel) { $0.append(rest.prefix(4088)) }
            rest = rest.dropFirst(4088)
        }
    }

    private mutating func confirm(_ code: Int, _ choices: inout Choices, _ out: inout ByteBuffer) {
        let number = channel(&choices)
        let last = UInt64(channels[number]?.published.count ?? 0)
        var tag = (channels[number]?.confirmed ?? 0) + 1
        var multiple = false
        switch code {
        case 10: break
        case 11: (tag, multiple) = (last, true)
        case 12: (tag, multiple) = (choices.bool() ? choices.longLong() : UInt64(choices.octet()), choices.bool())
        default: (tag, multiple) = (0, true)
        }
        channels[number]?.confirmed = multiple ? last : min(tag, last)
        if choices.bool() {
            send(.basicNack(BasicNack(deliveryTag: tag, multiple: multiple)), number, &out)
        } else {
            send(.basicAck(BasicAck(deliveryTag: tag, multiple: multiple)), number, &out)
        }
    }

    private mutating func event(_ code: Int, _ choices: inout Choices, _ out: inout ByteBuffer) {
        let codes: [UInt16] = [404, 405, 403, 406, 530, 320, 200, 541]
        switch code {
        case 14:
            let number = channel(&choices)
            send(.channelClose(ChannelClose(replyCode: codes[choices.below(8)], replyText: "why")), number, &out)
        case 15: send(.connectionClose(ConnectionClose(replyCode: codes[choices.below(8)], replyText: "why")), 0, &out)
        case 16: send(.connectionBlocked(ConnectionBlocked(reason: choices.text())), 0, &out)
        case 17: send(.connectionUnblocked(ConnectionUnblocked()), 0, &out)
        case 18: send(.channelFlow(ChannelFlow(active: choices.bool())), channel(&choices), &out)
        case 19:
            let number = channel(&choices)
            let tags = channels[number]?.consumers ?? []
            let tag = tags.isEmpty ? "c1" : tags[choices.below(tags.count)]
            send(.basicCancel(BasicCancel(consumerTag: tag, noWait: choices.bool())), number, &out)
        default: send(.connectionStart(start), 0, &out)
        }
    }

    /// Any class and method with any arguments, or a header or body out of order.
    private func rawFrame(_ choices: inout Choices, _ out: inout ByteBuffer) {
        let kind = UInt8(1 + choices.below(3))
        let number = channel(&choices)
        let octets = choices.octets(Int(choices.octet() & 63))
        out.appendFrame(kind, choices.bool() ? 0 : number) { $0.append(octets) }
    }
}

extension ByteBuffer {
    fileprivate mutating func appendFrame(_ kind: UInt8, _ channel: UInt16, _ payload: (inout ByteBuffer) -> Void) {
        var inner = ByteBuffer()
        payload(&inner)
        append(kind)
        append(integer: channel)
        append(integer: UInt32(inner.count))
        inner.withBytes { append($0) }
        append(0xCE)
    }
}
