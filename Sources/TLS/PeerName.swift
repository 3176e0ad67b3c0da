import COpenSSL

/// The name or address of the server that a client means.
struct PeerName: Hashable, Sendable {
    let text: String
    let isAddress: Bool

    /// - Throws: `TLSError.Kind.configuration` for a name that no certificate can be for.
    init(_ text: String) throws(TLSError) {
        // The dot at the end says that a name is complete; certificates do not have it. An address may have a zone.
        var name = text.hasSuffix(".") ? String(text.dropLast()) : text
        if name.contains(":") { name = String(name.prefix { $0 != "%" }) }
        let address = a2i_IPADDRESS(name)
        ASN1_OCTET_STRING_free(address)
        isAddress = address != nil
        // OpenSSL takes a dot in front for "any name that ends so".
        let isName = name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && !name.hasPrefix(".")
        guard !name.isEmpty, name.utf8.count <= 255, isName else {
            throw TLSError(.configuration, "a server's name is ASCII without spaces, at most 255 octets, not “\(text)”")
        }
        self.text = name
    }

    /// Lets the certificate of the peer be for this name only (RFC 9525: no common name, no partial wildcard).
    func require(_ ssl: OpaquePointer) -> Bool {
        let parameters = SSL_get0_param(ssl)
        if isAddress { return X509_VERIFY_PARAM_set1_ip_asc(parameters, text) == 1 }
        X509_VERIFY_PARAM_set_hostflags(
            parameters, CUnsignedInt(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT))
        return X509_VERIFY_PARAM_set1_host(parameters, text, 0) == 1
    }
}

/// What a certificate says, for a person.
struct CertificateText {
    let certificate: OpaquePointer

    var subject: String { name(X509_get_subject_name(certificate)) }
    var issuer: String { name(X509_get_issuer_name(certificate)) }
    var notBefore: String { printed { ASN1_TIME_print($0, X509_get0_notBefore(certificate)) } }
    var notAfter: String { printed { ASN1_TIME_print($0, X509_get0_notAfter(certificate)) } }

    private func name(_ name: OpaquePointer?) -> String { printed { delivery_print_name($0, name) } }

    /// Those that it is for: DNS names and IP addresses, ten at most.
    var names: [String] {
        guard let names = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
        let stack = OpaquePointer(names)
        defer { GENERAL_NAMES_free(stack) }
        var texts: [String] = []
        for index in 0..<max(0, OPENSSL_sk_num(stack)) {
            guard let entry = OPENSSL_sk_value(stack, index) else { continue }
            let name = UnsafePointer<GENERAL_NAME>(OpaquePointer(entry))
            guard name.pointee.type == GEN_DNS || name.pointee.type == GEN_IPADD else { continue }
            guard texts.count < 10 else { return texts + ["…"] }
            let text = printed { GENERAL_NAME_print($0, UnsafeMutablePointer(mutating: name)) }
            // As "DNS:name" and "IP Address:1.2.3.4".
            texts.append(String(text.drop { $0 != ":" }.dropFirst()))
        }
        return texts
    }
}
