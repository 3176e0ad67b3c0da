import Bytes

//  0      1         3         7               7 + size
//  +------+---------+---------+-- - - - - --+----------+
//  | type | channel | size    |   payload   | end 0xCE |
//  +------+---------+---------+-- - - - - --+----------+
//    u8     u16       u32                     u8
//
//  frame_max of the tuning counts all of it, so a payload holds at most frame_max - 8 octets.

/// Octets of a frame around its payload.
package let frameOverhead = 8

/// Octets that a frame may have before the tuning: RabbitMQ's own limit, which is above the specification's 4096.
package let frameSizeBeforeTuning = 8192

/// A frame in place: the payload is valid as long as the octets that were parsed.
package struct Frame {
    package enum Kind: UInt8, Sendable {
        case method = 1
        case header = 2
        case body = 3
        case heartbeat = 8
    }

    package var kind: Kind
    package var channel: UInt16
    package var payload: UnsafeRawBufferPointer

    package init(kind: Kind, channel: UInt16, payload: UnsafeRawBufferPointer) {
        self.kind = kind
        self.channel = channel
        self.payload = payload
    }

    /// Octets of the frame on the wire.
    package var size: Int { payload.count + frameOverhead }
}

/// Finds frames at the front of octets as they arrive. It keeps no octets; the caller keeps what is not yet a frame.
package struct FrameParser: Sendable {
    /// Octets that a frame may have, overhead included.
    package var frameMax: Int
    /// Octets that a content header may have: RabbitMQ sends headers above frame_max, since they cannot be split.
    package var headerMax: Int

    package init(frameMax: Int = frameSizeBeforeTuning, headerMax: Int = 1 << 20) {
        self.frameMax = frameMax
        self.headerMax = headerMax
    }

    /// The frame at the front, or nil if it is not complete. Type and size are checked as soon as they are there,
    /// so that a caller never makes room for a frame that would be refused.
    package func next(_ bytes: UnsafeRawBufferPointer) throws(AMQPError) -> Frame? {
        guard let first = bytes.first else { return nil }
        guard let kind = Frame.Kind(rawValue: first) else {
            throw .syntax("frame of unknown type \(first)", .frameError)
        }
        guard bytes.count >= 7 else { return nil }
        let size = Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 3, as: UInt32.self)))
        let limit = kind == .header ? max(headerMax, frameMax) : frameMax
        guard size <= limit - frameOverhead else {
            throw .syntax("a frame of \(size + frameOverhead) octets, more than the \(limit) agreed", .frameError)
        }
        guard bytes.count >= size + frameOverhead else { return nil }
        guard bytes[7 + size] == 0xCE else { throw .syntax("a frame without its end octet", .frameError) }
        let channel = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt16.self))
        if kind == .heartbeat, channel != 0 || size != 0 {
            throw .syntax("a heartbeat with a payload or on a channel", .frameError)
        }
        return Frame(kind: kind, channel: channel, payload: UnsafeRawBufferPointer(rebasing: bytes[7..<7 + size]))
    }
}

extension ByteBuffer {
    /// `AMQP` 0 0 9 1: the first octets of a client.
    package mutating func appendProtocolHeader() {
        append("AMQP")
        append(integer: 0x0000_0901 as UInt32)
    }

    package mutating func appendHeartbeat() {
        append(integer: 0x0800_0000_0000_00CE as UInt64)
    }

    /// Appends a method frame; after an error the buffer is as before.
    package mutating func append(_ method: some MethodPayload, channel: UInt16) throws(AMQPError) {
        let start = count
        beginFrame(.method, channel: channel)
        append(id: type(of: method).id)
        do {
            try method.encode(into: &self)
        } catch {
            truncate(to: start)
            throw error
        }
        endFrame(from: start)
    }

    package mutating func append(_ method: Method, channel: UInt16) throws(AMQPError) {
        try append(method.payload, channel: channel)
    }

    mutating func append(id: MethodID) {
        append(integer: UInt32(id.classID) << 16 | UInt32(id.methodID))
    }

    /// Appends type, channel and a size that `endFrame` sets.
    package mutating func beginFrame(_ kind: Frame.Kind, channel: UInt16) {
        append(kind.rawValue)
        append(integer: channel)
        append(integer: 0 as UInt32)
    }

    /// Completes the frame that begins `start` octets into the unconsumed octets.
    package mutating func endFrame(from start: Int) {
        set(integer: UInt32(truncatingIfNeeded: count - start - 7), at: start + 3)
        append(0xCE)
    }
}
