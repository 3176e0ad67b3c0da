import EventLoop

/// The proxies in front of a service, and who the client behind them is.
package struct TrustedProxies: Sendable {
    private let networks: [IPNetwork]

    /// Proxies that one request may have come through; a longer list is a client's invention.
    private static let mostHops = 16

    package init() { networks = [] }

    /// - Parameter list: addresses or networks (`10.0.0.0/8`), separated by commas.
    /// - Returns: nil if one of them is none.
    package init?(_ list: String) {
        var networks: [IPNetwork] = []
        for entry in list.split(separator: ",") {
            guard let network = IPNetwork(entry.split(separator: " ").joined(separator: " ")) else { return nil }
            networks.append(network)
        }
        self.networks = networks
    }

    private func contains(_ address: IPAddress) -> Bool {
        networks.contains { $0.contains(address) }
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
