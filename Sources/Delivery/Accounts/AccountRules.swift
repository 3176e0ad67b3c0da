/// What a registration must look like.
package enum AccountRules {
    package static let shortestPassword = 8
    package static let longestPassword = 128

    /// A trimmed text between 1 and `longest` characters without control characters.
    package static func text(_ value: String, _ field: String, longest: Int) throws(DeliveryError) -> String {
        let trimmed = String(value.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        guard !trimmed.isEmpty else { throw .invalid(field, "is empty") }
        guard trimmed.unicodeScalars.count <= longest else {
            throw .invalid(field, "longer than \(longest) characters")
        }
        guard !trimmed.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw .invalid(field, "contains control characters")
        }
        return trimmed
    }

    /// An address with one `@` and something on both sides; in lower case, since providers do not tell case apart.
    package static func email(_ value: String) throws(DeliveryError) -> String {
        let email = try text(value, "email", longest: 254).lowercased()
        let parts = email.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, parts[1].contains("."), !parts[1].hasPrefix("."),
            !parts[1].hasSuffix("."), !email.contains(where: \.isWhitespace)
        else { throw .invalid("email", "is not an e-mail address") }
        return email
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
