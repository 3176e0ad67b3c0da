import Bytes

/// The identity of one trace: 16 octets, not all zero (W3C Trace Context section 3.2.2.3).
package struct TraceID: Sendable, Hashable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    @inlinable
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low == 0 && high == 0 ? 1 : low
    }

    /// The trace id of a `traceparent` field, or nil if the field does not follow W3C Trace Context section 3.2.
    package init?(traceparent field: UnsafeRawBufferPointer) {
        guard field.count >= 55, let version = TraceID.hexadecimal(field.slice(0..<2)), version != 0xFF else {
            return nil
        }
        // Later versions may add parts after a dash.
        guard field.count == 55 || (version > 0 && field[55] == UInt8(ascii: "-")) else { return nil }
        let dash = UInt8(ascii: "-")
        guard field[2] == dash, field[35] == dash, field[52] == dash,
            let high = TraceID.hexadecimal(field.slice(3..<19)), let low = TraceID.hexadecimal(field.slice(19..<35)),
            let parent = TraceID.hexadecimal(field.slice(36..<52)), TraceID.hexadecimal(field.slice(53..<55)) != nil,
            high != 0 || low != 0, parent != 0
        else { return nil }
        self.init(high: high, low: low)
    }

    /// Lower-case digits only, at most 16.
    private static func hexadecimal(_ digits: UnsafeRawBufferPointer) -> UInt64? {
        var value: UInt64 = 0
        for octet in digits {
            guard let digit = octet.hexadecimalValue, octet.asciiLowercased == octet else { return nil }
            value = value << 4 | UInt64(digit)
        }
        return value
    }

    /// 32 lower-case hexadecimal digits.
    package var description: String {
        String(unsafeUninitializedCapacity: 32) { digits in
            TraceID.write(high, UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(digits)[0..<16]))
            TraceID.write(low, UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(digits)[16..<32]))
            return 32
        }
    }

    /// Appends the 32 digits.
    package func write(to buffer: inout ByteBuffer) {
        buffer.appendInPlace(atMost: 32) { digits in
            TraceID.write(high, UnsafeMutableRawBufferPointer(rebasing: digits[0..<16]))
            TraceID.write(low, UnsafeMutableRawBufferPointer(rebasing: digits[16..<32]))
            return 32
        }
    }

    private static func write(_ value: UInt64, _ digits: UnsafeMutableRawBufferPointer) {
        for index in 0..<16 {
            let digit = UInt8(truncatingIfNeeded: value &>> UInt64(60 &- 4 &* index)) & 15
            digits[index] = digit < 10 ? digit &+ 0x30 : digit &+ 0x57
        }
    }
}
