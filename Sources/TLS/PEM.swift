import COpenSSL
import EventLoop
import Glibc

/// Certificates and keys in PEM form (RFC 7468).
enum PEM {
    /// No file is larger that holds certificates; the system's own list has about 220 KiB.
    private static let fileLimit = 16 * 1024 * 1024

    /// The octets of a file.
    static func read(_ path: String, _ what: String) throws(TLSError) -> [UInt8] {
        do throws(SystemError) {
            // A path with a NUL in it would be another one for the system.
            if path.utf8.contains(0) { throw SystemError("open", code: ENOENT) }
            let file = OwnedDescriptor(try system("open") { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) })
            let number = file.number
            var status = stat()
            try system("fstat") { fstat(number, &status) }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw SystemError("read", code: status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL)
            }
            guard status.st_size <= fileLimit else { throw SystemError("read", code: EFBIG) }
            var octets: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 64 * 1024)
            while case let count = try system("read", { Glibc.read(number, &buffer, buffer.count) }), count > 0 {
                octets += buffer[..<count]
                guard octets.count <= fileLimit else { throw SystemError("read", code: EFBIG) }
            }
            return octets
        } catch {
            throw TLSError(.configuration, "cannot read the \(what) \(path): \(error.reason)")
        }
    }

    /// Runs `body` with a BIO that reads the octets.
    private static func withBIO<Result>(
        _ octets: [UInt8], _ body: (OpaquePointer) throws(TLSError) -> Result
    ) throws(TLSError) -> Result {
        OpenSSLErrors.clear()
        var outcome: Swift.Result<Result, TLSError> = .failure(TLSError(.configuration, "out of memory"))
        octets.withUnsafeBytes { bytes in
            guard let bio = BIO_new_mem_buf(bytes.baseAddress, CInt(clamping: bytes.count)) else { return }
            defer { BIO_free(bio) }
            outcome = Swift.Result { () throws(TLSError) in try body(bio) }
        }
        return try outcome.get()
    }

    /// Calls `body` with each certificate of the octets, in their order; there has to be one.
    static func certificates(
        _ octets: [UInt8], _ what: String, _ body: (OpaquePointer) throws(TLSError) -> Void
    ) throws(TLSError) {
        try withBIO(octets) { bio throws(TLSError) in
            var count = 0
            while let certificate = PEM_read_bio_X509(bio, nil, noPassphrase, nil) {
                defer { X509_free(certificate) }
                count += 1
                try body(certificate)
            }
            let errors = OpenSSLErrors.take()
            guard let last = errors.last, last.is(ERR_LIB_PEM, PEM_R_NO_START_LINE) else {
                throw TLSError(
                    .configuration,
                    "\(what) has a certificate that cannot be read: \(OpenSSLErrors.text(errors))")
            }
            guard count > 0 else { throw TLSError(.configuration, "\(what) holds no certificate in PEM form") }
        }
    }

    /// Calls `body` with the private key of the octets.
    static func key(
        _ octets: [UInt8], passphrase: String?, _ what: String, _ body: (OpaquePointer) throws(TLSError) -> Void
    ) throws(TLSError) {
        try withBIO(octets) { bio throws(TLSError) in
            var secret = PassphraseRequest(Array((passphrase ?? "").utf8))
            let key = withUnsafeMutablePointer(to: &secret) { PEM_read_bio_PrivateKey(bio, nil, givePassphrase, $0) }
            let errors = OpenSSLErrors.take()
            guard let key else {
                if secret.wasAsked, passphrase == nil {
                    throw TLSError(.configuration, "\(what) has an encrypted key and there is no passphrase for it")
                }
                if secret.wasAsked {
                    throw TLSError(.configuration, "the key in \(what) cannot be decrypted: is the passphrase right?")
                }
                throw TLSError(
                    .configuration,
                    "\(what) holds no private key in PEM form that can be read: \(OpenSSLErrors.text(errors))")
            }
            defer { EVP_PKEY_free(key) }
            try body(key)
        }
    }
}

private struct PassphraseRequest {
    let octets: [UInt8]
    var wasAsked = false

    init(_ octets: [UInt8]) { self.octets = octets }
}

// Without a function of ours OpenSSL would ask at the terminal.

private func noPassphrase(
    _: UnsafeMutablePointer<CChar>?, _: CInt, _: CInt, _: UnsafeMutableRawPointer?
) -> CInt { -1 }

private func givePassphrase(
    _ buffer: UnsafeMutablePointer<CChar>?, _ room: CInt, _: CInt, _ request: UnsafeMutableRawPointer?
) -> CInt {
    guard let request = request?.assumingMemoryBound(to: PassphraseRequest.self), let buffer else { return -1 }
    request.pointee.wasAsked = true
    let octets = request.pointee.octets
    guard !octets.isEmpty, octets.count <= Int(room) else { return -1 }
    for (index, octet) in octets.enumerated() { buffer[index] = CChar(bitPattern: octet) }
    return CInt(octets.count)
}
