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
    func prefix(_ bits: Int) -> IPAddress {
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

/// The proxies in front of a service, and who the client behind them is.
package struct TrustedProxies: Sendable {
    private struct Network: Sendable {
        let address: IPAddress
        let bits: Int
    }

    private let networks: [Network]

    /// Proxies that one request may have come through; a longer list is a client's invention.
    private static let mostHops = 16

    package init() { networks = [] }

    /// - Parameter list: addresses or networks (`10.0.0.0/8`), separated by commas.
    /// - Returns: nil if one of them is none.
    package init?(_ list: String) {
        var networks: [Network] = []
        for entry in list.split(separator: ",") {
            let parts = entry.split(separator: " ").joined(separator: " ").split(
                separator: "/", omittingEmptySubsequences: false)
            guard let text = parts.first, parts.count <= 2, let address = IPAddress(text) else { return nil }
            var bits = 128
            if parts.count == 2 {
                let width = address.isIPv4 && !text.contains(":") ? 32 : 128
                guard let length = Int(parts[1]), String(length) == parts[1], (0...width).contains(length) else {
                    return nil
                }
                bits = 128 - width + length
            }
            networks.append(Network(address: address.prefix(bits), bits: bits))
        }
        self.networks = networks
    }

    private func contains(_ address: IPAddress) -> Bool {
        networks.contains { address.prefix($0.bits) == $0.address }
    }

    /// The client: the peer, unless it is a trusted proxy. Then it is the last entry of `X-Forwarded-For` that no trusted
    /// proxy is: the entries before it are the client's own and prove nothing.
    ///
    /// - Parameter forwarded: all fields of that name, joined by commas.
    package func client(peer: String, forwarded: String?) -> IPAddress? {
        guard var client = IPAddress(peer) else { return nil }
        guard !networks.isEmpty, let forwarded else { return client }
        var rest = forwarded[...]
        for _ in 0..<Self.mostHops where contains(client) {
            let comma = rest.lastIndex(of: ",")
            let entry = rest[(comma.map { rest.index(after: $0) } ?? rest.startIndex)...]
            // A proxy that cannot say whom it speaks for is the client.
            guard let address = Self.address(entry) else { break }
            client = address
            guard let comma else { break }
            rest = rest[..<comma]
        }
        return client
    }

    /// An entry of the list: an address, some write a port behind it.
    private static func address(_ entry: Substring) -> IPAddress? {
        guard entry.utf8.count <= 80 else { return nil }
        var text = entry
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let port = text[text.index(after: end)...]
            guard port.isEmpty || isPort(port) else { return nil }
            return IPAddress(text[text.index(after: text.startIndex)..<end])
        }
        if let colon = text.firstIndex(of: ":"), text.contains(".") {
            guard let four = IPAddress(text[..<colon]), isPort(text[colon...]) else { return IPAddress(text) }
            return four
        }
        return IPAddress(text)
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.first == ":" && (1...5).contains(text.count - 1)
            && text.dropFirst().utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
