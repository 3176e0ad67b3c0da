import AMQPWire
import Bytes

/// What can be read can be written and read again, with the same result; the first octet chooses what is read.
@Sendable
func fuzzCodec(_ input: UnsafeRawBufferPointer) -> String? {
    guard let kind = input.first else { return nil }
    let octets = UnsafeRawBufferPointer(rebasing: input[1...])
    switch kind & 3 {
    case 0: return fuzzTable(octets)
    case 1: return fuzzProperties(octets)
    case 2: return fuzzMethod(octets)
    default:
        return roundTrip(octets) { reader throws(AMQPError) in
            try reader.fields(depth: 1)
        } write: { table, out throws(AMQPError) in
            try out.append(fieldsOf: table)
        }
    }
}

private func fuzzTable(_ octets: UnsafeRawBufferPointer) -> String? {
    if end(octets, { reader throws(AMQPError) in _ = try reader.table() })
        != end(octets, { reader throws(AMQPError) in try reader.skipTable() })
    {
        return "table() and skipTable() do not agree"
    }
    return roundTrip(octets) { reader throws(AMQPError) in
        try reader.table()
    } write: { table, out throws(AMQPError) in
        try out.append(table: table)
    }
}

private func fuzzProperties(_ octets: UnsafeRawBufferPointer) -> String? {
    if end(octets, { reader throws(AMQPError) in _ = try reader.properties() })
        != end(octets, { reader throws(AMQPError) in try reader.skipProperties() })
    {
        return "properties() and skipProperties() do not agree"
    }
    return roundTrip(octets) { reader throws(AMQPError) in
        try reader.properties()
    } write: { properties, out throws(AMQPError) in
        try out.append(properties: properties)
    }
}

private func fuzzMethod(_ octets: UnsafeRawBufferPointer) -> String? {
    roundTrip(octets) { reader throws(AMQPError) in
        try Method(payload: reader.bytes(reader.remaining))
    } mayDiffer: {
        $0.hasLongReplyText
    } write: { method, out throws(AMQPError) in
        var frame = ByteBuffer()
        try frame.append(method, channel: 1)
        frame.withBytes { out.append(UnsafeRawBufferPointer(rebasing: $0[7..<$0.count - 1])) }
    }
}

/// Where reading ends; nil if it fails.
private func end(
    _ octets: UnsafeRawBufferPointer, _ read: (inout ArgumentReader) throws(AMQPError) -> Void
) -> Int? {
    var reader = ArgumentReader(octets)
    do throws(AMQPError) {
        try read(&reader)
        return reader.remaining
    } catch {
        return nil
    }
}

private func roundTrip<Value: Equatable>(
    _ octets: UnsafeRawBufferPointer, read: (inout ArgumentReader) throws(AMQPError) -> Value,
    mayDiffer: (Value) -> Bool = { _ in false },
    write: (Value, inout ByteBuffer) throws(AMQPError) -> Void
) -> String? {
    let first: Value
    let hasNaN: Bool
    do throws(AMQPError) {
        var reader = ArgumentReader(octets)
        first = try read(&reader)
        // NaN is not equal to itself, but an array is whose storage is the same: so it is read twice.
        reader = ArgumentReader(octets)
        hasNaN = try first != read(&reader)
    } catch {
        return error.code == .protocolViolation ? nil : "reading fails with \(error.code)"
    }
    var once = ByteBuffer()
    do throws(AMQPError) {
        try write(first, &once)
    } catch {
        // A name that is not UTF-8 is repaired, which may make it longer than 255 octets.
        return error.code == .invalidArgument ? nil : "writing fails with \(error.code)"
    }
    do throws(AMQPError) {
        let second = try once.withBytes { bytes throws(AMQPError) in
            var reader = ArgumentReader(bytes)
            return try read(&reader)
        }
        if !hasNaN, first != second, !mayDiffer(first) { return "\(first) comes back as \(second)" }
        var twice = ByteBuffer()
        try write(second, &twice)
        return once.array == twice.array ? nil : "\(first) is written in two ways"
    } catch {
        return "\(first) is written, but cannot be read: \(error)"
    }
}

extension Method {
    /// A text that was repaired to be UTF-8 and grew above 255 octets is written as far as it fits.
    fileprivate var hasLongReplyText: Bool {
        let text =
            switch self {
            case .connectionClose(let close): close.replyText
            case .channelClose(let close): close.replyText
            case .basicReturn(let returned): returned.replyText
            case .connectionBlocked(let blocked): blocked.reason
            case .connectionUpdateSecret(let update): update.reason
            default: ""
            }
        return text.utf8.count > 255
    }
}
