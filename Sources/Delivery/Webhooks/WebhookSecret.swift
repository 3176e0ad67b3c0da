import COpenSSL
import FoundationEssentials

/// What a webhook's requests are signed with, as Standard Webhooks writes it: `whsec_` and the key in base64. Both sides
/// have to know it: it is stored as it is.
package struct WebhookSecret: Equatable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private static let prefix = "whsec_"

    /// For the customer and the database only.
    package let text: String
    private let key: [UInt8]

    /// 256 random bits.
    /// - Throws: `DeliveryError` (503) when the system has no randomness.
    static func random() throws(DeliveryError) -> WebhookSecret { WebhookSecret(key: try Secrets.random(32)) }

    package init(key: [UInt8]) {
        self.key = key
        text = Self.prefix + Data(key).base64EncodedString()
    }

    /// - Returns: nil for what is no such text; a key has 24 to 64 octets.
    package init?(_ text: String) {
        guard text.hasPrefix(Self.prefix), let key = Data(base64Encoded: String(text.dropFirst(Self.prefix.count))),
            (24...64).contains(key.count)
        else { return nil }
        self.init(key: [UInt8](key))
    }

    /// The field `webhook-signature` of a message (Standard Webhooks 1.0.0): HMAC-SHA256 of id, time and body.
    /// - Parameter seconds: since 1970, as in `webhook-timestamp`.
    package func signature(id: String, seconds: Int, body: [UInt8]) -> String {
        let content = Array("\(id).\(seconds).".utf8) + body
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        _ = HMAC(EVP_sha256(), key, CInt(key.count), content, content.count, &digest, nil)
        return "v1," + Data(digest).base64EncodedString()
    }

    /// So that no log can have it by mistake.
    package var description: String { "\(Self.prefix)…" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
