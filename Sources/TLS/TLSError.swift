/// Why TLS cannot be spoken, or not any longer. The message says what a person can act on.
package struct TLSError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// A file or setting of this side cannot be used.
        case configuration
        /// The peer does not speak TLS.
        case mismatch
        /// No trusted authority has signed the peer's certificate, or it is not for this use.
        case untrusted
        /// The peer's certificate is for others.
        case name
        /// The peer's certificate, or that of an authority above it, has expired or is not valid yet.
        case validity
        /// The peer wants a certificate of this side, or refuses the one it got.
        case ownCertificate
        /// The sides have no version or cipher in common, or the peer refuses for a reason of its own.
        case refused
        /// The stream ended without the peer's close_notify (RFC 8446, section 6.1).
        case truncated
        /// What the peer sends breaks the protocol, or was changed on its way.
        case broken
    }

    package var kind: Kind
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { message }
}
