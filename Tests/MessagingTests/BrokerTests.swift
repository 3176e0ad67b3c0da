import Service
import Testing

@testable import Messaging

@Suite("The broker's address")
struct BrokerTests {
    @Test(
        "that is none is an error that names the variable and shows nothing of the value",
        arguments: [
            "http://api:secret@host", "amqp://u:sec,ret@host:5672/", "amqp://u:secret", "secret", "amqp://host:secret/",
        ])
    func notAnAddress(text: String) {
        let log = Logger(service: "test", level: .error, format: .json, descriptor: -1)
        defer { log.close() }
        let error = #expect(throws: SettingError.self) {
            _ = try Broker(text, service: "test", log: log)
        }
        #expect(error?.name == "RABBITMQ_URL")
        #expect(error.map { !"\($0)".contains("sec") } ?? false)
    }
}
