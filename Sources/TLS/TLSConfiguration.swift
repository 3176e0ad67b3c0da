/// How a client secures a connection with TLS: whom it trusts, what it expects of the server, and how it proves itself.
///
/// Nothing is weaker than it has to be unless it is set so: the defaults trust the system's authorities, verify the
/// server's chain and name, and take TLS 1.2 and 1.3.
public struct TLSConfiguration: Hashable, Sendable {
    /// The certificate authorities that may have signed the server's certificate.
    public enum TrustRoots: Hashable, Sendable {
        /// Those of the operating system (on Debian the package ca-certificates).
        case system
        /// Those in a file in PEM form, and no others. The file is read again when it has changed.
        case file(String)
        /// Those in these octets in PEM form, and no others.
        case pem([UInt8])
    }

    /// What is checked of the server's certificate.
    public enum Verification: Hashable, Sendable {
        /// A trusted authority has signed it, it is valid today, and it is for the host's name or address (RFC 9525: a
        /// subject alternative name; the common name does not count).
        case full
        /// As `full`, except that it may be for any host: whoever has a certificate of the same authority can pose as the
        /// server.
        case chainOnly
        /// Nothing. **Unsafe**: whoever can reach into the network can read and change everything, passwords too.
        case none
    }

    /// A version of the protocol. Those before 1.2 are not supported (RFC 8996).
    public enum Version: Hashable, Sendable, CaseIterable {
        /// RFC 5246.
        case tls12
        /// RFC 8446.
        case tls13
    }

    /// Whom this client believes when a certificate is shown.
    public var trustRoots = TrustRoots.system
    /// What is checked of the server's certificate; weaken it only where you know who else is on the network.
    public var verification = Verification.full
    /// Authorities between the server's certificate and the trusted one, at most; nil leaves it to OpenSSL (100).
    public var verificationDepth: Int?
    /// The name by which the server is asked (RFC 6066, section 3) and that its certificate has to be for; nil takes the
    /// host of the address.
    public var serverName: String?
    /// Whether the server is told the name. An IP address is never told.
    public var sendsServerName = true
    /// This client's certificate in a PEM file, behind it those of the authorities between, if any. The file is read again
    /// when it has changed, as for the key.
    public var certificateFile: String?
    /// The certificate's private key in a PEM file; nil looks for it in `certificateFile`.
    public var keyFile: String?
    /// What the private key's file is encrypted with.
    public var passphrase: String?
    /// The oldest version that is spoken.
    public var minimumVersion = Version.tls12

    /// The safe defaults.
    public init() {}
}
