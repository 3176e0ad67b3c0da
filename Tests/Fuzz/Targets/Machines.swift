import AMQPWire
import Bytes

/// A whole conversation between a fuzzed broker and the machines that have no sockets: the connection's, and of one
/// channel its own, its confirms and its deliveries.
@Sendable
func fuzzMachines(_ input: UnsafeRawBufferPointer) -> String? {
    var choices = Choices(input)
    let tune = FuzzedBroker.tunes[choices.below(FuzzedBroker.tunes.count)]
    let piece = Int(choices.octet())
    var client = MachineClient()
    var broker = FuzzedBroker(tune: tune)
    var octets: [UInt8] = []
    client.flush(to: &broker)
    _ = broker.move(20, &choices, &octets)
    while !choices.isAtEnd, !client.hasEnded, client.finding == nil {
        let code = Int(choices.octet())
        if code < 160 {
            if code < 80, broker.isInHandshake { _ = broker.answerOldest(&choices, &octets) }
            switch broker.move(code % FuzzedBroker.moves, &choices, &octets) {
            case .end, .reset: client.lost()
            default: break
            }
        } else {
            client.call(code - 160, &choices)
        }
        client.flush(to: &broker)
        var rest = octets[...]
        octets = []
        while !rest.isEmpty {
            client.receive(rest.prefix(piece == 0 ? rest.count : max(piece, rest.count / 64)))
            rest = rest.dropFirst(piece == 0 ? rest.count : max(piece, rest.count / 64))
            client.flush(to: &broker)
        }
    }
    client.lost()
    return client.finding ?? broker.finding
}

/// What a connection does with the machines, without the connection.
private struct MachineClient: ~Copyable {
    var connection: ConnectionMachine
    var channel: ChannelMachine?
    var confirms = ConfirmRing<Int>()
    var parser = FrameParser()
    var interner = Interner()
    var rest = ByteBuffer()
    var out = ByteBuffer()
    var isConfirming = false
    var hasEnded = false
    var finding: String?
    var lastTicket: UInt64 = 0
    var lastConsumer = 0
    /// Requests without an answer, and publishes without one.
    var tickets: Set<UInt64> = []
    var waiting: Set<Int> = []
    var published = 0

    init() { connection = ConnectionMachine(HandshakeSettings(), &out) }

    mutating func flush(to broker: inout FuzzedBroker) {
        out.withBytes { broker.receive($0) }
        out.clear()
    }

    mutating func lost() {
        hasEnded = true
        _ = connection.endOfStream()
        var left: Set<Int> = []
        confirms.abandon { left.insert($0) }
        if left != waiting { finding = "the ring holds \(left.sorted()), and \(waiting.sorted()) wait" }
        waiting = []
    }

    // MARK: Receiving

    mutating func receive(_ octets: ArraySlice<UInt8>) {
        guard !hasEnded else { return }
        rest.append(octets)
        let bytes = rest.array
        var position = 0
        do throws(AMQPError) {
            try bytes.withUnsafeBytesTyped { bytes throws(AMQPError) in
                try connection.inspect(first: bytes)
                while !hasEnded, let frame = try parser.next(UnsafeRawBufferPointer(rebasing: bytes[position...])) {
                    position += frame.size
                    if frame.channel == 1, connection.isOpen {
                        let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
                        if let channel { finding = finding ?? compareDeliveries(channel, frame, rest, parser) }
                        // Both ways are to be walked.
                        if lastTicket % 2 == 0, let delivery = try channel?.deliver(frame, followedBy: rest, parser) {
                            position += delivery.octets
                            received(delivery)
                            continue
                        }
                    }
                    try receive(frame)
                }
            }
        } catch {
            _ = try? connection.close(code: error.verdict?.code ?? .internalError, text: error.message, &out)
            lost()
        }
        rest.consume(position)
    }

    private mutating func received(_ delivery: ChannelMachine.PlainDelivery) {
        _ = BasicProperties(checked: Array(delivery.properties))
        _ = interner.route(delivery.exchange, delivery.routingKey)
        if delivery.consumer == nil { settle(delivery.deliveryTag, false) }
    }

    private mutating func receive(_ frame: Frame) throws(AMQPError) {
        guard frame.channel != 0 else {
            switch try connection.receive(frame, &out) {
            case .opened(let tuning): parser.frameMax = Int(tuning.frameMax)
            case .closed, .closedByPeer: lost()
            default: break
            }
            return
        }
        guard frame.channel == 1, connection.isOpen, let action = try channel?.receive(frame, &interner, &out) else {
            throw .syntax("a frame for a channel that is not open", .channelError)
        }
        switch action {
        case .reply(let ticket, _, _):
            if tickets.remove(ticket) == nil { finding = "ticket \(ticket) is answered, and nobody asked" }
        case .delivery(let delivery): _ = BasicProperties(checked: delivery.content.properties)
        case .orphan(let tag): settle(tag, false)
        case .returned(let method, let content): returned(method, content)
        case .confirm(let tag, let multiple, let confirmed):
            var answered: [Int] = []
            try confirms.settle(tag, multiple: multiple, confirmed: confirmed) { number, _ in answered.append(number) }
            for number in answered where waiting.remove(number) == nil { finding = "publish \(number) ends twice" }
            if confirms.count != waiting.count { finding = "\(confirms.count) are counted, \(waiting.count) wait" }
        case .closed, .closedByBoth, .closedByPeer: ended()
        case .none, .opened, .consumerCancelled, .flow: break
        }
    }

    private mutating func returned(_ method: BasicReturn, _ content: Content) {
        let fingerprint = content.properties.withUnsafeBytes { properties in
            content.body.withUnsafeBytes { body in
                MessageFingerprint(
                    exchange: method.exchange, routingKey: method.routingKey, properties: properties, body: body)
            }
        }
        _ = confirms.returned(fingerprint, PeerReply(code: .noRoute, text: method.replyText))
    }

    private mutating func ended() {
        channel = nil
        isConfirming = false
        tickets = []
        confirms.abandon { waiting.remove($0) }
        if !waiting.isEmpty { finding = "\(waiting.count) publishes are lost with their channel" }
    }

    // MARK: Calling

    /// What a program asks for; the machine may refuse.
    mutating func call(_ code: Int, _ choices: inout Choices) {
        guard connection.isOpen else { return }
        try? perform(code, &choices)
    }

    private mutating func perform(_ code: Int, _ choices: inout Choices) throws(AMQPError) {
        guard channel != nil else { return channel = try ChannelMachine(number: 1, bodyMax: 1 << 20, &out) }
        guard channel?.isOpen == true else {
            if code == 6 { _ = try channel?.close(&out) }
            return
        }
        lastTicket += 1
        let ticket = lastTicket
        switch code % 10 {
        case 0: try channel?.request(QueueDeclare(queue: choices.text()), ticket: ticket, &out)
        case 1: try channel?.get(BasicGet(queue: "q", noAck: choices.bool()), ticket: ticket, &out)
        case 2:
            lastConsumer += 1
            let method = BasicConsume(consumerTag: "c\(choices.below(4))", noAck: choices.bool())
            try channel?.consume(method, consumer: lastConsumer, ticket: ticket, &out)
        case 3: try channel?.cancel(consumerTag: "c\(choices.below(4))", ticket: ticket, &out)
        case 4: return settle(UInt64(choices.octet()), choices.bool())
        case 5: try channel?.request(BasicQos(prefetchCount: 1), ticket: ticket, &out)
        case 6:
            _ = try channel?.close(&out)
            return
        case 7:
            _ = try connection.close(&out)
            return
        case 8 where !isConfirming:
            try channel?.request(ConfirmSelect(), ticket: ticket, &out)
            isConfirming = true
        default: return try publish(&choices)
        }
        tickets.insert(ticket)
    }

    private mutating func settle(_ tag: UInt64, _ multiple: Bool) {
        let before = channel?.unsettled.count ?? 0
        let settling =
            tag & 1 == 0
            ? channel?.ack(tag, multiple: multiple)
            : try? channel?.giveUp(tag, multiple: multiple, requeue: true, asReject: !multiple, &out)
        guard case .settled(let sent, let count)? = settling else { return }
        if before - count != channel?.unsettled.count { finding = "\(before) less \(count) is something else" }
        if case .settled? = channel?.ack(sent, multiple: false) { finding = "delivery \(sent) is settled twice" }
        if tag & 2 == 0 { channel?.writeAcks(&out) }
    }

    private mutating func publish(_ choices: inout Choices) throws(AMQPError) {
        guard isConfirming else { return }
        let body = Array(repeating: UInt8(0x61), count: choices.bodySize())
        let mandatory = choices.bool()
        let limit = Int(connection.tuning.frameMax)
        try body.withUnsafeBytesTyped { bytes throws(AMQPError) in
            try out.appendPublish(
                exchange: "e", routingKey: "k", mandatory: mandatory, properties: BasicProperties(), body: bytes,
                channel: 1, frameMax: limit)
        }
        published += 1
        let fingerprint = body.withUnsafeBytes { bytes in
            MessageFingerprint(
                exchange: "e", routingKey: "k", properties: UnsafeRawBufferPointer(start: nil, count: 0), body: bytes)
        }
        confirms.published(published, octets: body.count, fingerprint: mandatory ? fingerprint : nil)
        waiting.insert(published)
    }
}

extension [UInt8] {
    /// `withUnsafeBytes` with a typed error.
    fileprivate func withUnsafeBytesTyped<Result>(
        _ body: (UnsafeRawBufferPointer) throws(AMQPError) -> Result
    ) throws(AMQPError) -> Result {
        try withUnsafeBufferPointer { buffer throws(AMQPError) in try body(UnsafeRawBufferPointer(buffer)) }
    }
}
