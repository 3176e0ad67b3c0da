import Bytes

/// Asks for an access ticket; RabbitMQ ignores it.
package struct AccessRequest: MethodPayload {
    package static let id = MethodID(class: 30, method: 10)

    package var realm: String
    package var exclusive: Bool
    package var passive: Bool
    package var active: Bool
    package var write: Bool
    package var read: Bool

    package init(
        realm: String = "/data", exclusive: Bool = false, passive: Bool = true, active: Bool = true,
        write: Bool = true, read: Bool = true
    ) {
        self.realm = realm
        self.exclusive = exclusive
        self.passive = passive
        self.active = active
        self.write = write
        self.read = read
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        realm = try reader.shortString()
        let bits = try reader.octet()
        exclusive = bits & 1 != 0
        passive = bits & 2 != 0
        active = bits & 4 != 0
        write = bits & 8 != 0
        read = bits & 16 != 0
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        try buffer.append(shortString: realm, "realm")
        buffer.append(bits: exclusive, passive, active, write, read)
    }
}

/// Grants an access ticket.
package struct AccessRequestOk: MethodPayload {
    package static let id = MethodID(class: 30, method: 11)

    package var ticket: UInt16

    package init(ticket: UInt16 = 0) {
        self.ticket = ticket
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        ticket = try reader.short()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: ticket)
    }
}
