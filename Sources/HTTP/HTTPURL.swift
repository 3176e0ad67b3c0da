import HTTPWire

/// An absolute `http` URL, taken apart for a client (RFC 9110 section 4.2).
package struct HTTPURL: Sendable, Hashable, CustomStringConvertible {
    /// Without the brackets of an IPv6 address.
    package let host: String
    package let port: Int
    /// Path and query; at least "/".
    package let target: String

    /// Nil if `text` is not such a URL, or holds a user, a fragment or a character that a URL cannot hold.
    package init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }),
            text.prefix(7).lowercased() == "http://"
        else { return nil }
        let rest = text.dropFirst(7)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.contains("@") else { return nil }
        let target = rest[end...]
        self.target = target.hasPrefix("/") ? String(target) : "/" + target
        var host = authority
        var port = "80"[...]
        let afterHost = authority.lastIndex(of: "]") ?? authority.startIndex
        if let colon = authority[afterHost...].lastIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        if host.hasPrefix("[") {
            guard host.hasSuffix("]") else { return nil }
            host = host.dropFirst().dropLast()
        }
        guard !host.isEmpty, port.allSatisfy({ $0.isNumber }), let number = UInt16(port), number > 0 else { return nil }
        self.host = String(host)
        self.port = Int(number)
    }

    /// Host and port as the Host field has them.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == 80 ? name : "\(name):\(port)"
    }

    package var description: String { "http://\(authority)\(target)" }
}
