import Glibc

/// A growable queue of octets: written at the end, consumed at the front. Integers are big-endian (network order).
///
/// An empty buffer that was created without a capacity, or that was `release()`d, owns no memory.
@frozen
@usableFromInline
package struct ByteBuffer: ~Copyable {
    @usableFromInline package var base: UnsafeMutableRawPointer?
    @usableFromInline package var capacity: Int
    @usableFromInline package var head: Int
    @usableFromInline package var tail: Int

    @inlinable
    package init(capacity: Int = 0) {
        base = capacity > 0 ? UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16) : nil
        self.capacity = capacity
        head = 0
        tail = 0
    }

    /// Takes over memory that `takeStorage` gave.
    @inlinable
    package init(adopting base: UnsafeMutableRawPointer, capacity: Int) {
        self.base = base
        self.capacity = capacity
        head = 0
        tail = 0
    }

    /// Gives the memory away, for a pool of buffers.
    @inlinable
    package consuming func takeStorage() -> (base: UnsafeMutableRawPointer, capacity: Int)? {
        let storage = base.map { (base: $0, capacity: capacity) }
        discard self
        return storage
    }

    @inlinable
    deinit { base?.deallocate() }

    /// Octets that are written and not yet consumed.
    @inlinable package var count: Int { tail - head }
    @inlinable package var isEmpty: Bool { tail == head }

    /// Makes room for `octets` more without a further allocation.
    @inlinable
    package mutating func reserve(_ octets: Int) {
        if capacity - tail < octets { grow(octets) }
    }

    @usableFromInline
    mutating func grow(_ octets: Int) {
        let used = tail - head
        let needed = used + octets
        // Moving to the front is enough when at least half of the memory is consumed space.
        if let base, needed <= capacity, head >= capacity / 2 {
            memmove(base, base + head, used)
        } else {
            var size = max(capacity, 64)
            while size < needed { size *= 2 }
            let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
            if let base {
                memcpy(memory, base + head, used)
                base.deallocate()
            }
            base = memory
            capacity = size
        }
        head = 0
        tail = used
    }

    @inlinable
    package mutating func append(_ octet: UInt8) {
        reserve(1)
        base.unsafelyUnwrapped.storeBytes(of: octet, toByteOffset: tail, as: UInt8.self)
        tail += 1
    }

    @inlinable
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        reserve(bytes.count)
        memcpy(base.unsafelyUnwrapped + tail, source, bytes.count)
        tail += bytes.count
    }

    @inlinable
    package mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    @inlinable
    package mutating func append(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBytes { append($0) }
    }

    @inlinable
    package mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends the UTF-8 of `text`.
    @inlinable
    package mutating func append(utf8 text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends the UTF-8 of `text`.
    @inlinable
    package mutating func append(utf8 text: some StringProtocol) {
        var text = String(text)
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends `value` big-endian.
    @inlinable
    package mutating func append<Value: FixedWidthInteger>(integer value: Value) {
        reserve(MemoryLayout<Value>.size)
        base.unsafelyUnwrapped.storeBytes(of: value.bigEndian, toByteOffset: tail, as: Value.self)
        tail += MemoryLayout<Value>.size
    }

    /// Appends the decimal digits of `value`.
    @inlinable
    package mutating func append<Value: BinaryInteger>(decimal value: Value) {
        if value < 0 { append(UInt8(ascii: "-")) }
        var magnitude = UInt64(value.magnitude)
        reserve(20)
        let start = base.unsafelyUnwrapped + tail
        var end = 20
        withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
            repeat {
                end -= 1
                digits[end] = UInt8(truncatingIfNeeded: magnitude % 10) &+ 0x30
                magnitude /= 10
            } while magnitude > 0
            memcpy(start, digits.baseAddress.unsafelyUnwrapped + end, 20 - end)
        }
        tail += 20 - end
    }

    /// Overwrites octets already written, `offset` counted from the first unconsumed octet: to patch a length.
    @inlinable
    package mutating func set<Value: FixedWidthInteger>(integer value: Value, at offset: Int) {
        precondition(offset >= 0 && offset + MemoryLayout<Value>.size <= count, "patch outside of the buffer")
        base.unsafelyUnwrapped.storeBytes(of: value.bigEndian, toByteOffset: head + offset, as: Value.self)
    }

    /// The unconsumed octets; the pointer is valid inside `body` only.
    @inlinable
    package borrowing func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard let base else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        return try body(UnsafeRawBufferPointer(start: base + head, count: tail - head))
    }

    /// Lets `body` write up to `octets` octets at the end; it returns how many it wrote.
    @inlinable
    package mutating func appendInPlace<Failure: Error>(
        atMost octets: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        reserve(octets)
        let written = try body(UnsafeMutableRawBufferPointer(start: base.unsafelyUnwrapped + tail, count: octets))
        precondition(written >= 0 && written <= octets, "wrote outside of the buffer")
        tail += written
    }

    /// Drops `octets` octets at the front.
    @inlinable
    package mutating func consume(_ octets: Int) {
        precondition(octets >= 0 && octets <= count, "consumed more than is there")
        head += octets
        if head == tail {
            head = 0
            tail = 0
        }
    }

    /// Takes back what was written after the first `octets` unconsumed octets.
    @inlinable
    package mutating func truncate(to octets: Int) {
        precondition(octets >= 0 && octets <= count, "truncated to more than is there")
        tail = head + octets
    }

    /// Forgets the octets and keeps the memory.
    @inlinable
    package mutating func clear() {
        head = 0
        tail = 0
    }

    /// Forgets the octets and gives the memory back.
    package mutating func release() {
        base?.deallocate()
        base = nil
        capacity = 0
        head = 0
        tail = 0
    }

    /// A copy of the unconsumed octets.
    @inlinable package var array: [UInt8] { withBytes { [UInt8]($0) } }
}
