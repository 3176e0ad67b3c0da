/// An origin as a browser writes it into its `Origin` field (RFC 6454, section 6.1): lower case, no default port.
struct WebOrigin: Equatable {
    let text: String

    /// - Returns: nil for anything but `http` or `https`, a host in ASCII (a name, or an IPv6 address in brackets) and a
    ///   port.
    init?(_ value: String) {
        let value = value.lowercased()
        let defaultPort: Int
        var rest: Substring
        if value.hasPrefix("https://") {
            (rest, defaultPort) = (value.dropFirst(8), 443)
        } else if value.hasPrefix("http://") {
            (rest, defaultPort) = (value.dropFirst(7), 80)
        } else {
            return nil
        }
        let scheme = value.prefix(value.count - rest.count)
        let host: Substring
        if rest.first == "[", let end = rest.firstIndex(of: "]") {
            host = rest[...end]
            guard host.utf8.count > 2, host.dropFirst().dropLast().utf8.allSatisfy(Self.isAddress) else { return nil }
        } else {
            host = rest.prefix { $0 != ":" }
            guard !host.isEmpty, host.utf8.allSatisfy(Self.isName) else { return nil }
        }
        rest = rest[host.endIndex...]
        guard !rest.isEmpty else {
            text = "\(scheme)\(host)"
            return
        }
        let digits = rest.dropFirst()
        guard rest.first == ":", digits.utf8.allSatisfy(Self.isDigit), let port = Int(digits),
            (1...65535).contains(port)
        else { return nil }
        text = port == defaultPort ? "\(scheme)\(host)" : "\(scheme)\(host):\(port)"
    }

    private static func isDigit(_ octet: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(octet) }

    private static func isName(_ octet: UInt8) -> Bool {
        isDigit(octet) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(octet) || "-._".utf8.contains(octet)
    }

    private static func isAddress(_ octet: UInt8) -> Bool {
        isDigit(octet) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(octet) || ":.".utf8.contains(octet)
    }
}
