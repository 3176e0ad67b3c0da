// The configuration ends up in logs: what it prints, also for debuggers and `dump`, leaves the passphrase out.

extension TLSConfiguration: CustomStringConvertible, CustomReflectable {
    /// The settings; of the passphrase only whether there is one.
    public var description: String {
        let children = customMirror.children.map { "\($0.label ?? ""): \(String(reflecting: $0.value))" }
        return "TLSConfiguration(\(children.joined(separator: ", ")))"
    }

    /// As the description.
    public var customMirror: Mirror {
        let secret = passphrase.map { _ in "(redacted)" }
        return Mirror(
            self,
            children: [
                "trustRoots": trustRoots, "verification": verification, "verificationDepth": verificationDepth as Any,
                "serverName": serverName as Any, "sendsServerName": sendsServerName,
                "certificateFile": certificateFile as Any, "keyFile": keyFile as Any, "passphrase": secret as Any,
                "minimumVersion": minimumVersion,
            ], displayStyle: .struct)
    }
}
