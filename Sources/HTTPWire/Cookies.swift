/// The Cookie request field (RFC 6265 section 5.4).
package enum Cookies {
    /// The value of the first cookie of this name in one field value, without the quotes around it.
    package static func value(of name: StaticString, in field: UnsafeRawBufferPointer) -> String? {
        var found: String?
        field.forEachPart(separatedBy: UInt8(ascii: ";")) { part in
            guard let equals = part.firstOffset(of: UInt8(ascii: "="), in: 0..<part.count),
                part.slice(0..<equals).trimmed.equals(name)
            else { return true }
            var value = part.slice(equals + 1..<part.count).trimmed
            if value.count >= 2, value[0] == UInt8(ascii: "\""), value[value.count - 1] == UInt8(ascii: "\"") {
                value = value.slice(1..<value.count - 1)
            }
            found = value.text
            return false
        }
        return found
    }
}

/// A cookie to be set (RFC 6265 section 4.1).
package struct SetCookie: Sendable, Equatable {
    package enum SameSite: String, Sendable { case strict = "Strict", lax = "Lax", none = "None" }

    package var name: String
    package var value: String
    package var path: String = "/"
    /// Seconds; 0 removes the cookie, nil keeps it until the browser is closed.
    package var maxAge: Int?
    package var isHTTPOnly = true
    package var isSecure = false
    package var sameSite: SameSite? = .lax

    package init(_ name: String, _ value: String, maxAge: Int? = nil) {
        self.name = name
        self.value = value
        self.maxAge = maxAge
    }

    /// The field's value; throws if name, value or path holds what a cookie cannot hold.
    package func fieldValue() throws(HTTPError) -> String {
        guard !name.isEmpty, name.utf8.allSatisfy({ $0.isTokenCharacter }) else {
            throw HTTPError(.internalServerError, "a cookie's name is not a token")
        }
        guard value.utf8.allSatisfy(SetCookie.isCookieOctet) else {
            throw HTTPError(.internalServerError, "a character in a cookie's value that it cannot hold")
        }
        guard path.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ";") }) else {
            throw HTTPError(.internalServerError, "a character in a cookie's path that it cannot hold")
        }
        var text = "\(name)=\(value); Path=\(path)"
        if let maxAge { text += "; Max-Age=\(maxAge)" }
        if isHTTPOnly { text += "; HttpOnly" }
        if isSecure { text += "; Secure" }
        if let sameSite { text += "; SameSite=\(sameSite.rawValue)" }
        return text
    }

    private static func isCookieOctet(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\\"): false
        default: octet > 0x20 && octet < 0x7F
        }
    }
}
