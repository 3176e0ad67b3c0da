/// What a read past the end of the octets at hand throws.
@frozen
@usableFromInline
package struct EndOfBytes: Error, Sendable {
    @inlinable package init() {}
}

/// Reads big-endian (network order) values from borrowed octets. Every read is checked; none traps.
///
/// It must not outlive the memory that it was given.
@frozen
@usableFromInline
package struct ByteReader {
    @usableFromInline package let bytes: UnsafeRawBufferPointer
    /// Octets read so far.
    @usableFromInline package var position: Int

    @inlinable
    package init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        position = 0
    }

    @inlinable package var remaining: Int { bytes.count - position }
    @inlinable package var isAtEnd: Bool { position == bytes.count }

    @inlinable
    package mutating func read<Value: FixedWidthInteger>(_: Value.Type = Value.self) throws(EndOfBytes) -> Value {
        guard remaining >= MemoryLayout<Value>.size else { throw EndOfBytes() }
        let value = bytes.loadUnaligned(fromByteOffset: position, as: Value.self)
        position += MemoryLayout<Value>.size
        return Value(bigEndian: value)
    }

    /// The next `count` octets, in place.
    @inlinable
    package mutating func readBytes(_ count: Int) throws(EndOfBytes) -> UnsafeRawBufferPointer {
        guard count >= 0, remaining >= count else { throw EndOfBytes() }
        let slice = UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
        position += count
        return slice
    }

    @inlinable
    package mutating func skip(_ count: Int) throws(EndOfBytes) {
        guard count >= 0, remaining >= count else { throw EndOfBytes() }
        position += count
    }
}
