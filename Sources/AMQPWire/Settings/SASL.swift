import Bytes

/// How a client proves who it is (SASL; the mechanisms of RabbitMQ).
public enum AuthenticationMechanism: String, Hashable, Sendable, CaseIterable {
    /// User and password (RFC 4616).
    case plain = "PLAIN"
    /// User and password in a field table, as AMQP 0-8 did.
    case amqplain = "AMQPLAIN"
    /// The client certificate of the TLS connection.
    case external = "EXTERNAL"

    package func response(username: String, password: String) throws(AMQPError) -> [UInt8] {
        switch self {
        case .plain:
            guard !username.utf8.contains(0), !password.utf8.contains(0) else {
                throw .argument("PLAIN carries no NUL in user or password")
            }
            return [0] + username.utf8 + [0] + password.utf8
        case .amqplain:
            var buffer = ByteBuffer()
            try buffer.append(fieldsOf: ["LOGIN": .string(username), "PASSWORD": .string(password)])
            return buffer.array
        case .external: return []
        }
    }
}
