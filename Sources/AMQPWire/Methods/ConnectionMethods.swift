import Bytes

/// Ends the connection; ids are 0 unless a method was the cause.
package struct ConnectionClose: MethodPayload {
    package static let id = MethodID(class: 10, method: 50)

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

/// Answers close; the last frame of a connection.
package struct ConnectionCloseOk: MethodPayload {
    package static let id = MethodID(class: 10, method: 51)

    package init() {}

    package init(from reader: inout ArgumentReader) throws(AMQPError) {}

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {}
}

/// The server accepts no publishes for now (RabbitMQ extension).
package struct ConnectionBlocked: MethodPayload {
    package static let id = MethodID(class: 10, method: 60)

    package var reason: String

    package init(reason: String = "") {
        self.reason = reason
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        reason = try reader.shortString()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(truncatedShortString: reason)
    }
}

/// The server accepts publishes again (RabbitMQ extension).
package struct ConnectionUnblocked: MethodPayload {
    package static let id = MethodID(class: 10, method: 61)

    package init() {}

    package init(from reader: inout ArgumentReader) throws(AMQPError) {}

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {}
}

/// Replaces the credentials of a live connection (RabbitMQ extension).
package struct ConnectionUpdateSecret: MethodPayload {
    package static let id = MethodID(class: 10, method: 70)

    package var newSecret: [UInt8]
    package var reason: String

    package init(newSecret: [UInt8] = [], reason: String = "") {
        self.newSecret = newSecret
        self.reason = reason
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        newSecret = try reader.longString()
        reason = try reader.shortString()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        try buffer.append(longString: newSecret)
        buffer.append(truncatedShortString: reason)
    }
}

/// Answers update-secret.
package struct ConnectionUpdateSecretOk: MethodPayload {
    package static let id = MethodID(class: 10, method: 71)

    package init() {}

    package init(from reader: inout ArgumentReader) throws(AMQPError) {}

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {}
}
