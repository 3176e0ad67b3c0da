import Glibc

/// An IPv4 or IPv6 address in digits. An IPv4 address and the same one mapped into IPv6 (RFC 4291, section 2.5.5.2) are
/// equal.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// As an IPv6 address, in network order.
    let high: UInt64
    let low: UInt64

    private init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

    /// - Returns: nil for anything but the digits of an address; a zone (`%eth0`) is left out.
    package init?(_ text: some StringProtocol) {
        // The longest form has 45 characters; a zone may follow.
        guard text.utf8.count <= 64, !text.utf8.contains(0) else { return nil }
        let digits = String(text.prefix { $0 != "%" })
        var four = in_addr()
        if inet_pton(AF_INET, digits, &four) == 1 {
            self.init(high: 0, low: 0xFFFF << 32 | UInt64(UInt32(bigEndian: four.s_addr)))
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, digits, &six) == 1 else { return nil }
        let words = withUnsafeBytes(of: &six) { bytes in
            (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
        self.init(high: UInt64(bigEndian: words.0), low: UInt64(bigEndian: words.1))
    }

    package var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// The network of so many bits, of the 128, that it lies in.
    package func prefix(_ bits: Int) -> IPAddress {
        IPAddress(
            high: bits >= 64 ? high : high & ~(UInt64.max >> UInt64(bits)),
            low: bits <= 64 ? 0 : low & ~(bits == 128 ? 0 : UInt64.max >> UInt64(bits - 64)))
    }

    /// What one subscriber has: an IPv4 address, or 64 bits of IPv6, inside of which they choose addresses as they like.
    package var subscriber: IPAddress { isIPv4 ? self : prefix(64) }

    package var description: String {
        if isIPv4 {
            return [24, 16, 8, 0].map { "\(low >> UInt64($0) & 0xFF)" }.joined(separator: ".")
        }
        return [high, low].flatMap { word in
            [48, 32, 16, 0].map { String(word >> UInt64($0) & 0xFFFF, radix: 16) }
        }.joined(separator: ":")
    }
}
