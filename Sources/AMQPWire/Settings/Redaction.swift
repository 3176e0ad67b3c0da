// Settings end up in logs: what they print, also for debuggers and `dump`, leaves the passwords out.

extension AMQPURI: CustomStringConvertible, CustomReflectable {
    /// The parts; of the password only whether there is one.
    public var description: String { customMirror.structText }

    /// As the description.
    public var customMirror: Mirror {
        Mirror(
            self,
            children: [
                "usesTLS": usesTLS, "username": username as Any, "password": redacted(password) as Any,
                "host": host as Any, "port": port as Any, "virtualHost": virtualHost as Any, "options": options,
            ], displayStyle: .struct)
    }
}

extension AMQPURI.Options: CustomStringConvertible, CustomReflectable {
    /// The parameters; of the key's passphrase only whether there is one.
    public var description: String { customMirror.structText }

    /// As the description.
    public var customMirror: Mirror {
        Mirror(
            self,
            children: [
                "heartbeat": heartbeat as Any, "connectionTimeout": connectionTimeout as Any,
                "channelMax": channelMax as Any, "frameMax": frameMax as Any,
                "caCertificateFile": caCertificateFile as Any, "certificateFile": certificateFile as Any,
                "keyFile": keyFile as Any, "keyPassphrase": redacted(keyPassphrase) as Any,
                "verifyPeer": verifyPeer as Any, "verificationDepth": verificationDepth as Any,
                "serverNameIndication": serverNameIndication as Any,
                "authenticationMechanisms": authenticationMechanisms,
            ], displayStyle: .struct)
    }
}

extension HandshakeSettings: CustomStringConvertible, CustomReflectable {
    package var description: String { customMirror.structText }

    package var customMirror: Mirror {
        Mirror(
            self,
            children: [
                "username": username, "password": redacted(password) as Any, "virtualHost": virtualHost,
                "mechanisms": mechanisms, "wishes": wishes, "connectionName": connectionName as Any,
                "properties": properties,
            ], displayStyle: .struct)
    }
}

private func redacted(_ secret: String?) -> String? { secret.map { _ in "(redacted)" } }

extension Mirror {
    /// What Swift prints for a structure with these children.
    fileprivate var structText: String {
        let children = children.map { "\($0.label ?? ""): \(String(reflecting: $0.value))" }
        return "\(subjectType)(\(children.joined(separator: ", ")))"
    }
}
