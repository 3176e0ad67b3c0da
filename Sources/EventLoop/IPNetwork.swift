/// A network of addresses, as `10.0.0.0/8`.
package struct IPNetwork: Hashable, Sendable {
    private let address: IPAddress
    private let bits: Int

    /// - Parameter text: an address, or one with the length of its network in bits.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let digits = parts.first, parts.count <= 2, let address = IPAddress(digits) else { return nil }
        var bits = 128
        if parts.count == 2 {
            let width = address.isIPv4 && !digits.contains(":") ? 32 : 128
            guard let length = Int(parts[1]), String(length) == parts[1], (0...width).contains(length) else {
                return nil
            }
            bits = 128 - width + length
        }
        self.bits = bits
        self.address = address.prefix(bits)
    }

    package func contains(_ other: IPAddress) -> Bool { other.prefix(bits) == address }
}
