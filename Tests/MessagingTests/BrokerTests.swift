import Service
import Testing

@testable import Messaging

@Suite("The broker's address")
struct BrokerTests {
    @Test(
        "is shown without its password",
        arguments: [
            ("amqp://api:secret@host:5672/v", "amqp://api:…@host:5672/v"),
            ("amqp://a:secret@one,amqp://b:secret@two", "amqp://a:…@one,amqp://b:…@two"),
            ("api:secret@host", "api:…@host"),
            ("amqp://api:se@cret@host", "amqp://api:…@host"),
            ("amqp://host:5672/", "amqp://host:5672/"),
            ("", ""),
        ])
    func redacted(text: String, shown: String) {
        #expect(Broker.withoutPasswords(text) == shown)
    }

    @Test("that is none is an error that names the variable and hides the password")
    func notAnAddress() {
        let log = Logger(service: "test", level: .error, format: .json, descriptor: -1)
        defer { log.close() }
        let error = #expect(throws: SettingError.self) {
            _ = try Broker("http://api:secret@host", service: "test", log: log)
        }
        #expect(error?.name == "RABBITMQ_URL")
        #expect(error.map { !"\($0)".contains("secret") } ?? false)
    }
}
