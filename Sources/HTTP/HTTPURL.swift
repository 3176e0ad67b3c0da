import EventLoop
import HTTPWire

/// An absolute `http` or `https` URL, taken apart for a client (RFC 9110 sections 4.2.1, 4.2.2).
package struct HTTPURL: Sendable, Hashable, CustomStringConvertible {
    /// Whether it is `https`.
    package let isSecure: Bool
    /// Lower case, without the brackets of an IPv6 address.
    package let host: String
    package let port: Int
    /// Path and query; at least "/".
    package let target: String

    /// Nil if `text` is not such a URL, or holds a user, a fragment, a character that a URL cannot hold, or a host that is
    /// neither a name nor an address as it is usually written: the system's resolver takes `127.1` and `0x7f000001` for
    /// addresses, and who reads the URL does not.
    package init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }),
            let scheme = text.firstRange(of: "://")
        else { return nil }
        switch text[..<scheme.lowerBound].lowercased() {
        case "http": isSecure = false
        case "https": isSecure = true
        default: return nil
        }
        let rest = text[scheme.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.contains("@") else { return nil }
        let target = rest[end...]
        self.target = target.hasPrefix("/") ? String(target) : "/" + target
        var host = authority
        var port = isSecure ? "443" : "80"[...]
        let afterHost = authority.lastIndex(of: "]") ?? authority.startIndex
        if let colon = authority[afterHost...].lastIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        if host.hasPrefix("[") {
            guard host.hasSuffix("]") else { return nil }
            host = host.dropFirst().dropLast()
            guard host.contains(":"), !host.contains("%"), IPAddress(host) != nil else { return nil }
        } else if !Self.isName(host), IPAddress(host)?.isIPv4 != true || host.contains(":") {
            return nil
        }
        guard port.allSatisfy({ $0.isNumber }), let number = UInt16(port), number > 0 else { return nil }
        self.host = host.lowercased()
        self.port = Int(number)
    }

    /// Labels of letters, digits, hyphens and underscores, the last of which is no number.
    private static func isName(_ host: Substring) -> Bool {
        guard !host.isEmpty, host.utf8.count <= 253 else { return false }
        var labels = host.split(separator: ".", omittingEmptySubsequences: false)
        // The dot of a name that is complete.
        if labels.count > 1, labels.last == "" { labels.removeLast() }
        let areLabels = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count)
                && label.utf8.allSatisfy { octet in
                    isDigit(octet) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(octet | 0x20)
                        || octet == UInt8(ascii: "-") || octet == UInt8(ascii: "_")
                }
        }
        guard areLabels, let last = labels.last else { return false }
        let isNumber = last.utf8.allSatisfy(isDigit) || last.lowercased().hasPrefix("0x")
        return !isNumber
    }

    private static func isDigit(_ octet: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(octet) }

    /// The address, where the host is one.
    package var address: IPAddress? { IPAddress(host) }

    /// Host and port as the Host field has them.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    package var description: String { "\(isSecure ? "https" : "http")://\(authority)\(target)" }
}
