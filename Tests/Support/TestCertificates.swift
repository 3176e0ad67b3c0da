import COpenSSL
import Foundation

/// A certificate authority of a test's own, with certificates for whom the test likes, as PEM files in a folder of their
/// own. Keys are made at run time (P-256, under a millisecond).
package final class TestCertificates: Sendable {
    /// One certificate with its key.
    package struct Files: Sendable {
        package let certificate: String
        package let key: String
    }

    /// What a certificate may be used for.
    package enum Use: String, Sendable {
        case server = "serverAuth"
        case client = "clientAuth"
    }

    package let folder: TemporaryFolder
    private let name: String
    /// Guards the authority's key and certificate, which OpenSSL may change while it signs.
    private let authority: Guarded<Authority>

    /// `@unchecked Sendable`: both pointers are read under `authority`'s lock only.
    private struct Authority: @unchecked Sendable {
        let key: OpaquePointer
        let certificate: OpaquePointer
        var serial = 1
    }

    /// The authority's own certificate.
    package var authorityFile: String { folder.file("ca.pem") }
    package var authorityPEM: [UInt8] { get throws { Array(try folder.read("ca.pem").utf8) } }

    package init(_ name: String = "Test authority") throws {
        folder = try TemporaryFolder("certificates")
        self.name = name
        let key = try Self.makeKey()
        let certificate = try Self.makeCertificate(
            subject: name, issuer: name, key: key, signingKey: key, serial: 1, age: 3600, lifetime: 86_400,
            extensions: [(NID_basic_constraints, "critical,CA:TRUE"), (NID_key_usage, "critical,keyCertSign,cRLSign")])
        authority = Guarded(Authority(key: key, certificate: certificate))
        try write(to: "ca.pem") { PEM_write_bio_X509($0, certificate) }
    }

    deinit {
        authority.read { authority in
            X509_free(authority.certificate)
            EVP_PKEY_free(authority.key)
        }
    }

    /// Makes a certificate.
    ///
    /// - Parameters:
    ///   - subject: its common name, and the name of its files.
    ///   - names: its subject alternative names, as `DNS:localhost` or `IP:127.0.0.1`.
    ///   - age: seconds since it became valid.
    ///   - lifetime: seconds from then on; fewer than `age` make one that has expired.
    ///   - passphrase: encrypts the key.
    package func issue(
        _ subject: String, names: [String] = [], for use: Use = .server, age: Int = 3600, lifetime: Int = 86_400,
        passphrase: String? = nil
    ) throws -> Files {
        let key = try Self.makeKey()
        defer { EVP_PKEY_free(key) }
        var extensions = [(NID_basic_constraints, "critical,CA:FALSE"), (NID_ext_key_usage, use.rawValue)]
        if !names.isEmpty { extensions.append((NID_subject_alt_name, names.joined(separator: ","))) }
        let certificate = try authority.update { authority in
            authority.serial += 1
            return try Self.makeCertificate(
                subject: subject, issuer: name, key: key, signingKey: authority.key, serial: authority.serial,
                age: age, lifetime: lifetime, extensions: extensions)
        }
        defer { X509_free(certificate) }
        let files = Files(certificate: folder.file(subject + ".pem"), key: folder.file(subject + ".key"))
        try write(to: subject + ".pem") { PEM_write_bio_X509($0, certificate) }
        try write(to: subject + ".key") { bio in
            guard let passphrase else { return PEM_write_bio_PrivateKey(bio, key, nil, nil, 0, nil, nil) }
            var octets = Array(passphrase.utf8)
            return PEM_write_bio_PrivateKey(
                bio, key, EVP_aes_256_cbc(), &octets, CInt(octets.count), nil, nil)
        }
        return files
    }

    private func write(to name: String, _ print: (OpaquePointer) -> CInt) throws {
        guard let bio = BIO_new(BIO_s_mem()) else { throw SupportError("no memory") }
        defer { BIO_free(bio) }
        guard print(bio) == 1 else { throw Self.failure("writing \(name)") }
        var octets = [UInt8](repeating: 0, count: 16_384)
        let count = BIO_read(bio, &octets, CInt(octets.count))
        try folder.write(String(decoding: octets.prefix(Int(max(0, count))), as: UTF8.self), to: name)
    }

    private static func failure(_ what: String) -> SupportError {
        let text = ERR_reason_error_string(ERR_get_error()).map { String(cString: $0) } ?? "no reason"
        return SupportError("\(what): OpenSSL: \(text)")
    }

    private static func makeKey() throws -> OpaquePointer {
        let context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil)
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1,
            EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) == 1,
            EVP_PKEY_keygen(context, &key) == 1, let key
        else { throw failure("a key") }
        return key
    }

    private static func makeCertificate(
        subject: String, issuer: String, key: OpaquePointer, signingKey: OpaquePointer, serial: Int, age: Int,
        lifetime: Int, extensions: [(CInt, String)]
    ) throws -> OpaquePointer {
        guard let certificate = X509_new() else { throw failure("a certificate") }
        var isGood = X509_set_version(certificate, 2) == 1
        isGood = ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial) == 1 && isGood
        isGood = X509_gmtime_adj(X509_getm_notBefore(certificate), -age) != nil && isGood
        isGood = X509_gmtime_adj(X509_getm_notAfter(certificate), lifetime - age) != nil && isGood
        isGood = X509_set_pubkey(certificate, key) == 1 && isGood
        for (name, text) in [
            (X509_get_subject_name(certificate), subject), (X509_get_issuer_name(certificate), issuer),
        ] {
            isGood = X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1 && isGood
        }
        for (identifier, value) in extensions {
            let one = X509V3_EXT_conf_nid(nil, nil, identifier, value)
            isGood = one != nil && X509_add_ext(certificate, one, -1) == 1 && isGood
            X509_EXTENSION_free(one)
        }
        guard isGood, X509_sign(certificate, signingKey, EVP_sha256()) > 0 else {
            X509_free(certificate)
            throw failure("the certificate of \(subject)")
        }
        return certificate
    }
}
