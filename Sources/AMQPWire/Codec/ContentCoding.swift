import Bytes

extension ByteBuffer {
    /// Appends a content-bearing method with its header frame and body frames; after an error the buffer is as before.
    ///
    /// A header cannot be split: properties that do not fit in one frame are an error here, not a broken connection.
    package mutating func append(
        _ method: some MethodPayload, properties: borrowing BasicProperties, body: UnsafeRawBufferPointer,
        channel: UInt16, frameMax: Int
    ) throws(AMQPError) {
        let start = count
        do {
            try append(method, channel: channel)
            try appendHeader(properties, bodySize: body.count, channel: channel, frameMax: frameMax)
        } catch {
            truncate(to: start)
            throw error
        }
        appendBody(body, channel: channel, frameMax: frameMax)
    }

    /// Appends a publish: the same octets as the general form, without its intermediate values.
    package mutating func appendPublish(
        exchange: String, routingKey: String, mandatory: Bool, properties: borrowing BasicProperties,
        body: UnsafeRawBufferPointer, channel: UInt16, frameMax: Int
    ) throws(AMQPError) {
        let start = count
        reserve(128 + min(body.count, frameMax))
        do {
            beginFrame(.method, channel: channel)
            append(id: BasicPublish.id)
            append(integer: 0 as UInt16)
            try append(shortString: exchange, "exchange")
            try append(shortString: routingKey, "routing-key")
            append(mandatory ? 1 : 0)
            endFrame(from: start)
            try appendHeader(properties, bodySize: body.count, channel: channel, frameMax: frameMax)
        } catch {
            truncate(to: start)
            throw error
        }
        appendBody(body, channel: channel, frameMax: frameMax)
    }

    /// Appends a publish like others before it: the same but for the body.
    package mutating func appendPublish(
        _ template: borrowing PublishTemplate, body: UnsafeRawBufferPointer, channel: UInt16, frameMax: Int
    ) {
        reserve(template.frames.count + frameOverhead + min(body.count, frameMax))
        let start = count
        append(template.frames)
        set(integer: UInt64(truncatingIfNeeded: body.count), at: start + template.bodySizeOffset)
        appendBody(body, channel: channel, frameMax: frameMax)
    }

    fileprivate mutating func appendHeader(
        _ properties: borrowing BasicProperties, bodySize: Int, channel: UInt16, frameMax: Int
    ) throws(AMQPError) {
        let start = count
        beginFrame(.header, channel: channel)
        append(integer: 60 << 16 as UInt32)
        append(integer: UInt64(truncatingIfNeeded: bodySize))
        try append(properties: properties)
        endFrame(from: start)
        let size = count - start
        guard size <= frameMax else {
            throw .argument("the properties take a frame of \(size) octets; \(frameMax) were agreed with the broker")
        }
    }

    /// An empty body has no frame.
    private mutating func appendBody(_ body: UnsafeRawBufferPointer, channel: UInt16, frameMax: Int) {
        let most = frameMax - frameOverhead
        var position = 0
        while position < body.count {
            let size = min(most, body.count - position)
            append(Frame.Kind.body.rawValue)
            append(integer: channel)
            append(integer: UInt32(truncatingIfNeeded: size))
            append(UnsafeRawBufferPointer(rebasing: body[position..<position + size]))
            append(0xCE)
            position += size
        }
    }

    /// Appends basic.ack.
    package mutating func appendAck(_ deliveryTag: UInt64, multiple: Bool, channel: UInt16) {
        let start = count
        beginFrame(.method, channel: channel)
        append(id: BasicAck.id)
        append(integer: deliveryTag)
        append(multiple ? 1 : 0)
        endFrame(from: start)
    }
}

/// The method and header frames of a publish, encoded once for messages that differ in their bodies only.
package struct PublishTemplate: Sendable {
    let frames: [UInt8]
    /// Where the header frame has the body's size.
    let bodySizeOffset: Int
    /// Flags and properties as they are sent; empty if there are none.
    package let properties: [UInt8]

    package init(
        exchange: String, routingKey: String, mandatory: Bool, properties: borrowing BasicProperties, channel: UInt16,
        frameMax: Int
    ) throws(AMQPError) {
        var buffer = ByteBuffer()
        let method = BasicPublish(exchange: exchange, routingKey: routingKey, mandatory: mandatory)
        try buffer.append(method, channel: channel)
        let header = buffer.count
        try buffer.appendHeader(properties, bodySize: 0, channel: channel, frameMax: frameMax)
        frames = buffer.array
        // After the frame's head and the ids of class and weight; flags and properties follow the size.
        bodySizeOffset = header + 7 + 4
        let octets = frames[(bodySizeOffset + 8)..<(frames.count - 1)]
        self.properties = octets.count > 2 ? Array(octets) : []
    }
}
