import COpenSSL

/// What one connection learns about certificates during its handshake. OpenSSL's callbacks write it.
final class Verification {
    /// nil if every host is good enough, and for a server.
    let expected: PeerName?
    /// The first thing that was wrong with the peer's certificate.
    fileprivate(set) var failure: TLSError?
    /// Whether the server asked for a certificate of this client.
    fileprivate(set) var wasAsked = false
    private let peer: String

    init(role: TLSContext.Role, expected: PeerName?) {
        self.expected = expected
        peer = role == .client ? "server" : "client"
    }

    /// Lets `ssl` tell this object, which has to outlive it.
    func attach(to ssl: OpaquePointer) -> Bool {
        let pointer = Unmanaged.passUnretained(self).toOpaque()
        SSL_set_cert_cb(ssl, certificateCallback, pointer)
        return SSL_set_ex_data(ssl, 0, pointer) == 1
    }

    fileprivate func failed(_ code: CInt, depth: CInt, _ certificate: OpaquePointer?) {
        guard failure == nil else { return }
        let reason = X509_verify_cert_error_string(Int(code)).map { String(cString: $0) } ?? "error \(code)"
        guard let certificate else {
            failure = TLSError(.untrusted, "the \(peer)'s certificate is not trusted: \(reason)")
            return
        }
        let text = CertificateText(certificate: certificate)
        let whose =
            depth == 0
            ? "the \(peer)'s certificate (\(text.subject))"
            : "the certificate of an authority of the \(peer)'s (\(text.subject))"
        switch code {
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            let names = text.names
            let forWhom = names.isEmpty ? "it has no subject alternative name" : names.joined(separator: ", ")
            failure = TLSError(
                .name, "\(whose) is not for \(expected?.text ?? "this host"), but for: \(forWhom)")
        case X509_V_ERR_CERT_HAS_EXPIRED:
            failure = TLSError(.validity, "\(whose) expired on \(text.notAfter)")
        case X509_V_ERR_CERT_NOT_YET_VALID:
            failure = TLSError(.validity, "\(whose) is not valid before \(text.notBefore)")
        default:
            failure = TLSError(.untrusted, "\(whose), issued by (\(text.issuer)), is not trusted: \(reason)")
        }
    }

    fileprivate static func of(_ pointer: UnsafeMutableRawPointer?) -> Verification? {
        pointer.map { Unmanaged<Verification>.fromOpaque($0).takeUnretainedValue() }
    }
}

/// Called for each certificate of the peer's chain; it decides nothing, it remembers why OpenSSL refuses.
func verificationCallback(_ isGood: CInt, _ store: OpaquePointer?) -> CInt {
    guard isGood == 0, let store,
        let ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()),
        let verification = Verification.of(SSL_get_ex_data(OpaquePointer(ssl), 0))
    else { return isGood }
    verification.failed(
        X509_STORE_CTX_get_error(store), depth: X509_STORE_CTX_get_error_depth(store),
        X509_STORE_CTX_get_current_cert(store))
    return isGood
}

/// Called when this side's certificate is about to be used: for a client, when the server asks for one.
private func certificateCallback(_: OpaquePointer?, _ pointer: UnsafeMutableRawPointer?) -> CInt {
    Verification.of(pointer)?.wasAsked = true
    return 1
}
