import Bytes

/// Turns on publisher confirms (RabbitMQ extension).
package struct ConfirmSelect: MethodPayload {
    package static let id = MethodID(class: 85, method: 10)

    package var noWait: Bool

    package init(noWait: Bool = false) {
        self.noWait = noWait
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        let bits = try reader.octet()
        noWait = bits & 1 != 0
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(bits: noWait)
    }
}

/// Answers select.
package struct ConfirmSelectOk: MethodPayload {
    package static let id = MethodID(class: 85, method: 11)

    package init() {}

    package init(from reader: inout ArgumentReader) throws(AMQPError) {}

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {}
}
