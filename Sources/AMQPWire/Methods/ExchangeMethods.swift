import Bytes

/// Makes an exchange, or checks it when `passive`.
package struct ExchangeDeclare: MethodPayload {
    package static let id = MethodID(class: 40, method: 10)

    package var ticket: UInt16
    package var exchange: String
    package var type: String
    package var passive: Bool
    package var durable: Bool
    package var autoDelete: Bool
    package var isInternal: Bool
    package var noWait: Bool
    package var arguments: FieldTable

    package init(
        ticket: UInt16 = 0, exchange: String = "", type: String = "direct", passive: Bool = false,
        durable: Bool = false, autoDelete: Bool = false, isInternal: Bool = false, noWait: Bool = false,
        arguments: FieldTable = [:]
    ) {
        self.ticket = ticket
        self.exchange = exchange
        self.type = type
        self.passive = passive
        self.durable = durable
        self.autoDelete = autoDelete
        self.isInternal = isInternal
        self.noWait = noWait
        self.arguments = arguments
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        ticket = try reader.short()
        exchange = try reader.shortString()
        type = try reader.shortString()
        let bits = try reader.octet()
        passive = bits & 1 != 0
        durable = bits & 2 != 0
        autoDelete = bits & 4 != 0
        isInternal = bits & 8 != 0
        noWait = bits & 16 != 0
        arguments = try reader.table()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: ticket)
        try buffer.append(shortString: exchange, "exchange")
        try buffer.append(shortString: type, "type")
        buffer.append(bits: passive, durable, autoDelete, isInternal, noWait)
        try buffer.append(table: arguments)
    }
}

/// Answers declare.
package struct ExchangeDeclareOk: MethodPayload {
    package static let id = MethodID(class: 40, method: 11)

    package init() {}

    package init(from reader: inout ArgumentReader) throws(AMQPError) {}

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {}
}

/// Deletes an exchange.
package struct ExchangeDelete: MethodPayload {
    package static let id = MethodID(class: 40, method: 20)

    package var ticket: UInt16
    package var exchange: String
    package var ifUnused: Bool
    package var noWait: Bool

    package init(ticket: UInt16 = 0, exchange: String = "", ifUnused: Bool = false, noWait: Bool = false) {
        self.ticket = ticket
        self.exchange = exchange
        self.ifUnused = ifUnused
        self.noWait = noWait
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        ticket = try reader.short()
        exchange = try reader.shortString()
        let bits = try reader.octet()
        ifUnused = bits & 1 != 0
        noWait = bits & 2 != 0
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: ticket)
        try buffer.append(shortString: exchange, "exchange")
        buffer.append(bits: ifUnused, noWait)
    }
}

/// Answers delete.
package struct ExchangeDeleteOk: MethodPayload {
    package static let id = MethodID(class: 40, method: 21)

    package init() {}

    package init(from reader: inout ArgumentReader) throws(AMQPError) {}

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {}
}

/// Binds an exchange to a source exchange (RabbitMQ extension).
package struct ExchangeBind: MethodPayload {
    package static let id = MethodID(class: 40, method: 30)

    package var ticket: UInt16
    package var destination: String
    package var source: String
    package var routingKey: String
    package var noWait: Bool
    package var arguments: FieldTable

    package init(
        ticket: UInt16 = 0, destination: String = "", source: String = "", routingKey: String = "",
        noWait: Bool = false, arguments: FieldTable = [:]
    ) {
        self.ticket = ticket
        self.destination = destination
        self.source = source
        self.routingKey = routingKey
        self.noWait = noWait
        self.arguments = arguments
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        ticket = try reader.short()
        destination = try reader.shortString()
        source = try reader.shortString()
        routingKey = try reader.shortString()
        let bits = try reader.octet()
        noWait = bits & 1 != 0
        arguments = try reader.table()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: ticket)
        try buffer.append(shortString: destination, "destination")
        try buffer.append(shortString: source, "source")
        try buffer.append(shortString: routingKey, "routing-key")
        buffer.append(bits: noWait)
        try buffer.append(table: arguments)
    }
}

/// Answers bind.
package struct ExchangeBindOk: MethodPayload {
    package static let id = MethodID(class: 40, method: 31)

    package init() {}

    package init(from reader: inout ArgumentReader) throws(AMQPError) {}

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {}
}

/// Undoes bind (RabbitMQ extension).
package struct ExchangeUnbind: MethodPayload {
    package static let id = MethodID(class: 40, method: 40)

    package var ticket: UInt16
    package var destination: String
    package var source: String
    package var routingKey: String
    package var noWait: Bool
    package var arguments: FieldTable

    package init(
        ticket: UInt16 = 0, destination: String = "", source: String = "", routingKey: String = "",
        noWait: Bool = false, arguments: FieldTable = [:]
    ) {
        self.ticket = ticket
        self.destination = destination
        self.source = source
        self.routingKey = routingKey
        self.noWait = noWait
        self.arguments = arguments
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        ticket = try reader.short()
        destination = try reader.shortString()
        source = try reader.shortString()
        routingKey = try reader.shortString()
        let bits = try reader.octet()
        noWait = bits & 1 != 0
        arguments = try reader.table()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: ticket)
        try buffer.append(shortString: destination, "destination")
        try buffer.append(shortString: source, "source")
        try buffer.append(shortString: routingKey, "routing-key")
        buffer.append(bits: noWait)
        try buffer.append(table: arguments)
    }
}

/// Answers unbind; its id is 51, not 41.
package struct ExchangeUnbindOk: MethodPayload {
    package static let id = MethodID(class: 40, method: 51)

    package init() {}

    package init(from reader: inout ArgumentReader) throws(AMQPError) {}

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {}
}
