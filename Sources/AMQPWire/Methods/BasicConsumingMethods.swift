import Bytes

/// Sets the prefetch. `global` means the channel instead of each new consumer (RabbitMQ).
package struct BasicQos: MethodPayload {
    package static let id = MethodID(class: 60, method: 10)

    package var prefetchSize: UInt32
    package var prefetchCount: UInt16
    package var global: Bool

    package init(prefetchSize: UInt32 = 0, prefetchCount: UInt16 = 0, global: Bool = false) {
        self.prefetchSize = prefetchSize
        self.prefetchCount = prefetchCount
        self.global = global
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        prefetchSize = try reader.long()
        prefetchCount = try reader.short()
        let bits = try reader.octet()
        global = bits & 1 != 0
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: prefetchSize)
        buffer.append(integer: prefetchCount)
        buffer.append(bits: global)
    }
}

/// Answers qos.
package struct BasicQosOk: MethodPayload {
    package static let id = MethodID(class: 60, method: 11)

    package init() {}

    package init(from reader: inout ArgumentReader) throws(AMQPError) {}

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {}
}

/// Starts a consumer.
package struct BasicConsume: MethodPayload {
    package static let id = MethodID(class: 60, method: 20)

    package var ticket: UInt16
    package var queue: String
    package var consumerTag: String
    package var noLocal: Bool
    package var noAck: Bool
    package var exclusive: Bool
    package var noWait: Bool
    package var arguments: FieldTable

    package init(
        ticket: UInt16 = 0, queue: String = "", consumerTag: String = "", noLocal: Bool = false, noAck: Bool = false,
        exclusive: Bool = false, noWait: Bool = false, arguments: FieldTable = [:]
    ) {
        self.ticket = ticket
        self.queue = queue
        self.consumerTag = consumerTag
        self.noLocal = noLocal
        self.noAck = noAck
        self.exclusive = exclusive
        self.noWait = noWait
        self.arguments = arguments
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        ticket = try reader.short()
        queue = try reader.shortString()
        consumerTag = try reader.shortString()
        let bits = try reader.octet()
        noLocal = bits & 1 != 0
        noAck = bits & 2 != 0
        exclusive = bits & 4 != 0
        noWait = bits & 8 != 0
        arguments = try reader.table()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: ticket)
        try buffer.append(shortString: queue, "queue")
        try buffer.append(shortString: consumerTag, "consumer-tag")
        buffer.append(bits: noLocal, noAck, exclusive, noWait)
        try buffer.append(table: arguments)
    }
}

/// Answers consume.
package struct BasicConsumeOk: MethodPayload {
    package static let id = MethodID(class: 60, method: 21)

    package var consumerTag: String

    package init(consumerTag: String = "") {
        self.consumerTag = consumerTag
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        consumerTag = try reader.shortString()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        try buffer.append(shortString: consumerTag, "consumer-tag")
    }
}

/// Ends a consumer; the server sends it too when the queue goes away (RabbitMQ extension).
package struct BasicCancel: MethodPayload {
    package static let id = MethodID(class: 60, method: 30)

    package var consumerTag: String
    package var noWait: Bool

    package init(consumerTag: String = "", noWait: Bool = false) {
        self.consumerTag = consumerTag
        self.noWait = noWait
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        consumerTag = try reader.shortString()
        let bits = try reader.octet()
        noWait = bits & 1 != 0
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        try buffer.append(shortString: consumerTag, "consumer-tag")
        buffer.append(bits: noWait)
    }
}

/// Answers cancel.
package struct BasicCancelOk: MethodPayload {
    package static let id = MethodID(class: 60, method: 31)

    package var consumerTag: String

    package init(consumerTag: String = "") {
        self.consumerTag = consumerTag
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        consumerTag = try reader.shortString()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        try buffer.append(shortString: consumerTag, "consumer-tag")
    }
}
