import Bytes

/// Reads method arguments, tables and properties from borrowed octets; every failure is a typed error.
package struct ArgumentReader {
    package var reader: ByteReader

    package init(_ bytes: UnsafeRawBufferPointer) { reader = ByteReader(bytes) }

    package var isAtEnd: Bool { reader.isAtEnd }
    package var remaining: Int { reader.remaining }

    static func short() -> AMQPError { .syntax("the arguments end too early", .syntaxError) }

    package mutating func integer<Value: FixedWidthInteger>(_: Value.Type = Value.self) throws(AMQPError) -> Value {
        do { return try reader.read(Value.self) } catch { throw Self.short() }
    }

    package mutating func octet() throws(AMQPError) -> UInt8 { try integer() }
    package mutating func short() throws(AMQPError) -> UInt16 { try integer() }
    package mutating func long() throws(AMQPError) -> UInt32 { try integer() }
    package mutating func longLong() throws(AMQPError) -> UInt64 { try integer() }

    package mutating func bytes(_ count: Int) throws(AMQPError) -> UnsafeRawBufferPointer {
        do { return try reader.readBytes(count) } catch { throw Self.short() }
    }

    /// A short string in place: up to 255 octets after one octet of length.
    package mutating func shortStringBytes() throws(AMQPError) -> UnsafeRawBufferPointer {
        try bytes(Int(octet()))
    }

    /// A short string. Octets that are not UTF-8 are replaced: a name that another client made, or a reply text
    /// that the broker cut in the middle of a character, is no reason to give up the connection.
    package mutating func shortString() throws(AMQPError) -> String {
        String(decoding: try shortStringBytes(), as: UTF8.self)
    }

    /// A long string in place: octets after four octets of length.
    package mutating func longStringBytes() throws(AMQPError) -> UnsafeRawBufferPointer {
        let count = try long()
        guard count <= UInt32(Int32.max) else { throw Self.short() }
        return try bytes(Int(count))
    }

    package mutating func longString() throws(AMQPError) -> [UInt8] { [UInt8](try longStringBytes()) }
}
