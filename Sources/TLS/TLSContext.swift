import COpenSSL

/// What the connections of one configuration share: authorities, certificate, key and settings (`SSL_CTX`).
///
/// `@unchecked Sendable`: nobody changes the context once `init` has made it, and OpenSSL counts its references itself.
package final class TLSContext: @unchecked Sendable {
    package enum Role: Sendable {
        case client, server
    }

    package let role: Role
    package let pointer: OpaquePointer
    /// For a client: what is checked of the server, by each connection for its own host.
    let configuration: TLSConfiguration

    deinit { SSL_CTX_free(pointer) }

    private init(_ role: Role, _ configuration: TLSConfiguration) throws(TLSError) {
        guard let pointer = SSL_CTX_new(role == .client ? TLS_client_method() : TLS_server_method()) else {
            throw TLSError(.configuration, "OpenSSL makes no context: \(OpenSSLErrors.text(OpenSSLErrors.take()))")
        }
        self.role = role
        self.pointer = pointer
        self.configuration = configuration
        let version = configuration.minimumVersion == .tls12 ? TLS1_2_VERSION : TLS1_3_VERSION
        guard delivery_ctx_set_min_version(pointer, version) == 1 else {
            throw TLSError(.configuration, "OpenSSL does not know \(configuration.minimumVersion)")
        }
        // An idle connection holds no buffers, and what could not be written yet may lie elsewhere the next time.
        delivery_ctx_set_mode(pointer, Int(SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER))
        delivery_ctx_restrict(pointer)
    }

    /// - Throws: `TLSError.Kind.configuration`, naming the file.
    package convenience init(client configuration: TLSConfiguration) throws(TLSError) {
        try self.init(.client, configuration)
        OpenSSLErrors.clear()
        if configuration.verification == .none {
            SSL_CTX_set_verify(pointer, SSL_VERIFY_NONE, nil)
        } else {
            SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, verificationCallback)
            try trust(configuration.trustRoots)
        }
        if let depth = configuration.verificationDepth {
            guard (0...100).contains(depth) else {
                throw TLSError(.configuration, "a verification depth is 0 to 100, not \(depth)")
            }
            SSL_CTX_set_verify_depth(pointer, CInt(depth))
        }
        if let file = configuration.certificateFile {
            try use(certificate: file, key: configuration.keyFile, passphrase: configuration.passphrase)
        } else if let file = configuration.keyFile {
            throw TLSError(.configuration, "there is a key file \(file), but no certificate file")
        }
    }

    /// - Throws: `TLSError.Kind.configuration`, naming the file.
    package convenience init(server configuration: TLSServerConfiguration) throws(TLSError) {
        var settings = TLSConfiguration()
        settings.minimumVersion = configuration.minimumVersion
        try self.init(.server, settings)
        OpenSSLErrors.clear()
        try use(
            certificate: configuration.certificateFile, key: configuration.keyFile,
            passphrase: configuration.passphrase)
        if case .required(let roots) = configuration.clientCertificates {
            SSL_CTX_set_verify(
                pointer, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, verificationCallback)
            try trust(roots)
        }
    }

    private func trust(_ roots: TLSConfiguration.TrustRoots) throws(TLSError) {
        let octets: [UInt8]
        let what: String
        switch roots {
        case .system:
            guard SSL_CTX_set_default_verify_paths(pointer) == 1 else {
                throw TLSError(.configuration, "the system's certificate authorities cannot be used")
            }
            return
        case .file(let path):
            octets = try PEM.read(path, "file of certificate authorities")
            what = "the file of certificate authorities \(path)"
        case .pem(let given):
            octets = given
            what = "the configuration of certificate authorities"
        }
        let store = SSL_CTX_get_cert_store(pointer)
        try PEM.certificates(octets, what) { certificate throws(TLSError) in
            guard X509_STORE_add_cert(store, certificate) == 1 else { throw unusable(what) }
        }
    }

    private func use(certificate: String, key: String?, passphrase: String?) throws(TLSError) {
        let octets = try PEM.read(certificate, "certificate file")
        let what = "the certificate file \(certificate)"
        var isFirst = true
        try PEM.certificates(octets, what) { certificate throws(TLSError) in
            let isTaken =
                isFirst
                ? SSL_CTX_use_certificate(pointer, certificate)
                : delivery_ctx_add_chain_certificate(pointer, certificate)
            guard isTaken == 1 else { throw unusable(what) }
            isFirst = false
        }
        let keyOctets = try key.map { path throws(TLSError) in try PEM.read(path, "key file") } ?? octets
        let keyWhat = key.map { "the key file \($0)" } ?? what
        try PEM.key(keyOctets, passphrase: passphrase, keyWhat) { key throws(TLSError) in
            guard SSL_CTX_use_PrivateKey(pointer, key) == 1, SSL_CTX_check_private_key(pointer) == 1 else {
                let errors = OpenSSLErrors.take()
                let isOther = errors.contains { error in
                    error.is(ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH)
                        || error.is(ERR_LIB_X509, X509_R_KEY_TYPE_MISMATCH)
                        || error.is(ERR_LIB_SSL, SSL_R_NO_CERTIFICATE_ASSIGNED)
                }
                if isOther {
                    throw TLSError(
                        .configuration, "the key in \(keyWhat) does not belong to the certificate in \(what)")
                }
                throw TLSError(.configuration, "\(keyWhat) cannot be used: \(OpenSSLErrors.text(errors))")
            }
        }
    }

    private func unusable(_ what: String) -> TLSError {
        TLSError(.configuration, "\(what) cannot be used: \(OpenSSLErrors.text(OpenSSLErrors.take()))")
    }
}
