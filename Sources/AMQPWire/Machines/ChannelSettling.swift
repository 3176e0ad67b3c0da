import Bytes

// Acknowledging and giving up deliveries.

extension ChannelMachine {
    /// Acknowledges a delivery; what is refused here never reaches the peer. The method waits for `writeAcks`, or for the
    /// next method of the channel, so that one can stand for many.
    package mutating func ack(_ tag: UInt64, multiple: Bool) -> UnsettledDeliveries.Settling {
        let settling = unsettled.settle(tag, multiple: multiple)
        if case .settled(let tag, let count) = settling { acks.add(tag, multiple: multiple && count > 1) }
        return settling
    }

    /// Gives a delivery up, as basic.nack or, for one, as basic.reject.
    package mutating func giveUp(
        _ tag: UInt64, multiple: Bool = false, requeue: Bool, asReject: Bool = false, _ out: inout ByteBuffer
    ) throws(AMQPError) -> UnsettledDeliveries.Settling {
        // First, while this delivery is unsettled: an acknowledgement that stands for many must not stand for this one.
        writeAcks(&out)
        let settling = unsettled.settle(tag, multiple: multiple)
        guard case .settled(let tag, let count) = settling else { return settling }
        if asReject {
            try out.append(BasicReject(deliveryTag: tag, requeue: requeue), channel: number)
        } else {
            let method = BasicNack(deliveryTag: tag, multiple: multiple && count > 1, requeue: requeue)
            try out.append(method, channel: number)
        }
        return settling
    }

    package var hasPendingAcks: Bool { !acks.isEmpty }

    package mutating func writeAcks(_ out: inout ByteBuffer) {
        guard !acks.isEmpty, state == .open else { return }
        // A rollback would make those before unsettled again.
        acks.drain(before: isTransactional ? 0 : unsettled.base) { tag, multiple in
            out.appendAck(tag, multiple: multiple, channel: number)
        }
    }
}
