import AMQPWire
import Testing

@Suite("Secrets in URIs")
struct URISecretsTests {
    @Test(
        "an error repeats nothing of a URI that may be a password",
        arguments: [
            "amqp://user:s3cr3t/xyz@host", "amqp://user:s3cr3t,xyz@host", "amqp://user:s3cr3t?x@host",
            "amqp://user:123/s3cr3t@host", "amqp://user:123,s3cr3t@host", "amqp://user:123?s3cr3t@host",
            "amqp://user:123?secret&s3cr3t@host", "s3cr3t://host", "user:s3cr3t://host", "amqp://user:%zs3cr3t@host",
            "amqp://host?auth_mechanism=s3cr3t", "amqps://host?verify=s3cr3t", "amqps://host?pasword=s3cr3t",
            "amqp://host?heartbeat=s3cr3t", "amqps://host?fail_if_no_peer_cert=s3cr3t", "amqp://host?s3cr3t=1",
            "amqp://[::1]s3cr3t", "amqp://[s3cr3t", "amqp://user:123?secret%zz@s3cr3t",
        ])
    func errors(_ text: String) {
        let error = #expect(throws: AMQPError.self) { try AMQPURI.list(text) }
        #expect(!"\(error as Any)".contains("s3cr3t"))
        #expect(!"\(error as Any)".contains("secret"))
    }

    @Test(
        "where the password may be cut, the error asks for it",
        arguments: [
            "amqp://u:p/x@h", "amqp://u:1/x@h", "amqp://u:p,x@h", "amqp://u:1,x@h", "amqp://u:p?x@h", "amqp://u:1?x@h",
        ])
    func hint(_ text: String) {
        let error = #expect(throws: AMQPError.self) { try AMQPURI.list(text) }
        #expect(error?.message.contains("password not percent-encoded?") == true)
    }

    @Test("an unknown parameter is named beside the known ones")
    func unknownParameter() {
        let error = #expect(throws: AMQPError.self) { try AMQPURI("amqps://host?heartbeet=1") }
        #expect(error?.message.contains("heartbeet;") == true)
        for name in ["heartbeat", "frame_max", "cacertfile", "password", "auth_mechanism"] {
            #expect(error?.message.contains(name) == true)
        }
    }

    @Test("a URI and its options print and dump without their secrets, and with the rest")
    func printing() throws {
        let uri = try AMQPURI("amqps://user:s3cr3t@host/v?password=s3cr3t&keyfile=/key.pem")
        var settings = HandshakeSettings()
        settings.password = "s3cr3t"
        for value in [uri, uri.options, settings, [uri], Optional(uri) as Any] as [Any] {
            var text = "\(value) \(String(reflecting: value))"
            dump(value, to: &text)
            #expect(!text.contains("s3cr3t"))
            #expect(text.contains("redacted"))
        }
        #expect("\(uri)".contains("user"))
        #expect("\(uri)".contains("/key.pem"))
        let plain = try AMQPURI("amqp://host")
        #expect(!"\(plain)".contains("redacted"))
    }
}
