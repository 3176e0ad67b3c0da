import Glibc

enum Octet {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
}

extension UInt8 {
    /// `tchar` of RFC 9110 section 5.6.2.
    @inline(__always)
    var isTokenCharacter: Bool {
        let low: UInt64 = 0x03FF_6CFA_0000_0000
        let high: UInt64 = 0x57FF_FFFF_C7FF_FFFE
        guard self < 0x80 else { return false }
        return ((self < 64 ? low : high) &>> UInt64(self & 63)) & 1 == 1
    }

    /// What a field value may hold: visible characters, space, tab and the octets above ASCII (RFC 9110 section 5.5).
    @inline(__always)
    var isFieldCharacter: Bool { (self >= 0x20 && self != 0x7F) || self == Octet.tab }

    @inline(__always)
    var isDigit: Bool { self &- 0x30 < 10 }

    @inline(__always)
    var asciiLowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }

    /// 0 to 15, or nil if this is not a hexadecimal digit of either case.
    @inline(__always)
    var hexadecimalValue: UInt8? {
        switch self {
        case 0x30...0x39: self &- 0x30
        case 0x41...0x46: self &- 0x37
        case 0x61...0x66: self &- 0x57
        default: nil
        }
    }
}

extension UnsafeRawBufferPointer {
    @inline(__always)
    func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[range]) }

    /// The offset of the first `octet` in `range`, or nil.
    @inline(__always)
    func firstOffset(of octet: UInt8, in range: Range<Int>) -> Int? {
        guard let baseAddress, !range.isEmpty else { return nil }
        guard let found = memchr(baseAddress + range.lowerBound, Int32(octet), range.count) else { return nil }
        return UnsafeRawPointer(found) - baseAddress
    }

    func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        guard let baseAddress else { return true }
        return memcmp(baseAddress, text.utf8Start, count) == 0
    }

    /// Compares ASCII letters without regard to case.
    @inline(__always)
    func equalsIgnoringCase(_ other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where self[index].asciiLowercased != other[index].asciiLowercased { return false }
        return true
    }

    @inline(__always)
    func equalsIgnoringCase(_ text: StaticString) -> Bool {
        equalsIgnoringCase(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Without spaces and tabs at both ends (OWS, RFC 9110 section 5.6.3).
    var trimmed: UnsafeRawBufferPointer {
        var start = 0
        var end = count
        while start < end, self[start] == Octet.space || self[start] == Octet.tab { start += 1 }
        while end > start, self[end - 1] == Octet.space || self[end - 1] == Octet.tab { end -= 1 }
        return slice(start..<end)
    }

    var isToken: Bool { !isEmpty && allSatisfy { $0.isTokenCharacter } }

    /// The value of `1*DIGIT`, or nil for anything else or what exceeds Int.
    var decimalValue: Int? {
        guard !isEmpty else { return nil }
        var value = 0
        for octet in self {
            guard octet.isDigit else { return nil }
            let (product, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowedToo) = product.addingReportingOverflow(Int(octet &- 0x30))
            if overflowed || overflowedToo { return nil }
            value = sum
        }
        return value
    }

    /// The octets as text; what is not UTF-8 becomes U+FFFD.
    package var text: String { String(decoding: self, as: UTF8.self) }

    /// Calls `body` with each part between `separator`s, without spaces around it; it returns false to stop.
    func forEachPart(separatedBy separator: UInt8, _ body: (UnsafeRawBufferPointer) -> Bool) {
        var start = 0
        while start <= count {
            let end = firstOffset(of: separator, in: start..<count) ?? count
            if !body(slice(start..<end).trimmed) { return }
            start = end + 1
        }
    }
}
