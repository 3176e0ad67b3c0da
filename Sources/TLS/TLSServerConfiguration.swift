/// How a server proves itself, and what it wants of its clients.
package struct TLSServerConfiguration: Hashable, Sendable {
    /// What a client has to show.
    package enum ClientCertificates: Hashable, Sendable {
        case notAsked
        /// One of these authorities has to have signed the client's certificate.
        case required(TLSConfiguration.TrustRoots)
    }

    /// The server's certificate in a PEM file, behind it those of the authorities between, if any.
    package var certificateFile: String
    /// nil looks for the key in `certificateFile`.
    package var keyFile: String?
    package var passphrase: String?
    package var clientCertificates = ClientCertificates.notAsked
    package var minimumVersion = TLSConfiguration.Version.tls12

    package init(certificateFile: String, keyFile: String? = nil) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}
