import Bytes

extension ByteBuffer {
    /// Appends a short string; more than 255 octets are an error, named after the argument.
    package mutating func append(shortString text: String, _ argument: StaticString) throws(AMQPError) {
        let count = text.utf8.count
        guard count <= 255 else { throw .tooLong(argument, count) }
        append(UInt8(truncatingIfNeeded: count))
        append(utf8: text)
    }

    /// Appends as much of the text as a short string can carry, cut between characters.
    package mutating func append(truncatedShortString text: String) {
        var count = text.utf8.count
        if count > 255 {
            let utf8 = text.utf8
            var end = utf8.index(utf8.startIndex, offsetBy: 255)
            while !(utf8[end] & 0xC0 != 0x80) { end = utf8.index(before: end) }
            count = utf8.distance(from: utf8.startIndex, to: end)
            append(UInt8(truncatingIfNeeded: count))
            append(utf8: text[..<end])
        } else {
            append(UInt8(truncatingIfNeeded: count))
            append(utf8: text)
        }
    }

    package mutating func append(longString octets: [UInt8]) throws(AMQPError) {
        guard octets.count <= Int(Int32.max) else { throw .argument("a long string of \(octets.count) octets") }
        append(integer: UInt32(truncatingIfNeeded: octets.count))
        append(octets)
    }

    /// Appends one octet of flags, the first in the lowest bit.
    package mutating func append(
        bits first: Bool, _ second: Bool = false, _ third: Bool = false, _ fourth: Bool = false, _ fifth: Bool = false
    ) {
        append(UInt8(first ? 1 : 0) | (second ? 2 : 0) | (third ? 4 : 0) | (fourth ? 8 : 0) | (fifth ? 16 : 0))
    }
}

extension AMQPError {
    package static func tooLong(_ argument: StaticString, _ count: Int) -> AMQPError {
        .argument("\(argument) has \(count) octets; AMQP allows 255")
    }
}
