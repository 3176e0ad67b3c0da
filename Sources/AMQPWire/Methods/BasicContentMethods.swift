import Bytes

/// Announces a message: a header frame and body frames follow.
package struct BasicPublish: MethodPayload {
    package static let id = MethodID(class: 60, method: 40)

    package var ticket: UInt16
    package var exchange: String
    package var routingKey: String
    package var mandatory: Bool
    package var immediate: Bool

    package init(
        ticket: UInt16 = 0, exchange: String = "", routingKey: String = "", mandatory: Bool = false,
        immediate: Bool = false
    ) {
        self.ticket = ticket
        self.exchange = exchange
        self.routingKey = routingKey
        self.mandatory = mandatory
        self.immediate = immediate
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        ticket = try reader.short()
        exchange = try reader.shortString()
        routingKey = try reader.shortString()
        let bits = try reader.octet()
        mandatory = bits & 1 != 0
        immediate = bits & 2 != 0
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: ticket)
        try buffer.append(shortString: exchange, "exchange")
        try buffer.append(shortString: routingKey, "routing-key")
        buffer.append(bits: mandatory, immediate)
    }
}

/// Gives back a mandatory message that no queue took; content follows.
package struct BasicReturn: MethodPayload {
    package static let id = MethodID(class: 60, method: 50)

    package var replyCode: UInt16
    package var replyText: String
    package var exchange: String
    package var routingKey: String

    package init(replyCode: UInt16 = 0, replyText: String = "", exchange: String = "", routingKey: String = "") {
        self.replyCode = replyCode
        self.replyText = replyText
        self.exchange = exchange
        self.routingKey = routingKey
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        replyCode = try reader.short()
        replyText = try reader.shortString()
        exchange = try reader.shortString()
        routingKey = try reader.shortString()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: replyCode)
        buffer.append(truncatedShortString: replyText)
        try buffer.append(shortString: exchange, "exchange")
        try buffer.append(shortString: routingKey, "routing-key")
    }
}

/// Announces a delivery to a consumer; content follows.
package struct BasicDeliver: MethodPayload {
    package static let id = MethodID(class: 60, method: 60)

    package var consumerTag: String
    package var deliveryTag: UInt64
    package var redelivered: Bool
    package var exchange: String
    package var routingKey: String

    package init(
        consumerTag: String = "", deliveryTag: UInt64 = 0, redelivered: Bool = false, exchange: String = "",
        routingKey: String = ""
    ) {
        self.consumerTag = consumerTag
        self.deliveryTag = deliveryTag
        self.redelivered = redelivered
        self.exchange = exchange
        self.routingKey = routingKey
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        consumerTag = try reader.shortString()
        deliveryTag = try reader.longLong()
        let bits = try reader.octet()
        redelivered = bits & 1 != 0
        exchange = try reader.shortString()
        routingKey = try reader.shortString()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        try buffer.append(shortString: consumerTag, "consumer-tag")
        buffer.append(integer: deliveryTag)
        buffer.append(bits: redelivered)
        try buffer.append(shortString: exchange, "exchange")
        try buffer.append(shortString: routingKey, "routing-key")
    }
}

/// Asks for one message.
package struct BasicGet: MethodPayload {
    package static let id = MethodID(class: 60, method: 70)

    package var ticket: UInt16
    package var queue: String
    package var noAck: Bool

    package init(ticket: UInt16 = 0, queue: String = "", noAck: Bool = false) {
        self.ticket = ticket
        self.queue = queue
        self.noAck = noAck
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        ticket = try reader.short()
        queue = try reader.shortString()
        let bits = try reader.octet()
        noAck = bits & 1 != 0
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: ticket)
        try buffer.append(shortString: queue, "queue")
        buffer.append(bits: noAck)
    }
}

/// Announces the message asked for; content follows.
package struct BasicGetOk: MethodPayload {
    package static let id = MethodID(class: 60, method: 71)

    package var deliveryTag: UInt64
    package var redelivered: Bool
    package var exchange: String
    package var routingKey: String
    package var messageCount: UInt32

    package init(
        deliveryTag: UInt64 = 0, redelivered: Bool = false, exchange: String = "", routingKey: String = "",
        messageCount: UInt32 = 0
    ) {
        self.deliveryTag = deliveryTag
        self.redelivered = redelivered
        self.exchange = exchange
        self.routingKey = routingKey
        self.messageCount = messageCount
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        deliveryTag = try reader.longLong()
        let bits = try reader.octet()
        redelivered = bits & 1 != 0
        exchange = try reader.shortString()
        routingKey = try reader.shortString()
        messageCount = try reader.long()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: deliveryTag)
        buffer.append(bits: redelivered)
        try buffer.append(shortString: exchange, "exchange")
        try buffer.append(shortString: routingKey, "routing-key")
        buffer.append(integer: messageCount)
    }
}

/// Says that the queue is empty.
package struct BasicGetEmpty: MethodPayload {
    package static let id = MethodID(class: 60, method: 72)

    package var clusterID: String

    package init(clusterID: String = "") {
        self.clusterID = clusterID
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        clusterID = try reader.shortString()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        try buffer.append(shortString: clusterID, "cluster-id")
    }
}
