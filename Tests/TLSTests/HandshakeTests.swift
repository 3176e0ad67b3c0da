import COpenSSL
import Support
import TLS
import Testing

@Suite("TLS: handshake")
struct TLSHandshakeTests {
    @Test("succeeds in pieces of any size, down to single octets", arguments: [1, 2, 5, 6, 100, .max], [true, false])
    func pieces(_ step: Int, _ isNewest: Bool) throws {
        var setting = try Setting()
        setting.client.minimumVersion = isNewest ? .tls13 : .tls12
        let pair = try Conversation(client: setting.client, server: setting.server) { client, _ in
            if !isNewest { _ = delivery_ctx_set_max_version(client, TLS1_2_VERSION) }
        }
        #expect(try pair.client.send([1]) == 0)
        pair.run(step: step)
        #expect(pair.client.engine.isEstablished && pair.server.engine.isEstablished)
        #expect(pair.client.engine.version == (isNewest ? "TLSv1.3" : "TLSv1.2"))
        #expect(try pair.client.send([1, 2, 3]) == 3)
        #expect(try pair.server.send([4, 5]) == 2)
        pair.run(step: step)
        #expect(pair.server.heard == [1, 2, 3])
        #expect(pair.client.heard == [4, 5])
    }

    @Test(
        "is for the names and addresses of the certificate, and no others",
        arguments: [
            ("localhost", true), ("LOCALHOST", true), ("localhost.", true), ("127.0.0.1", true), ("::1", true),
            ("broker.example.com", true), ("x.example.com", false), ("example.com", false), ("127.0.0.2", false),
            ("::2", false), ("localhost.example.com", false), ("a.b.wild.example.com", false),
            ("a.wild.example.com", true), ("server", false),
        ])
    func names(_ host: String, _ isGood: Bool) throws {
        let setting = try Setting(names: [
            "DNS:localhost", "IP:127.0.0.1", "IP:0:0:0:0:0:0:0:1", "DNS:broker.example.com", "DNS:*.wild.example.com",
        ])
        let pair = try setting.conversation(host: host)
        pair.run()
        #expect(pair.client.engine.isEstablished == isGood)
        guard !isGood else { return }
        let failure = try #require(pair.client.failure)
        #expect(failure.kind == .name)
        #expect(failure.message.contains("not for \(host)"))
        #expect(failure.message.contains("localhost, 127.0.0.1"))
        // The server is told.
        #expect(pair.server.failure?.kind == .refused)
    }

    @Test("does not count the common name")
    func commonName() throws {
        let pair = try Setting(names: []).conversation(host: "server")
        pair.run()
        #expect(pair.client.failure?.kind == .name)
        #expect(pair.client.failure?.message.contains("no subject alternative name") == true)
    }

    @Test("verifies the configured server name instead of the host, and tells it")
    func serverName() throws {
        var setting = try Setting(names: ["DNS:broker.internal"])
        setting.client.serverName = "broker.internal"
        let pair = try setting.conversation(host: "127.0.0.1")
        pair.run()
        #expect(pair.client.engine.isEstablished)
        #expect(toldName(pair) == "broker.internal")
    }

    @Test("tells the host's name unless it is an address or that is switched off")
    func indication() throws {
        var setting = try Setting()
        var pair = try setting.conversation()
        pair.run()
        #expect(toldName(pair) == "localhost")
        pair = try setting.conversation(host: "127.0.0.1")
        pair.run()
        #expect(pair.client.engine.isEstablished)
        #expect(toldName(pair) == nil)
        setting.client.sendsServerName = false
        pair = try setting.conversation()
        pair.run()
        #expect(pair.client.engine.isEstablished)
        #expect(toldName(pair) == nil)
    }

    func toldName(_ pair: Conversation) -> String? {
        SSL_get_servername(pair.server.engine.pointer, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) }
    }

    @Test("refuses an authority that is not trusted, with OpenSSL's reason, subject and issuer")
    func wrongAuthority() throws {
        var setting = try Setting()
        let other = try TestCertificates("Another authority")
        setting.client.trustRoots = .pem(try other.authorityPEM)
        let pair = try setting.conversation()
        pair.run()
        let failure = try #require(pair.client.failure)
        #expect(failure.kind == .untrusted)
        for part in ["CN=server", "CN=Test authority", "unable to get local issuer certificate"] {
            #expect(failure.message.contains(part), "\(failure.message)")
        }
        setting.client.trustRoots = .system
        let second = try setting.conversation()
        second.run()
        #expect(second.client.failure?.kind == .untrusted)
    }

    @Test(
        "refuses what has expired and what is not valid yet, with the date", arguments: [(7200, 3600), (-3600, 7200)])
    func validity(_ age: Int, _ lifetime: Int) throws {
        let pair = try Setting(age: age, lifetime: lifetime).conversation()
        pair.run()
        let failure = try #require(pair.client.failure)
        #expect(failure.kind == .validity)
        #expect(failure.message.contains("GMT"))
        #expect(failure.message.contains(age > 0 ? "expired on" : "not valid before"))
    }

    @Test("refuses a certificate that was not made for servers")
    func purpose() throws {
        var setting = try Setting()
        let files = try setting.certificates.issue("purpose", names: ["DNS:localhost"], for: .client)
        setting.server.certificateFile = files.certificate
        setting.server.keyFile = files.key
        let pair = try setting.conversation()
        pair.run()
        #expect(pair.client.failure?.kind == .untrusted)
    }

    @Test("checks less only when it is told so")
    func lessVerification() throws {
        var setting = try Setting(names: ["DNS:elsewhere"])
        setting.client.verification = .chainOnly
        var pair = try setting.conversation()
        pair.run()
        #expect(pair.client.engine.isEstablished)
        setting.client.trustRoots = .pem(try TestCertificates("Another authority").authorityPEM)
        pair = try setting.conversation()
        pair.run()
        #expect(pair.client.failure?.kind == .untrusted)
        setting.client.verification = .none
        pair = try setting.conversation()
        pair.run()
        #expect(pair.client.engine.isEstablished)
    }

    @Test("has a name to verify or none that is none", arguments: ["", ".example.com", "a b", "bröker", "a\0b"])
    func badNames(_ host: String) throws {
        let error = #expect(throws: TLSError.self) { try Setting().conversation(host: host) }
        #expect(error?.kind == .configuration)
    }

    @Test("refuses a server that speaks only what came before TLS 1.2")
    func oldVersion() throws {
        let setting = try Setting()
        let pair = try Conversation(client: setting.client, server: setting.server) { _, server in
            _ = delivery_ctx_set_min_version(server, TLS1_VERSION)
            _ = delivery_ctx_set_max_version(server, TLS1_1_VERSION)
            SSL_CTX_set_security_level(server, 0)
        }
        pair.run()
        #expect(pair.client.failure?.kind == .refused)
        #expect(!pair.client.engine.isEstablished)
    }

    @Test("refuses a server that picks TLS 1.1 for a hello that offers 1.2")
    func downgrade() throws {
        let pair = try Setting().conversation()
        // A handshake record with a ServerHello of version 3.2: random, no session, a cipher of TLS 1.1, no compression.
        let hello = [2, 0, 0, 38, 3, 2] + [UInt8](repeating: 7, count: 32) + [0, 0xC0, 0x13, 0]
        pair.client.receive([22, 3, 2, 0, UInt8(hello.count)] + hello)
        #expect(pair.client.failure?.kind == .refused)
    }

    @Test("asks for TLS 1.3 when that is the minimum")
    func newVersionOnly() throws {
        var setting = try Setting()
        setting.client.minimumVersion = .tls13
        let pair = try Conversation(client: setting.client, server: setting.server) { _, server in
            _ = delivery_ctx_set_max_version(server, TLS1_2_VERSION)
        }
        pair.run()
        #expect(pair.client.failure?.kind == .refused)
    }
}
