extension AMQPURI.Options {
    /// Reads a query. Parameters that RabbitMQ's specification does not know are refused: they are typing errors.
    mutating func read(_ query: Substring) throws(AMQPError) {
        for pair in query.split(separator: "&") {
            let name = String(pair.prefix { $0 != "=" })
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
                default: throw AMQPError(.invalidURI, "verify is verify_peer or verify_none, not \(value)")
                }
            case "depth": verificationDepth = try number(name, value)
            case "password": keyPassphrase = value
            case "server_name_indication": serverNameIndication = value
            // A setting of servers, which RabbitMQ's own client takes too; a client always wants the server's certificate.
            case "fail_if_no_peer_cert":
                guard value == "true" || value == "false" else {
                    throw AMQPError(.invalidURI, "fail_if_no_peer_cert is true or false, not \(value)")
                }
            case "auth_mechanism":
                guard let mechanism = AuthenticationMechanism(rawValue: value.uppercased()) else {
                    throw AMQPError(.invalidURI, "auth_mechanism is plain, amqplain or external, not \(value)")
                }
                authenticationMechanisms.append(mechanism)
            default: throw AMQPError(.invalidURI, "the URI has an unknown parameter: \(name)")
            }
        }
    }

    private func number<Value: FixedWidthInteger>(_ name: String, _ text: String) throws(AMQPError) -> Value {
        guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let value = Value(text) else {
            throw AMQPError(.invalidURI, "\(name) is a number from 0 to \(Value.max), not \(text)")
        }
        return value
    }
}
