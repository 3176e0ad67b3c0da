import Bytes
import COpenSSL
import EventLoop
import HTTP
import HTTPWire
import Support
import TLS
import Testing

/// Answers each request on a TLS connection with the name that the client asked the server by.
///
/// `@unchecked Sendable`: used on its loop only.
private final class SecurePeer: StreamHandler, @unchecked Sendable {
    private let engine: TLSEngine
    private var stream: Stream?

    init(_ context: TLSContext) throws { engine = try TLSEngine(context) }

    func start(_ descriptor: consuming OwnedDescriptor, on loop: EventLoop) throws {
        stream = try Stream(descriptor, on: loop, filter: TLSFilter(engine), handler: self)
    }

    func streamDidReceive(_: ReceivedBytes) {
        let name = SSL_get_servername(engine.pointer, CInt(TLSEXT_NAMETYPE_host_name)).map { String(cString: $0) }
        let body = name ?? "no name"
        stream?.write { $0.append(utf8: "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)") }
    }

    func streamDidDrain() {}
    func streamDidEnd() { stream?.closeAfterFlush() }
    func streamDidClose(_: SystemError?) { stream = nil }
}

@Suite("Client: https", .timeLimit(.minutes(1)))
struct ClientTLSTests {
    /// - Parameter names: those of the server's certificate.
    func run(
        names: [String],
        _ body: (HTTPClient, TestCertificates, _ port: Int, _ connections: () -> Int) async throws -> Void
    ) async throws {
        let group = try EventLoopGroup(count: 1)
        defer { group.stop() }
        let loop = group.first
        let certificates = try TestCertificates()
        let files = try certificates.issue("server", names: names)
        let context = try TLSContext(
            server: TLSServerConfiguration(certificateFile: files.certificate, keyFile: files.key))
        let (accepted, ports) = (Signal(), Once<Int>())
        loop.execute {
            ports.finish(
                Result {
                    try Listener(#require(SocketAddress.numeric("127.0.0.1", port: 0)), on: loop) { descriptor, _ in
                        accepted.fire()
                        do {
                            try SecurePeer(context).start(descriptor, on: loop)
                        } catch {
                            Issue.record("\(error)")
                        }
                    }.address.port
                })
        }
        let port = try await withCheckedThrowingContinuation { ports.wait($0) }
        var trust = TLSConfiguration()
        trust.trustRoots = .file(certificates.authorityFile)
        try await body(HTTPClient(on: loop, tls: trust), certificates, port) { accepted.value }
    }

    @Test(
        "is spoken by name and by address, verified, and the connection is used again",
        arguments: ["localhost", "127.0.0.1"])
    func exchange(host: String) async throws {
        try await run(names: ["DNS:localhost", "IP:127.0.0.1"]) { client, _, port, connections in
            let url = try #require(HTTPURL("https://\(host):\(port)/"))
            for _ in 0..<3 {
                let response = try await client.send(.init(.get, url), within: .seconds(5))
                let expected = host == "localhost" ? "localhost" : "no name"
                #expect(String(decoding: response.body, as: UTF8.self) == expected)
            }
            #expect(connections() == 1)
        }
    }

    @Test("is refused when the certificate is for others, or signed by somebody else")
    func verification() async throws {
        try await run(names: ["DNS:elsewhere.test"]) { client, _, port, _ in
            let url = try #require(HTTPURL("https://localhost:\(port)/"))
            let name = await #expect(throws: TLSError.self) {
                _ = try await client.send(.init(.get, url), within: .seconds(5))
            }
            #expect(name?.kind == .name)
            let stranger = await #expect(throws: TLSError.self) {
                _ = try await HTTPClient(on: client.loop).send(.init(.get, url), within: .seconds(5))
            }
            #expect(stranger?.kind == .untrusted)
        }
    }

    @Test("is not spoken with a peer that does not speak it")
    func mismatch() async throws {
        let receiver = try TestListener { try $0.write("HTTP/1.1 400 Bad Request\r\n\r\n") }
        try await run(names: ["DNS:localhost"]) { client, _, _, _ in
            let url = try #require(HTTPURL("https://localhost:\(receiver.port)/"))
            let error = await #expect(throws: TLSError.self) {
                _ = try await client.send(.init(.get, url), within: .seconds(5))
            }
            #expect(error?.kind == .mismatch)
        }
    }
}
