import Bytes
import COpenSSL

/// One TLS connection without I/O: octets of the peer and of the user go in, octets for both come out.
///
/// It belongs to one thread at a time. What it holds is bounded: besides OpenSSL's own state one record in each direction.
package final class TLSEngine {
    private let ssl: OpaquePointer
    private let pipe = RecordPipe()
    private let verification: Verification
    private let context: TLSContext
    private var failure: TLSError?
    private var hasHeard = false

    /// Whether the handshake is done.
    package private(set) var isEstablished = false
    /// Whether the peer has sent close_notify.
    package private(set) var hasEnded = false

    deinit { SSL_free(ssl) }

    /// - Parameter host: for a client, whom the certificate of the server has to be for; the configuration's
    ///   `serverName` comes before it.
    /// - Throws: `TLSError.Kind.configuration`.
    package init(_ context: TLSContext, host: String? = nil) throws(TLSError) {
        let configuration = context.configuration
        var server: PeerName?
        if context.role == .client, let name = configuration.serverName ?? host { server = try PeerName(name) }
        guard let ssl = SSL_new(context.pointer) else { throw Self.cannotBegin }
        self.ssl = ssl
        self.context = context
        verification = Verification(role: context.role, expected: server)
        guard verification.attach(to: ssl), let bio = pipe.makeBIO() else { throw Self.cannotBegin }
        // Both directions: SSL_set_bio takes the one reference.
        SSL_set_bio(ssl, bio, bio)
        switch context.role {
        case .server: SSL_set_accept_state(ssl)
        case .client:
            SSL_set_connect_state(ssl)
            if configuration.verification == .full {
                guard let server else {
                    throw TLSError(.configuration, "there is no name to verify the server's certificate for")
                }
                guard server.require(ssl) else { throw Self.cannotBegin }
            }
            if configuration.sendsServerName, let server, !server.isAddress {
                guard delivery_set_server_name(ssl, server.text) == 1 else { throw Self.cannotBegin }
            }
        }
    }

    private static var cannotBegin: TLSError {
        TLSError(.configuration, "OpenSSL cannot begin: \(OpenSSLErrors.text(OpenSSLErrors.take()))")
    }

    /// For example `TLSv1.3`.
    package var version: String { String(cString: SSL_get_version(ssl)) }

    /// For tests, which do with it what this class does not.
    package var pointer: OpaquePointer { ssl }

    // MARK: Octets

    /// Begins: a client's hello is appended to `wire`.
    package func start(_ wire: inout ByteBuffer) throws(TLSError) {
        try calling(UnsafeRawBufferPointer(start: nil, count: 0), &wire) { () throws(TLSError) in try handshake() }
    }

    /// Takes octets of the peer, all of them. What they hold for the user is appended to `plain`, at most 16 KiB more than
    /// they are; what has to be answered, alerts included, is appended to `wire`, also when an error is thrown.
    package func receive(
        _ octets: UnsafeRawBufferPointer, plain: inout ByteBuffer, wire: inout ByteBuffer
    ) throws(TLSError) {
        if let failure { throw failure }
        guard !hasEnded, !octets.isEmpty else { return }
        if !hasHeard { try inspect(first: octets) }
        try calling(octets, &wire) { () throws(TLSError) in
            if !isEstablished { try handshake() }
            if isEstablished { try read(into: &plain) }
        }
    }

    /// Takes octets of the user, all of them, and appends records to `wire`. Nothing is taken before the handshake is done.
    package func send(_ plain: UnsafeRawBufferPointer, wire: inout ByteBuffer) throws(TLSError) -> Int {
        if let failure { throw failure }
        guard isEstablished, !plain.isEmpty else { return 0 }
        return try calling(UnsafeRawBufferPointer(start: nil, count: 0), &wire) { () throws(TLSError) in
            var written = 0
            let result = SSL_write_ex(ssl, plain.baseAddress, plain.count, &written)
            guard result != 1 else { return written }
            if SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ { return 0 }
            throw failed()
        }
    }

    /// Appends close_notify to `wire`: this side sends no more.
    package func finish(_ wire: inout ByteBuffer) {
        guard isEstablished, failure == nil else { return }
        calling(UnsafeRawBufferPointer(start: nil, count: 0), &wire) { _ = SSL_shutdown(ssl) }
    }

    /// The stream below has ended.
    /// - Throws: unless the peer had said so with close_notify, for else anybody could cut it off unnoticed.
    package func peerDidEnd() throws(TLSError) {
        if let failure { throw failure }
        if hasEnded { return }
        throw TLSError(
            .truncated,
            isEstablished
                ? "the peer closed the connection without TLS's goodbye (close_notify)"
                : "the peer closed the connection during the TLS handshake")
    }

    // MARK: OpenSSL

    /// Runs `body` with the pipe between the octets and the buffer.
    private func calling<Result, Failure: Error>(
        _ octets: UnsafeRawBufferPointer, _ wire: inout ByteBuffer, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pipe.input = octets
        swap(&pipe.output, &wire)
        defer {
            swap(&pipe.output, &wire)
            pipe.input = UnsafeRawBufferPointer(start: nil, count: 0)
        }
        OpenSSLErrors.clear()
        return try body()
    }

    private func handshake() throws(TLSError) {
        let result = SSL_do_handshake(ssl)
        if result == 1 {
            isEstablished = true
        } else if SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ {
            throw failed()
        }
    }

    private func read(into plain: inout ByteBuffer) throws(TLSError) {
        while true {
            var result: CInt = 0
            plain.appendInPlace(atMost: 16 * 1024) { room in
                var count = 0
                result = SSL_read_ex(ssl, room.baseAddress, room.count, &count)
                return result == 1 ? count : 0
            }
            if result == 1 { continue }
            switch SSL_get_error(ssl, result) {
            case SSL_ERROR_WANT_READ: return
            case SSL_ERROR_ZERO_RETURN:
                hasEnded = true
                return
            default: throw failed()
            }
        }
    }

    /// The first octets tell a peer that does not speak TLS: a record begins with its type, 20 to 23, and the major
    /// version 3 (RFC 8446, section 5.1).
    private func inspect(first octets: UnsafeRawBufferPointer) throws(TLSError) {
        let isRecord = (20...23).contains(octets[0]) && (octets.count < 2 || octets[1] == 3)
        if isRecord {
            hasHeard = true
            return
        }
        let error = TLSError(.mismatch, "the peer does not speak TLS; it says “\(plainText(octets.prefix(16)))”")
        failure = error
        throw error
    }

    /// What OpenSSL's last error means. The engine is of no use any more.
    private func failed() -> TLSError {
        let errors = OpenSSLErrors.take()
        let error = verification.failure ?? meaning(of: errors)
        failure = error
        return error
    }

    private func meaning(of errors: [OpenSSLErrors.Entry]) -> TLSError {
        guard let first = errors.first else { return TLSError(.broken, "TLS failed without a reason") }
        if let alert = first.alert { return meaning(of: alert, first.text) }
        guard first.library == ERR_LIB_SSL else { return TLSError(.broken, "TLS failed: \(first.text)") }
        switch first.reason {
        case SSL_R_WRONG_VERSION_NUMBER where !isEstablished, SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST:
            return TLSError(.mismatch, "the peer does not speak TLS: \(first.text)")
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_NO_SHARED_CIPHER, SSL_R_VERSION_TOO_LOW, SSL_R_UNKNOWN_PROTOCOL,
            SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_NO_SUITABLE_KEY_SHARE, SSL_R_DH_KEY_TOO_SMALL:
            return TLSError(.refused, "the sides have no safe way of TLS in common: \(first.text)")
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return TLSError(.untrusted, "the client shows no certificate")
        default: return TLSError(.broken, "TLS failed: \(first.text)")
        }
    }

    /// RFC 8446, section 6.2.
    private func meaning(of alert: CInt, _ text: String) -> TLSError {
        let hasOwn = context.configuration.certificateFile != nil
        switch alert {
        // handshake_failure: how TLS 1.2 says certificate_required.
        case 40 where verification.wasAsked && !hasOwn, 116 where !hasOwn:
            return TLSError(.ownCertificate, "the server wants a client certificate, and none is configured (\(text))")
        case 41...46 where context.role == .client, 48 where context.role == .client,
            49 where context.role == .client && verification.wasAsked, 116:
            if !hasOwn {
                return TLSError(
                    .ownCertificate, "the server wants a client certificate, and none is configured (\(text))")
            }
            return TLSError(.ownCertificate, "the server refuses the client certificate (\(text))")
        default: return TLSError(.refused, "the peer refuses TLS (\(text))")
        }
    }
}
