import Bytes
import COpenSSL
import Support
import TLS

/// A client's and a server's engine, joined in memory: what the one has to send the other gets, in pieces of `step` octets.
final class Conversation {
    /// One side with what it said and heard.
    final class Side {
        let engine: TLSEngine
        fileprivate(set) var wire = ByteBuffer()
        fileprivate(set) var heard: [UInt8] = []
        fileprivate(set) var failure: TLSError?
        /// The most octets that waited to be sent.
        fileprivate(set) var mostWire = 0

        init(_ engine: TLSEngine) { self.engine = engine }

        func send(_ octets: [UInt8]) throws -> Int {
            try octets.withUnsafeBytes { try engine.send($0, wire: &wire) }
        }

        func finish() { engine.finish(&wire) }

        fileprivate func attempt(_ body: () throws(TLSError) -> Void) {
            do throws(TLSError) { try body() } catch { if failure == nil { failure = error } }
            mostWire = max(mostWire, wire.count)
        }

        func receive(_ octets: [UInt8]) {
            var plain = ByteBuffer()
            octets.withUnsafeBytes { bytes in
                attempt { () throws(TLSError) in try engine.receive(bytes, plain: &plain, wire: &wire) }
            }
            heard += plain.array
        }

        /// What waits to be sent; it is taken.
        func takeWire() -> [UInt8] {
            defer { wire.clear() }
            return wire.array
        }
    }

    let client: Side
    let server: Side

    /// Begins with the client's hello, which is not passed on yet.
    init(
        client: TLSConfiguration, host: String = "localhost", server: TLSServerConfiguration,
        adjust: (_ client: OpaquePointer, _ server: OpaquePointer) -> Void = { _, _ in }
    ) throws {
        let contexts = (try TLSContext(client: client), try TLSContext(server: server))
        adjust(contexts.0.pointer, contexts.1.pointer)
        self.client = Side(try TLSEngine(contexts.0, host: host))
        self.server = Side(try TLSEngine(contexts.1))
        try self.client.engine.start(&self.client.wire)
        try self.server.engine.start(&self.server.wire)
    }

    /// Passes octets on until neither side has anything to say.
    func run(step: Int = .max) {
        while true {
            let (up, down) = (client.takeWire(), server.takeWire())
            if up.isEmpty, down.isEmpty { return }
            Self.pass(up, to: server, step)
            Self.pass(down, to: client, step)
        }
    }

    private static func pass(_ octets: [UInt8], to side: Side, _ step: Int) {
        var rest = octets[...]
        while !rest.isEmpty {
            side.receive(Array(rest.prefix(step)))
            rest = rest.dropFirst(step)
        }
    }
}

/// An authority with a server's certificate for localhost and 127.0.0.1, and the settings that fit.
struct Setting {
    let certificates: TestCertificates
    var client = TLSConfiguration()
    var server: TLSServerConfiguration

    init(names: [String] = ["DNS:localhost", "IP:127.0.0.1"], age: Int = 3600, lifetime: Int = 86_400) throws {
        certificates = try TestCertificates()
        let files = try certificates.issue("server", names: names, age: age, lifetime: lifetime)
        server = TLSServerConfiguration(certificateFile: files.certificate, keyFile: files.key)
        client.trustRoots = .file(certificates.authorityFile)
    }

    func conversation(host: String = "localhost") throws -> Conversation {
        try Conversation(client: client, host: host, server: server)
    }

    mutating func giveClientCertificate(from authority: TestCertificates? = nil) throws {
        let files = try (authority ?? certificates).issue("client", for: .client)
        client.certificateFile = files.certificate
        client.keyFile = files.key
    }
}
