import Bytes

/// Opens the channel whose number the frame carries.
package struct ChannelOpen: MethodPayload {
    package static let id = MethodID(class: 20, method: 10)

    package var outOfBand: String

    package init(outOfBand: String = "") {
        self.outOfBand = outOfBand
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        outOfBand = try reader.shortString()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        try buffer.append(shortString: outOfBand, "out-of-band")
    }
}

/// Answers open.
package struct ChannelOpenOk: MethodPayload {
    package static let id = MethodID(class: 20, method: 11)

    package var channelID: [UInt8]

    package init(channelID: [UInt8] = []) {
        self.channelID = channelID
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        channelID = try reader.longString()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        try buffer.append(longString: channelID)
    }
}

/// Asks the peer to stop or go on sending content.
package struct ChannelFlow: MethodPayload {
    package static let id = MethodID(class: 20, method: 20)

    package var active: Bool

    package init(active: Bool = false) {
        self.active = active
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        let bits = try reader.octet()
        active = bits & 1 != 0
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(bits: active)
    }
}

/// Answers flow.
package struct ChannelFlowOk: MethodPayload {
    package static let id = MethodID(class: 20, method: 21)

    package var active: Bool

    package init(active: Bool = false) {
        self.active = active
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        let bits = try reader.octet()
        active = bits & 1 != 0
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(bits: active)
    }
}

/// Ends the channel; ids are 0 unless a method was the cause.
package struct ChannelClose: MethodPayload {
    package static let id = MethodID(class: 20, method: 40)

    package var replyCode: UInt16
    package var replyText: String
    package var classID: UInt16
    package var methodID: UInt16

    package init(replyCode: UInt16 = 0, replyText: String = "", classID: UInt16 = 0, methodID: UInt16 = 0) {
        self.replyCode = replyCode
        self.replyText = replyText
        self.classID = classID
        self.methodID = methodID
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        replyCode = try reader.short()
        replyText = try reader.shortString()
        classID = try reader.short()
        methodID = try reader.short()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: replyCode)
        buffer.append(truncatedShortString: replyText)
        buffer.append(integer: classID)
        buffer.append(integer: methodID)
    }
}

/// Answers close: only now the number is free.
package struct ChannelCloseOk: MethodPayload {
    package static let id = MethodID(class: 20, method: 41)

    package init() {}

    package init(from reader: inout ArgumentReader) throws(AMQPError) {}

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {}
}
