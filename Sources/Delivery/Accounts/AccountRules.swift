/// What a registration must look like.
package enum AccountRules {
    package static let shortestPassword = 8
    package static let longestPassword = 128

    /// A trimmed text between 1 and `longest` characters that shows what it is.
    package static func text(_ value: String, _ field: String, longest: Int) throws(DeliveryError) -> String {
        try TextRules.check(value, field, longest: longest)
    }

    /// An address as RFC 5321, section 4.1.2, has it without quotes and literals; trimmed, and in lower case, since
    /// providers do not tell case apart. ASCII only: two addresses that look alike must be one.
    package static func email(_ value: String) throws(DeliveryError) -> String {
        let email = try text(value, "email", longest: 254)
        let parts = email.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard email.utf8.allSatisfy({ $0 < 0x80 }), parts.count == 2, isLocalPart(parts[0]), isDomain(parts[1]) else {
            throw .invalid("email", "is not an e-mail address")
        }
        return email.lowercased()
    }

    private static func isLocalPart(_ part: Substring.UTF8View) -> Bool {
        part.count <= 64
            && part.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { atom in
                !atom.isEmpty && atom.allSatisfy { isLetterOrDigit($0) || "!#$%&'*+-/=?^_`{|}~".utf8.contains($0) }
            }
    }

    private static func isDomain(_ part: Substring.UTF8View) -> Bool {
        let labels = part.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return labels.count >= 2
            && labels.allSatisfy { label in
                (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                    && label.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
            }
    }

    private static func isLetterOrDigit(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    package static func password(_ value: String) throws(DeliveryError) -> String {
        guard value.unicodeScalars.count >= shortestPassword else {
            throw .invalid("password", "shorter than \(shortestPassword) characters")
        }
        guard value.utf8.count <= longestPassword else {
            throw .invalid("password", "longer than \(longestPassword) octets")
        }
        return value
    }
}
