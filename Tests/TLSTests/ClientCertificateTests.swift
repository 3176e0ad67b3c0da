import COpenSSL
import Foundation
import Support
import TLS
import Testing

@Suite("TLS: client certificates and files")
struct ClientCertificateTests {
    /// TLS 1.3 refuses a client after its handshake, TLS 1.2 within: both are told the same.
    func run(_ setting: Setting, newest: Bool) throws -> Conversation {
        let pair = try Conversation(client: setting.client, server: setting.server) { client, _ in
            if !newest { _ = delivery_ctx_set_max_version(client, TLS1_2_VERSION) }
        }
        pair.run()
        return pair
    }

    @Test("are shown when the server asks", arguments: [true, false])
    func shown(_ newest: Bool) throws {
        var setting = try Setting()
        setting.server.clientCertificates = .required(.file(setting.certificates.authorityFile))
        try setting.giveClientCertificate()
        let pair = try run(setting, newest: newest)
        #expect(pair.client.engine.isEstablished && pair.server.engine.isEstablished)
        #expect(pair.client.failure == nil && pair.server.failure == nil)
    }

    @Test("that are missing are told", arguments: [true, false])
    func missing(_ newest: Bool) throws {
        var setting = try Setting()
        setting.server.clientCertificates = .required(.file(setting.certificates.authorityFile))
        let pair = try run(setting, newest: newest)
        #expect(pair.server.failure?.kind == .untrusted)
        #expect(pair.client.failure?.kind == .ownCertificate)
        #expect(pair.client.failure?.message.contains("none is configured") == true)
    }

    @Test("that the server does not trust are told", arguments: [true, false])
    func refused(_ newest: Bool) throws {
        var setting = try Setting()
        setting.server.clientCertificates = .required(.file(setting.certificates.authorityFile))
        let other = try TestCertificates("Another authority")
        try setting.giveClientCertificate(from: other)
        let pair = try run(setting, newest: newest)
        #expect(pair.server.failure?.kind == .untrusted)
        #expect(pair.client.failure?.kind == .ownCertificate)
        #expect(pair.client.failure?.message.contains("refuses the client certificate") == true)
    }

    @Test("have a key that may be encrypted")
    func passphrase() throws {
        var setting = try Setting()
        let files = try setting.certificates.issue("locked", for: .client, passphrase: "opensesame")
        setting.client.certificateFile = files.certificate
        setting.client.keyFile = files.key
        setting.client.passphrase = "opensesame"
        _ = try TLSContext(client: setting.client)
        setting.client.passphrase = "wrong"
        try expectRefusal(setting.client, "is the passphrase right?")
        setting.client.passphrase = nil
        try expectRefusal(setting.client, "there is no passphrase")
        setting.client.passphrase = String(repeating: "long", count: 2000)
        try expectRefusal(setting.client, "is the passphrase right?")
    }

    func expectRefusal(_ configuration: TLSConfiguration, _ text: String) throws {
        let error = #expect(throws: TLSError.self) { try TLSContext(client: configuration) }
        #expect(error?.kind == .configuration)
        #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
    }

    @Test("and authorities in files that cannot be used are told with the file's name")
    func files() throws {
        let certificates = try TestCertificates()
        let folder = certificates.folder
        let (one, two) = (try certificates.issue("one"), try certificates.issue("two"))
        try folder.write("", to: "empty.pem")
        try folder.write("no certificate", to: "text.pem")
        let whole = try folder.read("one.pem")
        try folder.write(whole.replacingOccurrences(of: "M", with: "!"), to: "broken.pem")
        try folder.write(try folder.read("one.key").replacingOccurrences(of: "M", with: "N"), to: "broken.key")

        for (file, text) in [
            ("missing.pem", "No such file"), ("", "Is a directory"), ("empty.pem", "holds no certificate"),
            ("text.pem", "holds no certificate"), ("one.key", "holds no certificate"), ("broken.pem", "cannot be read"),
        ] {
            var configuration = TLSConfiguration()
            configuration.trustRoots = .file(folder.file(file))
            try expectRefusal(configuration, text)
            try expectRefusal(configuration, folder.file(file))
            configuration = TLSConfiguration()
            configuration.certificateFile = folder.file(file)
            configuration.keyFile = one.key
            try expectRefusal(configuration, text)
        }
        for (file, text) in [
            ("missing.key", "No such file"), ("two.key", "does not belong to the certificate"),
            ("text.pem", "holds no private key"), ("broken.key", "broken.key"), ("one.pem", "holds no private key"),
        ] {
            var configuration = TLSConfiguration()
            configuration.certificateFile = one.certificate
            configuration.keyFile = folder.file(file)
            try expectRefusal(configuration, text)
        }
        var configuration = TLSConfiguration()
        configuration.keyFile = two.key
        try expectRefusal(configuration, "no certificate file")
        configuration = TLSConfiguration()
        configuration.certificateFile = one.certificate
        try expectRefusal(configuration, "holds no private key")
        // Both may be in one file.
        try folder.write(try folder.read("one.key") + whole, to: "both.pem")
        configuration.certificateFile = folder.file("both.pem")
        _ = try TLSContext(client: configuration)
    }

    @Test("are read again when their files have changed, and only then")
    func renewal() throws {
        let certificates = try TestCertificates()
        let files = try certificates.issue("client", for: .client)
        var configuration = TLSConfiguration()
        configuration.certificateFile = files.certificate
        configuration.keyFile = files.key
        let source = TLSContextSource(configuration)
        let first = try source.context()
        #expect(try source.context() === first)
        _ = try certificates.issue("client", for: .client)
        let second = try source.context()
        #expect(second !== first)
        #expect(try source.context() === second)
        try FileManager.default.removeItem(atPath: files.key)
        #expect(throws: TLSError.self) { try source.context() }
    }
}
