import AMQPWire
import Bytes

/// A delivery that the machine takes in place has to be the one that it would have put together frame by frame.
///
/// - Parameter rest: the octets behind the frame.
func compareDeliveries(
    _ channel: ChannelMachine, _ frame: Frame, _ rest: UnsafeRawBufferPointer, _ parser: FrameParser
) -> String? {
    var fast = channel
    var plain: ChannelMachine.PlainDelivery?
    var failure: AMQPError?
    do throws(AMQPError) {
        plain = try fast.deliver(frame, followedBy: rest, parser)
    } catch {
        failure = error
    }
    if plain == nil, failure == nil { return nil }

    var slow = channel
    let whole: ChannelMachine.Action
    do throws(AMQPError) {
        whole = try slow.receiveWhole(frame, rest, parser)
    } catch {
        return plain == nil ? nil : "taken in place, but frame by frame \(error)"
    }
    guard let plain else {
        // What is not complete yet fails when it is.
        return whole == .none ? nil : "frame by frame \(whole), but in place \(failure?.description ?? "nothing")"
    }
    if slow.unsettled.count != fast.unsettled.count { return "unsettled deliveries are counted in two ways" }
    switch whole {
    case .orphan(let tag): return plain.consumer == nil && plain.deliveryTag == tag ? nil : "in place it is no orphan"
    case .delivery(let delivery):
        let properties = plain.properties.count > 2 ? Array(plain.properties) : []
        let isSame =
            plain.consumer == delivery.consumer && plain.deliveryTag == delivery.deliveryTag
            && plain.redelivered == delivery.redelivered && properties == delivery.content.properties
            && Array(plain.body) == delivery.content.body
            && String(decoding: plain.exchange, as: UTF8.self) == delivery.route.exchange
            && String(decoding: plain.routingKey, as: UTF8.self) == delivery.route.routingKey
        return isSame ? nil : "in place the delivery is another one than \(delivery)"
    default: return "in place a delivery, frame by frame \(whole)"
    }
}

extension ChannelMachine {
    /// Takes frames until one of them does something.
    fileprivate mutating func receiveWhole(
        _ first: Frame, _ rest: UnsafeRawBufferPointer, _ parser: FrameParser
    ) throws(AMQPError) -> Action {
        var interner = Interner()
        var out = ByteBuffer()
        var action = try receive(first, &interner, &out)
        var position = 0
        while action == .none,
            let next = try parser.next(UnsafeRawBufferPointer(rebasing: rest[position...])), next.channel == number
        {
            position += next.size
            action = try receive(next, &interner, &out)
        }
        return action
    }
}
