import AMQPWire
import EventLoop
import TLS

// amqps: what the URI and the configuration say of TLS, and what its errors mean here.

extension TLSConfiguration {
    /// The configuration with the URI's parameters over it.
    init(_ options: AMQPURI.Options, _ configuration: AMQPConfiguration) {
        self = configuration.tls
        if let file = options.caCertificateFile { trustRoots = .file(file) }
        if let file = options.certificateFile {
            // The key may be in the same file; the one of the configuration belongs to another certificate.
            certificateFile = file
            keyFile = nil
        }
        if let file = options.keyFile { keyFile = file }
        if let text = options.keyPassphrase { passphrase = text }
        // Unlike RabbitMQ's own client, which verifies nothing unless it is told to, and no name unless it is given one.
        if let isVerified = options.verifyPeer { verification = isVerified ? .full : .none }
        if let depth = options.verificationDepth { verificationDepth = Int(depth) }
        switch options.serverNameIndication {
        case nil: break
        case "disable": sendsServerName = false
        case let name?: serverName = name
        }
    }
}

extension AMQPURI.Options {
    /// The name of a parameter that has a meaning with TLS only.
    var firstTLSParameter: String? {
        if caCertificateFile != nil { return "cacertfile" }
        if certificateFile != nil { return "certfile" }
        if keyFile != nil { return "keyfile" }
        if keyPassphrase != nil { return "password" }
        if verifyPeer != nil { return "verify" }
        if verificationDepth != nil { return "depth" }
        return serverNameIndication == nil ? nil : "server_name_indication"
    }
}

extension Endpoint {
    /// TLS for one attempt to connect; nil for `amqp://`.
    func makeFilter() throws(AMQPError) -> TLSFilter? {
        guard let tls else { return nil }
        do throws(TLSError) {
            return TLSFilter(try TLSEngine(try tls.context(), host: host))
        } catch {
            throw AMQPError(error, host: description)
        }
    }
}

extension AMQPError {
    init(_ error: TLSError, host: String?) {
        let code: Code =
            switch error.kind {
            case .configuration: .tlsConfiguration
            case .mismatch: .tlsMismatch
            case .untrusted: .certificateUntrusted
            case .name: .certificateName
            case .validity: .certificateExpired
            case .ownCertificate: .clientCertificate
            case .refused, .broken: .tls
            case .truncated: .connectionLost
            }
        var message = error.message
        if error.kind == .mismatch { message += ": use the server's TLS port (usually 5671), or amqp://" }
        self.init(code, message, host: host)
    }
}
