extension AMQPURI.Options {
    private static let known = [
        "heartbeat", "connection_timeout", "channel_max", "frame_max", "cacertfile", "certfile", "keyfile", "password",
        "verify", "depth", "server_name_indication", "fail_if_no_peer_cert", "auth_mechanism",
    ]

    /// Reads a query. Parameters that RabbitMQ's specification does not know are refused: they are typing errors.
    ///
    /// The errors repeat no value: it may be a secret, or the query a part of a password that was not encoded.
    mutating func read(_ query: Substring) throws(AMQPError) {
        for pair in query.split(separator: "&") {
            let name = String(pair.prefix { $0 != "=" })
            guard Self.known.contains(name) else { throw Self.unknown(name, in: query) }
            let raw = pair.dropFirst(name.count + 1)
            let value = try percentDecoded(raw, "parameter \(name)")
            switch name {
            case "heartbeat": heartbeat = try number(name, value)
            case "connection_timeout": connectionTimeout = try number(name, value)
            case "channel_max": channelMax = try number(name, value)
            case "frame_max": frameMax = try number(name, value)
            case "cacertfile": caCertificateFile = value
            case "certfile": certificateFile = value
            case "keyfile": keyFile = value
            case "verify":
                switch value {
                case "verify_peer": verifyPeer = true
                case "verify_none": verifyPeer = false
                default: throw AMQPError(.invalidURI, "verify is verify_peer or verify_none")
                }
            case "depth": verificationDepth = try number(name, value)
            case "password": keyPassphrase = value
            case "server_name_indication": serverNameIndication = value
            // A setting of servers, which RabbitMQ's own client takes too; a client always wants the server's certificate.
            case "fail_if_no_peer_cert":
                guard value == "true" || value == "false" else {
                    throw AMQPError(.invalidURI, "fail_if_no_peer_cert is true or false")
                }
            case "auth_mechanism":
                guard let mechanism = AuthenticationMechanism(rawValue: value.uppercased()) else {
                    throw AMQPError(.invalidURI, "auth_mechanism is plain, amqplain or external")
                }
                authenticationMechanisms.append(mechanism)
            default: throw Self.unknown(name, in: query)
            }
        }
    }

    private static func unknown(_ name: String, in query: Substring) -> AMQPError {
        // With an @ behind it, it is rather the end of a password than a parameter.
        let isName = !query.contains("@") && name.utf8.allSatisfy { $0 == 0x5F || ($0 >= 0x61 && $0 <= 0x7A) }
        let what = isName ? "the URI has an unknown parameter, \(name)" : "the URI has an unknown parameter"
        let hint = query.contains("@") ? passwordHint : ""
        return AMQPError(.invalidURI, "\(what); known are \(known.joined(separator: ", "))\(hint)")
    }

    private func number<Value: FixedWidthInteger>(_ name: String, _ text: String) throws(AMQPError) -> Value {
        guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let value = Value(text) else {
            throw AMQPError(.invalidURI, "\(name) is a number from 0 to \(Value.max)")
        }
        return value
    }
}
