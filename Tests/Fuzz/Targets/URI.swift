import AMQPWire

/// A URI that is understood can be written down and is understood in the same way again.
@Sendable
func fuzzURI(_ input: UnsafeRawBufferPointer) -> String? {
    let text = String(decoding: input, as: UTF8.self)
    let uris: [AMQPURI]
    do throws(AMQPError) {
        uris = try AMQPURI.list(text)
    } catch {
        return error.code == .invalidURI ? nil : "an error of the kind \(error.code)"
    }
    if uris.isEmpty { return "no URI and no error" }
    for uri in uris {
        do throws(AMQPError) {
            let again = try AMQPURI(uri.written)
            if again != uri { return "\(uri) comes back as \(again) from \(uri.written)" }
        } catch {
            return "\(uri) is written as \(uri.written), which is refused: \(error)"
        }
    }
    return nil
}

extension AMQPURI {
    fileprivate var written: String {
        var text = usesTLS ? "amqps://" : "amqp://"
        if let username { text += encoded(username) + (password.map { ":" + encoded($0) } ?? "") + "@" }
        // A name may have colons too, written as %3a.
        let isAddress = host?.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." } == true
        if let host { text += isAddress && host.contains(":") ? "[\(host)]" : encoded(host) }
        if let port { text += ":\(port)" }
        if let virtualHost { text += "/" + encoded(virtualHost) }
        var query: [String] = []
        func add(_ name: String, _ value: String?) {
            if let value { query.append("\(name)=\(encoded(value))") }
        }
        add("heartbeat", options.heartbeat.map { "\($0)" })
        add("connection_timeout", options.connectionTimeout.map { "\($0)" })
        add("channel_max", options.channelMax.map { "\($0)" })
        add("frame_max", options.frameMax.map { "\($0)" })
        add("cacertfile", options.caCertificateFile)
        add("certfile", options.certificateFile)
        add("keyfile", options.keyFile)
        add("password", options.keyPassphrase)
        add("depth", options.verificationDepth.map { "\($0)" })
        add("verify", options.verifyPeer.map { $0 ? "verify_peer" : "verify_none" })
        add("server_name_indication", options.serverNameIndication)
        for mechanism in options.authenticationMechanisms { add("auth_mechanism", mechanism.rawValue) }
        return query.isEmpty ? text : text + "?" + query.joined(separator: "&")
    }
}

private func encoded(_ text: String) -> String {
    let digits = Array("0123456789abcdef")
    var result = ""
    for octet in text.utf8 {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."):
            result.append(Character(UnicodeScalar(octet)))
        default: result += "%\(digits[Int(octet >> 4)])\(digits[Int(octet & 15)])"
        }
    }
    return result
}
