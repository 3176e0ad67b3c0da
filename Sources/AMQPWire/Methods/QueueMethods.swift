import Bytes

/// Makes a queue, or checks it when `passive`. An empty name asks the server for one.
package struct QueueDeclare: MethodPayload {
    package static let id = MethodID(class: 50, method: 10)

    package var ticket: UInt16
    package var queue: String
    package var passive: Bool
    package var durable: Bool
    package var exclusive: Bool
    package var autoDelete: Bool
    package var noWait: Bool
    package var arguments: FieldTable

    package init(
        ticket: UInt16 = 0, queue: String = "", passive: Bool = false, durable: Bool = false, exclusive: Bool = false,
        autoDelete: Bool = false, noWait: Bool = false, arguments: FieldTable = [:]
    ) {
        self.ticket = ticket
        self.queue = queue
        self.passive = passive
        self.durable = durable
        self.exclusive = exclusive
        self.autoDelete = autoDelete
        self.noWait = noWait
        self.arguments = arguments
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        ticket = try reader.short()
        queue = try reader.shortString()
        let bits = try reader.octet()
        passive = bits & 1 != 0
        durable = bits & 2 != 0
        exclusive = bits & 4 != 0
        autoDelete = bits & 8 != 0
        noWait = bits & 16 != 0
        arguments = try reader.table()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: ticket)
        try buffer.append(shortString: queue, "queue")
        buffer.append(bits: passive, durable, exclusive, autoDelete, noWait)
        try buffer.append(table: arguments)
    }
}

/// Answers declare with the name and the counts.
package struct QueueDeclareOk: MethodPayload {
    package static let id = MethodID(class: 50, method: 11)

    package var queue: String
    package var messageCount: UInt32
    package var consumerCount: UInt32

    package init(queue: String = "", messageCount: UInt32 = 0, consumerCount: UInt32 = 0) {
        self.queue = queue
        self.messageCount = messageCount
        self.consumerCount = consumerCount
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        queue = try reader.shortString()
        messageCount = try reader.long()
        consumerCount = try reader.long()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        try buffer.append(shortString: queue, "queue")
        buffer.append(integer: messageCount)
        buffer.append(integer: consumerCount)
    }
}

/// Binds a queue to an exchange.
package struct QueueBind: MethodPayload {
    package static let id = MethodID(class: 50, method: 20)

    package var ticket: UInt16
    package var queue: String
    package var exchange: String
    package var routingKey: String
    package var noWait: Bool
    package var arguments: FieldTable

    package init(
        ticket: UInt16 = 0, queue: String = "", exchange: String = "", routingKey: String = "", noWait: Bool = false,
        arguments: FieldTable = [:]
    ) {
        self.ticket = ticket
        self.queue = queue
        self.exchange = exchange
        self.routingKey = routingKey
        self.noWait = noWait
        self.arguments = arguments
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        ticket = try reader.short()
        queue = try reader.shortString()
        exchange = try reader.shortString()
        routingKey = try reader.shortString()
        let bits = try reader.octet()
        noWait = bits & 1 != 0
        arguments = try reader.table()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: ticket)
        try buffer.append(shortString: queue, "queue")
        try buffer.append(shortString: exchange, "exchange")
        try buffer.append(shortString: routingKey, "routing-key")
        buffer.append(bits: noWait)
        try buffer.append(table: arguments)
    }
}

/// Answers bind.
package struct QueueBindOk: MethodPayload {
    package static let id = MethodID(class: 50, method: 21)

    package init() {}

    package init(from reader: inout ArgumentReader) throws(AMQPError) {}

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {}
}

/// Drops the messages that are ready.
package struct QueuePurge: MethodPayload {
    package static let id = MethodID(class: 50, method: 30)

    package var ticket: UInt16
    package var queue: String
    package var noWait: Bool

    package init(ticket: UInt16 = 0, queue: String = "", noWait: Bool = false) {
        self.ticket = ticket
        self.queue = queue
        self.noWait = noWait
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        ticket = try reader.short()
        queue = try reader.shortString()
        let bits = try reader.octet()
        noWait = bits & 1 != 0
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: ticket)
        try buffer.append(shortString: queue, "queue")
        buffer.append(bits: noWait)
    }
}

/// Answers purge with the number dropped.
package struct QueuePurgeOk: MethodPayload {
    package static let id = MethodID(class: 50, method: 31)

    package var messageCount: UInt32

    package init(messageCount: UInt32 = 0) {
        self.messageCount = messageCount
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        messageCount = try reader.long()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: messageCount)
    }
}

/// Deletes a queue.
package struct QueueDelete: MethodPayload {
    package static let id = MethodID(class: 50, method: 40)

    package var ticket: UInt16
    package var queue: String
    package var ifUnused: Bool
    package var ifEmpty: Bool
    package var noWait: Bool

    package init(
        ticket: UInt16 = 0, queue: String = "", ifUnused: Bool = false, ifEmpty: Bool = false, noWait: Bool = false
    ) {
        self.ticket = ticket
        self.queue = queue
        self.ifUnused = ifUnused
        self.ifEmpty = ifEmpty
        self.noWait = noWait
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        ticket = try reader.short()
        queue = try reader.shortString()
        let bits = try reader.octet()
        ifUnused = bits & 1 != 0
        ifEmpty = bits & 2 != 0
        noWait = bits & 4 != 0
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: ticket)
        try buffer.append(shortString: queue, "queue")
        buffer.append(bits: ifUnused, ifEmpty, noWait)
    }
}

/// Answers delete with the number of messages lost.
package struct QueueDeleteOk: MethodPayload {
    package static let id = MethodID(class: 50, method: 41)

    package var messageCount: UInt32

    package init(messageCount: UInt32 = 0) {
        self.messageCount = messageCount
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        messageCount = try reader.long()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: messageCount)
    }
}

/// Undoes bind; it has no no-wait.
package struct QueueUnbind: MethodPayload {
    package static let id = MethodID(class: 50, method: 50)

    package var ticket: UInt16
    package var queue: String
    package var exchange: String
    package var routingKey: String
    package var arguments: FieldTable

    package init(
        ticket: UInt16 = 0, queue: String = "", exchange: String = "", routingKey: String = "",
        arguments: FieldTable = [:]
    ) {
        self.ticket = ticket
        self.queue = queue
        self.exchange = exchange
        self.routingKey = routingKey
        self.arguments = arguments
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        ticket = try reader.short()
        queue = try reader.shortString()
        exchange = try reader.shortString()
        routingKey = try reader.shortString()
        arguments = try reader.table()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: ticket)
        try buffer.append(shortString: queue, "queue")
        try buffer.append(shortString: exchange, "exchange")
        try buffer.append(shortString: routingKey, "routing-key")
        try buffer.append(table: arguments)
    }
}

/// Answers unbind.
package struct QueueUnbindOk: MethodPayload {
    package static let id = MethodID(class: 50, method: 51)

    package init() {}

    package init(from reader: inout ArgumentReader) throws(AMQPError) {}

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {}
}
