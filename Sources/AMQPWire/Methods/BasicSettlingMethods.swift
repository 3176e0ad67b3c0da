import Bytes

/// Settles a delivery; from the server it confirms a publish. Tag 0 with `multiple` means all so far.
package struct BasicAck: MethodPayload {
    package static let id = MethodID(class: 60, method: 80)

    package var deliveryTag: UInt64
    package var multiple: Bool

    package init(deliveryTag: UInt64 = 0, multiple: Bool = false) {
        self.deliveryTag = deliveryTag
        self.multiple = multiple
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        deliveryTag = try reader.longLong()
        let bits = try reader.octet()
        multiple = bits & 1 != 0
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: deliveryTag)
        buffer.append(bits: multiple)
    }
}

/// Gives up one delivery.
package struct BasicReject: MethodPayload {
    package static let id = MethodID(class: 60, method: 90)

    package var deliveryTag: UInt64
    package var requeue: Bool

    package init(deliveryTag: UInt64 = 0, requeue: Bool = false) {
        self.deliveryTag = deliveryTag
        self.requeue = requeue
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        deliveryTag = try reader.longLong()
        let bits = try reader.octet()
        requeue = bits & 1 != 0
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: deliveryTag)
        buffer.append(bits: requeue)
    }
}

/// Deprecated form of recover without an answer.
package struct BasicRecoverAsync: MethodPayload {
    package static let id = MethodID(class: 60, method: 100)

    package var requeue: Bool

    package init(requeue: Bool = false) {
        self.requeue = requeue
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        let bits = try reader.octet()
        requeue = bits & 1 != 0
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(bits: requeue)
    }
}

/// Gives back all unsettled deliveries of the channel.
package struct BasicRecover: MethodPayload {
    package static let id = MethodID(class: 60, method: 110)

    package var requeue: Bool

    package init(requeue: Bool = false) {
        self.requeue = requeue
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        let bits = try reader.octet()
        requeue = bits & 1 != 0
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(bits: requeue)
    }
}

/// Answers recover.
package struct BasicRecoverOk: MethodPayload {
    package static let id = MethodID(class: 60, method: 111)

    package init() {}

    package init(from reader: inout ArgumentReader) throws(AMQPError) {}

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {}
}

/// Gives up deliveries; from the server it refuses a publish (RabbitMQ extension).
package struct BasicNack: MethodPayload {
    package static let id = MethodID(class: 60, method: 120)

    package var deliveryTag: UInt64
    package var multiple: Bool
    package var requeue: Bool

    package init(deliveryTag: UInt64 = 0, multiple: Bool = false, requeue: Bool = false) {
        self.deliveryTag = deliveryTag
        self.multiple = multiple
        self.requeue = requeue
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        deliveryTag = try reader.longLong()
        let bits = try reader.octet()
        multiple = bits & 1 != 0
        requeue = bits & 2 != 0
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: deliveryTag)
        buffer.append(bits: multiple, requeue)
    }
}
