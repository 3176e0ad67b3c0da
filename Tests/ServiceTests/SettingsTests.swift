import Service
import Testing

@Suite("Settings")
struct SettingsTests {
    private func read(_ variables: [String: String]) throws(SettingError) -> CommonSettings {
        try CommonSettings(Environment(variables), port: 8080)
    }

    @Test("with nothing set, and with everything empty, the defaults hold")
    func defaults() throws {
        let names = CommonSettings.list(port: 8080).map(\.name)
        for variables in [[:], Dictionary(uniqueKeysWithValues: names.map { ($0, "") })] {
            let settings = try read(variables)
            #expect(settings.databasePath == "delivery.db")
            #expect(settings.rabbitMQ == "amqp://guest:guest@localhost:5672/")
            #expect(settings.host == "127.0.0.1" && settings.port == 8080)
            #expect(settings.logLevel == .info && !settings.hasDemoData)
            #expect(settings.publicOrigin == nil && settings.basePath.isEmpty)
            #expect((1...8).contains(settings.loops))
        }
    }

    @Test("what is set is taken")
    func values() throws {
        let settings = try read([
            "RABBITMQ_URL": "amqps://a:b@c/d", "DATABASE_PATH": "/data/한글 file.db", "HOST": "::1", "PORT": "0",
            "LOG_LEVEL": "debug", "LOG_FORMAT": "json", "DEMO_DATA": "1", "PUBLIC_ORIGIN": "https://Example.com",
            "BASE_PATH": "/store-admin/", "LOOPS": "64",
        ])
        #expect(settings.rabbitMQ == "amqps://a:b@c/d" && settings.databasePath == "/data/한글 file.db")
        #expect(settings.host == "::1" && settings.port == 0)
        #expect(settings.logLevel == .debug && settings.logFormat == .json && settings.hasDemoData)
        #expect(settings.publicOrigin == "https://example.com" && settings.basePath == "/store-admin")
        #expect(settings.loops == 64)
    }

    @Test(
        "a value that is not allowed is one line with its name, the value and what is allowed",
        arguments: [
            ("PORT", "65536", "0 to 65535"), ("PORT", "-1", "0 to 65535"), ("PORT", "http", "0 to 65535"),
            ("PORT", "99999999999999999999", "0 to 65535"), ("PORT", "80 ", "0 to 65535"), ("PORT", "０", "0 to 65535"),
            ("LOOPS", "0", "1 to 64"), ("LOOPS", "65", "1 to 64"),
            ("LOG_LEVEL", "verbose", "debug, info, warning, error"),
            ("LOG_LEVEL", "INFO", "debug, info, warning, error"), ("LOG_FORMAT", "xml", "text, json"),
            ("DEMO_DATA", "maybe", "1 or 0"), ("DEMO_DATA", "2", "1 or 0"),
            ("PUBLIC_ORIGIN", "example.com", "http"), ("PUBLIC_ORIGIN", "https://", "http"),
            ("PUBLIC_ORIGIN", "https://example.com/", "http"), ("PUBLIC_ORIGIN", "https://exa mple.com", "http"),
            ("PUBLIC_ORIGIN", "https://example.com?x", "http"), ("PUBLIC_ORIGIN", "https://a.b:0", "http"),
            ("PUBLIC_ORIGIN", "https://a.b:65536", "http"), ("PUBLIC_ORIGIN", "https://a.b:", "http"),
            ("PUBLIC_ORIGIN", "https://a.b:1:2", "http"), ("PUBLIC_ORIGIN", "https://[::1", "http"),
            ("PUBLIC_ORIGIN", "https://[]", "http"), ("PUBLIC_ORIGIN", "https://한글.com", "http"),
            ("PUBLIC_ORIGIN", "ftp://a.b", "http"), ("PUBLIC_ORIGIN", "https://a.b,https://c.d", "http"),
            ("BASE_PATH", "store", "path"), ("BASE_PATH", "//", "path"), ("BASE_PATH", "/a//b", "path"),
            ("BASE_PATH", "/a/../b", "path"), ("BASE_PATH", "/.", "path"), ("BASE_PATH", "/a b", "path"),
            ("BASE_PATH", "/a?b", "path"), ("BASE_PATH", "/<", "path"), ("BASE_PATH", "/한글", "path"),
            ("PORT", "1\n2\u{1B}[31m\u{9B}\u{2028}", "0 to 65535"),
            ("PORT", String(repeating: "9", count: 10_000), "0 to"),
        ])
    func notAllowed(name: String, value: String, allowed: String) {
        let error = #expect(throws: SettingError.self) { try read([name: value]) }
        let line = error?.description ?? ""
        #expect(line.hasPrefix("\(name)=\""))
        #expect(line.contains(allowed))
        #expect(line.unicodeScalars.count < 300)
        #expect(!line.unicodeScalars.contains { $0.properties.generalCategory == .control || $0.value == 0x2028 })
        if value.utf8.allSatisfy({ (0x20...0x7E).contains($0) }), value.utf8.count <= 80 {
            #expect(line.contains("\"\(value)\""))
        }
    }

    @Test(
        "an origin is kept as browsers write it",
        arguments: [
            ("HTTPS://Example.COM:443", "https://example.com"), ("http://localhost:80", "http://localhost"),
            ("http://localhost:8081", "http://localhost:8081"), ("https://a.b:80", "https://a.b:80"),
            ("http://[::1]:8081", "http://[::1]:8081"), ("http://127.0.0.1", "http://127.0.0.1"),
            ("https://xn--bj0bj06e.com", "https://xn--bj0bj06e.com"),
        ])
    func origin(given: String, kept: String) throws {
        #expect(try read(["PUBLIC_ORIGIN": given]).publicOrigin == kept)
    }

    @Test(
        "a path is kept with its slash in front and none behind",
        arguments: [("/", ""), ("/a", "/a"), ("/a/", "/a"), ("/a/b-c_d.e~f/", "/a/b-c_d.e~f"), ("/...", "/...")])
    func path(given: String, kept: String) throws {
        #expect(try read(["BASE_PATH": given]).basePath == kept)
    }

    @Test(
        "a flag has the usual spellings",
        arguments: [
            ("1", true), ("true", true), ("YES", true), ("on", true), ("0", false), ("False", false), ("off", false),
        ])
    func flag(text: String, value: Bool) throws {
        #expect(try Environment(["X": text]).flag("X") == value)
    }

    @Test(
        "an error shows no password",
        arguments: [
            ("RABBITMQ_URL", "amqp://user:secret@host:port/"), ("RABBITMQ_URL", "amqp:/user:secret@host"),
            ("RABBITMQ_URL", "amqp://user:sec@ret,secret@a,user:secret@b"), ("OPERATOR_PASSWORD", "secret"),
        ])
    func secrets(name: String, value: String) {
        let line = SettingError(name: name, value: value, allowed: "something else").description
        #expect(!line.contains("secret") && !line.contains("sec@"))
        #expect(line.hasPrefix(name) && line.hasSuffix("something else"))
    }

    @Test("a password that is missing is not shown as one that is left out")
    func missingPassword() {
        let line = SettingError(name: "OPERATOR_PASSWORD", value: "", allowed: "a password").description
        #expect(line == "OPERATOR_PASSWORD=\"\" is not allowed: a password")
    }

    @Test("the environment of the process is read, values with equals signs too")
    func process() {
        #expect(Environment.process.text("PATH")?.isEmpty == false)
        #expect(Environment.process.text("A_NAME_THAT_NOBODY_SETS") == nil)
    }

    @Test("every setting is listed once, with its meaning")
    func list() {
        let list = CommonSettings.list(port: 8081)
        #expect(Set(list.map(\.name)).count == list.count)
        #expect(list.allSatisfy { !$0.meaning.isEmpty })
        #expect(list.contains { $0.name == "PORT" && $0.fallback == "8081" })
    }
}
