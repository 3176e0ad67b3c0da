import Failpoints
import Glibc

/// A setting with a value that is not allowed: one line that names the variable, the value and what is allowed.
package struct SettingError: Error, Equatable, Sendable, CustomStringConvertible {
    package let name: String
    package let value: String
    package let allowed: String

    package init(name: String, value: String, allowed: String) {
        self.name = name
        self.value = value
        self.allowed = allowed
    }

    /// One line, whatever the value holds; a long value is cut and a secret left out.
    package var description: String {
        "\(name)=\"\(PlainText.escape(shown, most: 80))\" is not allowed: \(allowed)"
    }

    /// Without the user and the password of a URL.
    private var shown: String {
        if name.contains("PASSWORD") { return value.isEmpty ? "" : "…" }
        guard let end = value.lastIndex(of: "@") else { return value }
        let scheme = value.firstRange(of: "://").map { value[..<$0.upperBound] } ?? ""
        return "\(scheme)…\(value[end...])"
    }
}

/// A variable of the environment that a service reads: for `--help`.
package struct Setting: Sendable {
    package let name: String
    package let fallback: String
    package let meaning: String

    package init(_ name: String, fallback: String, _ meaning: String) {
        self.name = name
        self.fallback = fallback
        self.meaning = meaning
    }
}

/// Reads the environment, once, at the start of a program. An empty variable counts as unset.
package struct Environment: Sendable {
    private let variables: [String: String]

    package init(_ variables: [String: String]) { self.variables = variables }

    /// The environment of the process.
    package static var process: Environment {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next += 1
        }
        return Environment(variables)
    }

    package func text(_ name: String) -> String? {
        variables[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    package func number(_ name: String, in range: ClosedRange<Int>) throws(SettingError) -> Int? {
        guard let value = text(name) else { return nil }
        guard let number = Int(value), String(number) == value, range.contains(number) else {
            throw SettingError(
                name: name, value: value, allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    package func flag(_ name: String) throws(SettingError) -> Bool? {
        guard let value = text(name) else { return nil }
        switch value.lowercased() {
        case "1", "true", "yes", "on": return true
        case "0", "false", "no", "off": return false
        default: throw SettingError(name: name, value: value, allowed: "1 or 0")
        }
    }

    package func choice<Value: RawRepresentable & CaseIterable>(
        _ name: String, of: Value.Type = Value.self
    ) throws(SettingError) -> Value? where Value.RawValue == String {
        guard let value = text(name) else { return nil }
        guard let choice = Value(rawValue: value) else {
            throw SettingError(
                name: name, value: value, allowed: Value.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return choice
    }
}

/// The settings that both services have.
package struct CommonSettings: Sendable {
    package let databasePath: String
    package let rabbitMQ: String
    package let host: String
    package let port: Int
    package let logLevel: LogLevel
    package let logFormat: LogFormat
    package let hasDemoData: Bool
    package let publicOrigin: String?
    /// Empty, or a path that begins with a slash and does not end with one.
    package let basePath: String
    package let loops: Int
    package let trustedProxies: TrustedProxies

    package static func list(port: Int) -> [Setting] {
        [
            Setting(
                "RABBITMQ_URL", fallback: "amqp://guest:guest@localhost:5672/",
                "the broker; several hosts are separated by commas"),
            Setting("DATABASE_PATH", fallback: "delivery.db", "the SQLite file that both services share"),
            Setting("HOST", fallback: "127.0.0.1", "the address to listen on"),
            Setting("PORT", fallback: "\(port)", "the port to listen on; 0 takes a free one and logs it"),
            Setting("LOG_LEVEL", fallback: "info", "debug, info, warning or error"),
            Setting("LOG_FORMAT", fallback: "text on a terminal, else json", "text or json"),
            Setting("DEMO_DATA", fallback: "0", "1 fills an empty database with stores, menus and logins to try"),
            Setting(
                "PUBLIC_ORIGIN", fallback: "what the Host header says",
                "the origin that browsers see, as https://example.com"),
            Setting("BASE_PATH", fallback: "", "the path under which a proxy mounts the service, as /store-admin"),
            Setting(
                "TRUSTED_PROXIES", fallback: "none",
                "proxies whose X-Forwarded-For is believed: addresses or networks, separated by commas"),
            Setting("LOOPS", fallback: "half of the processors", "the number of event loops, 1 to 64"),
        ]
    }

    package init(_ environment: Environment, port: Int) throws(SettingError) {
        if let value = environment.text("FAILPOINTS"), let allowed = Failpoint.objection(to: value) {
            throw SettingError(name: "FAILPOINTS", value: value, allowed: allowed)
        }
        databasePath = environment.text("DATABASE_PATH") ?? "delivery.db"
        rabbitMQ = environment.text("RABBITMQ_URL") ?? "amqp://guest:guest@localhost:5672/"
        host = environment.text("HOST") ?? "127.0.0.1"
        self.port = try environment.number("PORT", in: 0...65535) ?? port
        logLevel = try environment.choice("LOG_LEVEL") ?? .info
        logFormat = try environment.choice("LOG_FORMAT") ?? (isatty(STDOUT_FILENO) == 1 ? .text : .json)
        hasDemoData = try environment.flag("DEMO_DATA") ?? false
        publicOrigin = try Self.origin(environment.text("PUBLIC_ORIGIN"))
        basePath = try Self.path(environment.text("BASE_PATH"))
        trustedProxies = try Self.proxies(environment.text("TRUSTED_PROXIES"))
        loops = try environment.number("LOOPS", in: 1...64) ?? max(1, min(8, sysconf(CInt(_SC_NPROCESSORS_ONLN)) / 2))
    }

    private static func origin(_ value: String?) throws(SettingError) -> String? {
        guard let value else { return nil }
        guard let origin = WebOrigin(value) else {
            throw SettingError(
                name: "PUBLIC_ORIGIN", value: value, allowed: "http:// or https:// and a host, without a path")
        }
        return origin.text
    }

    private static func proxies(_ value: String?) throws(SettingError) -> TrustedProxies {
        guard let value else { return TrustedProxies() }
        guard let proxies = TrustedProxies(value) else {
            throw SettingError(
                name: "TRUSTED_PROXIES", value: value, allowed: "addresses or networks, as 127.0.0.1,10.0.0.0/8,::1")
        }
        return proxies
    }

    private static func path(_ value: String?) throws(SettingError) -> String {
        guard let value, value != "/" else { return "" }
        let isPlain = value.utf8.allSatisfy {
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
                || "/-_.~".utf8.contains($0)
        }
        let hasDots = value.split(separator: "/").contains { $0 == "." || $0 == ".." }
        guard isPlain, !hasDots, value.hasPrefix("/"), !value.contains("//") else {
            throw SettingError(name: "BASE_PATH", value: value, allowed: "a path such as /store-admin")
        }
        return value.hasSuffix("/") ? String(value.dropLast()) : value
    }
}
