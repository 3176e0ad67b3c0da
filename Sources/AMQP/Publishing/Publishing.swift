import AMQPWire
import Bytes
import EventLoop

/// What to publish, besides the body.
struct PublishTarget {
    var exchange: String
    var routingKey: String
    var mandatory: Bool
}

extension AMQPConnection {
    /// Sends a message if there is room for it now; nil means to wait at the channel's gate.
    func publishNow(
        _ body: [UInt8], _ target: PublishTarget, _ properties: borrowing BasicProperties, on channel: ChannelCore
    ) throws(AMQPError) -> PendingPublish? {
        guard let link = try room(for: body.count, on: channel) else { return nil }
        let number = channel.number
        if !channel.isConfirming { try selectConfirms(channel) }
        let publish = PendingPublish()
        let frameMax = link.frameMax
        var fingerprint: MessageFingerprint?
        try link.stream.writing { out throws(AMQPError) in
            let start = out.count
            try body.withUnsafeBytesTyped { bytes throws(AMQPError) in
                try out.appendPublish(
                    exchange: target.exchange, routingKey: target.routingKey, mandatory: target.mandatory,
                    properties: properties, body: bytes, channel: number, frameMax: frameMax)
                if target.mandatory {
                    fingerprint = MessageFingerprint(
                        publish: out, from: start, exchange: target.exchange, routingKey: target.routingKey,
                        body: bytes)
                }
            }
        }
        link.lastWrite = loop.now
        channel.confirms.published(
            AwaitedPublish(sink: publish, index: 0), octets: body.count, fingerprint: fingerprint)
        metrics.published += 1
        return publish
    }

    /// Sends a message without asking for a confirm, on a channel that is not in confirm mode.
    func sendNow(
        _ body: [UInt8], _ target: PublishTarget, _ properties: borrowing BasicProperties, on channel: ChannelCore
    ) throws(AMQPError) -> Bool {
        guard !channel.isConfirming else {
            throw AMQPError(.invalidArgument, "this channel confirms its publishes: send on another channel")
        }
        guard let link = try room(for: body.count, on: channel) else { return false }
        let number = channel.number
        let frameMax = link.frameMax
        try link.stream.writing { out throws(AMQPError) in
            try body.withUnsafeBytesTyped { bytes throws(AMQPError) in
                try out.appendPublish(
                    exchange: target.exchange, routingKey: target.routingKey, mandatory: target.mandatory,
                    properties: properties, body: bytes, channel: number, frameMax: frameMax)
            }
        }
        link.lastWrite = loop.now
        metrics.published += 1
        if channel.isTransactional { channel.hasUncommitted = true }
        return true
    }

    /// The link, if the window, the socket and the broker have room.
    func room(for octets: Int, on channel: ChannelCore) throws(AMQPError) -> Link? {
        switch channel.status {
        case .open: break
        case .closed(let error): throw error
        case .closing: throw AMQPError(.closed, "the channel was closed")
        case .opening: return nil
        }
        guard let link, link.blockedReason == nil, !channel.isFlowStopped,
            link.stream.pendingOutput < max(1, configuration.publishWindowOctets)
        else { return nil }
        guard !throttle.isHalfWayToOverflow else { throw Self.unreadDeliveries }
        readForAnswer()
        return hasRoom(octets, channel) ? link : nil
    }

    private static var unreadDeliveries: AMQPError {
        AMQPError(
            .unreadDeliveries,
            """
            the message was not sent: its confirm would be behind too many deliveries that nobody takes. Give the \
            consumer a prefetch limit, or publish on a connection of its own
            """)
    }

    /// Whether the window has room for a message of so many octets. One above the whole window goes alone.
    func hasRoom(_ octets: Int, _ channel: ChannelCore) -> Bool {
        let confirms = channel.confirms.count
        return confirms == 0
            || (confirms < configuration.publishWindow
                && channel.confirms.octets + octets <= configuration.publishWindowOctets)
    }

    func selectConfirms(_ channel: ChannelCore) throws(AMQPError) {
        guard !channel.isTransactional else {
            throw AMQPError(.invalidArgument, "this channel is transactional: use send, or another channel")
        }
        try post(on: channel) { machine, ticket, out throws(AMQPError) in
            try machine.request(ConfirmSelect(), ticket: ticket, &out)
        }
        channel.isConfirming = true
    }

    func publish(
        _ body: [UInt8], _ target: PublishTarget, _ properties: BasicProperties, on channel: ChannelCore,
        within time: Duration?
    ) async throws(AMQPError) -> PendingPublish {
        var patience = PublishPatience(time, policy(of: channel))
        // Those who wait already come first.
        if !channel.publishing.isEmpty { try await waitToPublish(on: channel, &patience) }
        while true {
            do throws(AMQPError) {
                if let publish = try publishNow(body, target, properties, on: channel) { return publish }
            } catch {
                // The room that this one was let in for goes to the next.
                channel.publishing.letPass(1)
                throw error
            }
            try await waitToPublish(on: channel, &patience)
        }
    }

    func send(
        _ body: [UInt8], _ target: PublishTarget, _ properties: BasicProperties, on channel: ChannelCore
    ) async throws(AMQPError) {
        var patience = PublishPatience(nil, policy(of: channel))
        while try !sendNow(body, target, properties, on: channel) {
            try await waitToPublish(on: channel, &patience)
        }
    }

    // MARK: Answers

    func settle(_ channel: ChannelCore, _ tag: UInt64, multiple: Bool, confirmed: Bool) throws(AMQPError) {
        var counts = (confirmed: 0, refused: 0, returned: 0)
        // Neighbours of one batch are told together.
        var run: (sink: any PublishSink, count: Int)?
        defer { run?.sink.confirmed(run?.count ?? 0) }
        try channel.confirms.settle(tag, multiple: multiple, confirmed: confirmed) { publish, outcome in
            switch outcome {
            case .confirmed:
                counts.confirmed += 1
                if let current = run, current.sink === publish.sink {
                    run?.count += 1
                } else {
                    run?.sink.confirmed(run?.count ?? 0)
                    run = (publish.sink, 1)
                }
            case .refused:
                counts.refused += 1
                publish.sink.failed(
                    publish.index,
                    .refused(AMQPError(.publishRefused, "the broker refused the message (nack)")))
            case .returned(let reply):
                counts.returned += 1
                publish.sink.failed(
                    publish.index,
                    .refused(AMQPError(.publishReturned, "no queue took the mandatory message", reply: reply)))
            }
        }
        metrics.confirmed += counts.confirmed
        metrics.refused += counts.refused
        metrics.returned += counts.returned
        let count = counts.confirmed + counts.refused + counts.returned
        if count > 0, !channel.publishing.isEmpty { channel.publishing.letPass(count) }
    }

    func returned(_ method: BasicReturn, _ content: Content, _ channel: ChannelCore) {
        let reply = PeerReply(code: ReplyCode(rawValue: method.replyCode), text: method.replyText)
        let fingerprint = content.body.withUnsafeBytes { body in
            content.properties.withUnsafeBytes { properties in
                MessageFingerprint(
                    exchange: method.exchange, routingKey: method.routingKey, properties: properties, body: body)
            }
        }
        guard !channel.confirms.returned(fingerprint, reply) else { return }
        emit(.strayReturn(reply, exchange: method.exchange, routingKey: method.routingKey))
    }
}

extension MessageFingerprint {
    /// Of the publish that begins `start` octets into the buffer: its property octets are taken from its header frame.
    init(
        publish: borrowing ByteBuffer, from start: Int, exchange: String, routingKey: String,
        body: UnsafeRawBufferPointer
    ) {
        self = publish.withBytes { bytes in
            // Method frame: head, ids, ticket, two short strings, bits, end; then the header's head, ids and body size.
            let header = start + 7 + 4 + 2 + 1 + exchange.utf8.count + 1 + routingKey.utf8.count + 1 + 1
            let size = Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: header + 3, as: UInt32.self)))
            let properties = UnsafeRawBufferPointer(rebasing: bytes[header + 7 + 12..<header + 7 + size])
            return MessageFingerprint(
                exchange: exchange, routingKey: routingKey,
                properties: properties.count > 2 ? properties : UnsafeRawBufferPointer(start: nil, count: 0), body: body
            )
        }
    }
}

extension [UInt8] {
    /// `withUnsafeBytes` with a typed error.
    func withUnsafeBytesTyped<Result>(_ body: (UnsafeRawBufferPointer) throws(AMQPError) -> Result) throws(AMQPError)
        -> Result
    {
        try withUnsafeBufferPointer { buffer throws(AMQPError) in try body(UnsafeRawBufferPointer(buffer)) }
    }
}

extension Stream {
    /// `write` with an error; an error leaves nothing in the output.
    func writing(_ body: (inout ByteBuffer) throws(AMQPError) -> Void) throws(AMQPError) {
        var failure: AMQPError?
        let ran = write { out in
            do throws(AMQPError) { try body(&out) } catch { failure = error }
        }
        if let failure { throw failure }
        if !ran { throw AMQPError(.connectionLost, "the connection is closed") }
    }
}
