import Bytes

/// One channel, from open to close-ok: frames and calls in, actions and octets out, no I/O.
///
/// Requests wait in a FIFO of slots, but for consume and cancel: in RabbitMQ the queue answers those, so that later
/// answers of the channel may overtake theirs, and they are found by the consumer's tag. A slot whose asker went away stays and swallows its answer, so an answer never
/// crosses over to another request.
package struct ChannelMachine: Sendable {
    /// Names a request towards the owner, who keeps who waits for it.
    package typealias Ticket = UInt64

    package enum State: Equatable, Sendable { case opening, open, closing, closed }

    package enum Action: Equatable, Sendable {
        case none
        case opened
        /// The answer to a request; `content` comes with get-ok only.
        case reply(Ticket, Method, Content?)
        case delivery(Delivery)
        /// A delivery for a consumer that is gone: give it back.
        case orphan(deliveryTag: UInt64)
        case returned(BasicReturn, Content)
        case confirm(tag: UInt64, multiple: Bool, confirmed: Bool)
        /// The broker ended a consumer.
        case consumerCancelled(tag: String, consumer: Int)
        /// The broker asks to stop or go on publishing; flow-ok is in the output.
        case flow(active: Bool)
        /// The peer closed the channel; close-ok is in the output, the number is free.
        case closedByPeer(PeerReply)
        /// The peer answered this side's close: the number is free.
        case closed
        /// Both sides closed at once; close-ok is in the output, the number is free. The peer's own close-ok comes
        /// before anything else on this number, if it comes: RabbitMQ does not always send it.
        case closedByBoth
    }

    package struct Delivery: Equatable, Sendable {
        package var consumer: Int
        package var deliveryTag: UInt64
        package var redelivered: Bool
        package var route: Route
        package var content: Content

        package init(consumer: Int, deliveryTag: UInt64, redelivered: Bool, route: Route, content: Content) {
            self.consumer = consumer
            self.deliveryTag = deliveryTag
            self.redelivered = redelivered
            self.route = route
            self.content = content
        }

        package static func == (one: Delivery, other: Delivery) -> Bool {
            one.consumer == other.consumer && one.deliveryTag == other.deliveryTag
                && one.redelivered == other.redelivered && one.route.exchange == other.route.exchange
                && one.route.routingKey == other.route.routingKey && one.content == other.content
        }
    }

    private struct Slot {
        var ticket: Ticket
        var request: MethodID
    }

    private struct ConsumerSlot {
        var ticket: Ticket
        var request: MethodID
        var tag: String
    }

    private enum Announced {
        case delivery(consumer: Int?, deliveryTag: UInt64, redelivered: Bool, route: Route)
        case returned(BasicReturn)
        case got(BasicGetOk)
    }

    package let number: UInt16
    package private(set) var state = State.opening
    package internal(set) var unsettled = UnsettledDeliveries()
    var acks = PendingAcks()
    /// tx.select was sent.
    private(set) var isTransactional = false
    private var slots = Ring<Slot>()
    private var consumerSlots: [ConsumerSlot] = []
    private var getsAcknowledge = Ring<Bool>()
    var assembly: ContentAssembly
    private var announced: Announced?
    var consumers: [Consumer] = []
    /// The consumer of the last delivery: mostly the next one's too.
    var recent = 0

    /// Opens: channel.open goes out.
    package init(number: UInt16, bodyMax: UInt64 = 1 << 29, _ out: inout ByteBuffer) throws(AMQPError) {
        self.number = number
        assembly = ContentAssembly(bodyMax: bodyMax)
        try out.append(ChannelOpen(), channel: number)
    }

    package var isOpen: Bool { state == .open }
    package var waiting: Int { slots.count + consumerSlots.count }

    // MARK: Calls

    /// Sends a request that the peer answers; the answer comes as `.reply` with the ticket.
    package mutating func request(_ method: some MethodPayload, ticket: Ticket, _ out: inout ByteBuffer)
        throws(AMQPError)
    {
        writeAcks(&out)
        try out.append(method, channel: number)
        if type(of: method).id == TxSelect.id { isTransactional = true }
        slots.append(Slot(ticket: ticket, request: type(of: method).id))
    }

    package mutating func get(_ method: BasicGet, ticket: Ticket, _ out: inout ByteBuffer) throws(AMQPError) {
        try request(method, ticket: ticket, &out)
        getsAcknowledge.append(!method.noAck)
    }

    /// Registers the consumer before consume goes out: deliveries may come at once. The owner chose the tag.
    package mutating func consume(_ method: BasicConsume, consumer: Int, ticket: Ticket, _ out: inout ByteBuffer)
        throws(AMQPError)
    {
        guard !method.consumerTag.isEmpty, !consumers.contains(where: { $0.tag == method.consumerTag }) else {
            throw .argument("the consumer tag \(method.consumerTag) is in use on this channel")
        }
        writeAcks(&out)
        try out.append(method, channel: number)
        consumerSlots.append(ConsumerSlot(ticket: ticket, request: BasicConsume.id, tag: method.consumerTag))
        consumers.append(
            Consumer(method, number: consumer))
    }

    package mutating func cancel(consumerTag: String, ticket: Ticket, _ out: inout ByteBuffer) throws(AMQPError) {
        writeAcks(&out)
        try out.append(BasicCancel(consumerTag: consumerTag), channel: number)
        consumerSlots.append(ConsumerSlot(ticket: ticket, request: BasicCancel.id, tag: consumerTag))
    }

    /// Closes from this side: from now on everything but close and close-ok is discarded. True if close went out.
    package mutating func close(code: ReplyCode = .success, text: String = "", _ out: inout ByteBuffer)
        throws(AMQPError) -> Bool
    {
        guard state == .open || state == .opening else { return false }
        writeAcks(&out)
        try out.append(ChannelClose(replyCode: code.rawValue, replyText: text), channel: number)
        state = .closing
        return true
    }

    // MARK: Frames

    package mutating func receive(_ frame: Frame, _ interner: inout Interner, _ out: inout ByteBuffer)
        throws(AMQPError) -> Action
    {
        switch state {
        case .closed: throw .syntax("a frame for closed channel \(number)", .channelError)
        case .closing: return try receiveWhileClosing(frame, &out)
        case .opening, .open: break
        }
        guard frame.kind == .method else {
            guard let content = try assembly.receive(frame) else { return .none }
            return try complete(content)
        }
        guard assembly.isIdle else { throw .syntax("a method frame inside of content", .unexpectedFrame) }
        var reader = ArgumentReader(frame.payload)
        let id = MethodID(class: try reader.short(), method: try reader.short())
        if id ~= BasicDeliver.id {
            try announce(delivery: &reader, &interner)
            return .none
        }
        if id ~= BasicAck.id || id ~= BasicNack.id {
            let tag = try reader.longLong()
            let bits = try reader.octet()
            guard reader.isAtEnd else { throw .syntax("octets after the arguments", .syntaxError, id) }
            return .confirm(tag: tag, multiple: bits & 1 != 0, confirmed: id ~= BasicAck.id)
        }
        return try receive(try Method(payload: frame.payload), &out)
    }

    /// Reads basic.deliver in place: no `Method`, no new strings for names seen before.
    private mutating func announce(delivery reader: inout ArgumentReader, _ interner: inout Interner)
        throws(AMQPError)
    {
        let tag = try reader.shortStringBytes()
        let deliveryTag = try reader.longLong()
        let bits = try reader.octet()
        let exchange = try reader.shortStringBytes()
        let routingKey = try reader.shortStringBytes()
        guard reader.isAtEnd else { throw .syntax("octets after the arguments", .syntaxError, BasicDeliver.id) }
        let index = consumerIndex(tag)
        try unsettled.delivered(deliveryTag, settled: index.map { !consumers[$0].acknowledges } ?? false)
        announced = .delivery(
            consumer: index.map { consumers[$0].number }, deliveryTag: deliveryTag, redelivered: bits & 1 != 0,
            route: interner.route(exchange, routingKey))
        assembly.begin()
    }

    private mutating func complete(_ content: Content) throws(AMQPError) -> Action {
        let kind = announced
        announced = nil
        switch kind {
        case .delivery(let consumer?, let deliveryTag, let redelivered, let route):
            return .delivery(
                Delivery(
                    consumer: consumer, deliveryTag: deliveryTag, redelivered: redelivered, route: route,
                    content: content))
        case .delivery(nil, let deliveryTag, _, _): return .orphan(deliveryTag: deliveryTag)
        case .returned(let method): return .returned(method, content)
        case .got(let method): return try answer(.basicGetOk(method), content)
        case nil: throw .syntax("content that no method announced", .unexpectedFrame)
        }
    }

    private mutating func receive(_ method: Method, _ out: inout ByteBuffer) throws(AMQPError) -> Action {
        switch method {
        case .channelOpenOk:
            guard state == .opening else { throw unexpected(method) }
            state = .open
            return .opened
        case .channelClose(let close):
            try out.append(ChannelCloseOk(), channel: number)
            state = .closed
            return .closedByPeer(PeerReply(close))
        case .channelFlow(let flow):
            try out.append(ChannelFlowOk(active: flow.active), channel: number)
            return .flow(active: flow.active)
        case .basicReturn(let returned):
            announced = .returned(returned)
            assembly.begin()
            return .none
        case .basicGetOk(let got):
            guard slots.first?.request == BasicGet.id else { throw unexpected(method) }
            try unsettled.delivered(got.deliveryTag, settled: getsAcknowledge.first == false)
            announced = .got(got)
            assembly.begin()
            return .none
        case .basicCancel(let cancel):
            if !cancel.noWait { try out.append(BasicCancelOk(consumerTag: cancel.consumerTag), channel: number) }
            guard let index = consumers.firstIndex(where: { $0.tag == cancel.consumerTag }) else { return .none }
            let consumer = consumers.remove(at: index)
            return .consumerCancelled(tag: consumer.tag, consumer: consumer.number)
        default: return try answer(method, nil)
        }
    }

    /// Gives an answer to the request that has waited longest; it must be that one's.
    private mutating func answer(_ method: Method, _ content: Content?) throws(AMQPError) -> Action {
        switch method {
        case .basicConsumeOk(let ok): return try answer(method, BasicConsume.id, ok.consumerTag)
        case .basicCancelOk(let ok):
            let action = try answer(method, BasicCancel.id, ok.consumerTag)
            consumers.removeAll { $0.tag == ok.consumerTag }
            return action
        default: break
        }
        guard let slot = slots.first, method.id.answers(slot.request) else { throw unexpected(method) }
        slots.removeFirst()
        switch method {
        case .basicGetOk, .basicGetEmpty: getsAcknowledge.removeFirst()
        case .basicRecoverOk: unsettled.takenBack()
        default: break
        }
        return .reply(slot.ticket, method, content)
    }

    private mutating func answer(_ method: Method, _ request: MethodID, _ tag: String) throws(AMQPError) -> Action {
        guard let index = consumerSlots.firstIndex(where: { $0.request == request && $0.tag == tag }) else {
            throw unexpected(method)
        }
        return .reply(consumerSlots.remove(at: index).ticket, method, nil)
    }

    private mutating func receiveWhileClosing(_ frame: Frame, _ out: inout ByteBuffer) throws(AMQPError) -> Action {
        guard frame.kind == .method else { return .none }
        var reader = ArgumentReader(frame.payload)
        let id = MethodID(class: try reader.short(), method: try reader.short())
        if id == ChannelCloseOk.id {
            state = .closed
            return .closed
        }
        guard id == ChannelClose.id else { return .none }
        try out.append(ChannelCloseOk(), channel: number)
        state = .closed
        return .closedByBoth
    }

    private func unexpected(_ method: Method) -> AMQPError {
        .syntax("\(method.id) that nothing asked for, on channel \(number)", .commandInvalid, method.id)
    }
}

extension MethodID {
    /// Whether this is an answer to that request.
    package func answers(_ request: MethodID) -> Bool {
        guard classID == request.classID else { return false }
        switch request {
        case ExchangeUnbind.id: return methodID == ExchangeUnbindOk.id.methodID
        case BasicGet.id: return methodID == BasicGetOk.id.methodID || methodID == BasicGetEmpty.id.methodID
        default: return methodID == request.methodID + 1
        }
    }
}

extension PeerReply {
    package init(_ close: ChannelClose) {
        self.init(code: close.replyCode, text: close.replyText, classID: close.classID, methodID: close.methodID)
    }
}
