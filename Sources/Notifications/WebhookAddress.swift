import Delivery
import EventLoop
import HTTP

/// Which URLs a webhook may have.
package struct WebhookAddress: Sendable {
    private static let longest = 2048

    /// Whether addresses that are not of the public Internet are allowed: to try it out, or where all customers are trusted.
    package let allowsPrivate: Bool

    package init(allowsPrivate: Bool) { self.allowsPrivate = allowsPrivate }

    /// Of every address that a request is sent to.
    package var policy: @Sendable (IPAddress) -> Bool {
        allowsPrivate ? AddressPolicy.any : AddressPolicy.publicOnly
    }

    /// Looks at the text alone: what a name stands for can change, so its addresses are looked at for each request.
    /// - Throws: `DeliveryError` 400.
    package func check(_ text: String) throws(DeliveryError) {
        guard text.utf8.count <= Self.longest else { throw .invalid("url", "longer than \(Self.longest) characters") }
        guard let url = HTTPURL(text) else {
            throw .invalid("url", "must be an http or https URL, without a user and a fragment")
        }
        let name = url.host.hasSuffix(".") ? String(url.host.dropLast()) : url.host
        let isPublic = url.address.map(policy) ?? (allowsPrivate || !Self.isLocal(name))
        guard isPublic else { throw .invalid("url", "must be an address of the public Internet") }
    }

    /// Names that are never those of a public host (RFC 6761, 6762, 8375, and .internal).
    private static func isLocal(_ name: String) -> Bool {
        ["localhost", "local", "internal", "home.arpa"].contains { name == $0 || name.hasSuffix(".\($0)") }
    }
}
