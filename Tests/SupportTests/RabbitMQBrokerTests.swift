import Foundation
import Glibc
import Support
import Testing

@Suite("A broker of the tests' own")
struct RabbitMQBrokerTests {
    @Test("the shared broker answers an AMQP protocol header with connection.start")
    func answers() async throws {
        let broker = try await RabbitMQBroker.shared()
        let again = try await RabbitMQBroker.shared()
        #expect(broker === again)
        let frame = try greet(broker.port)
        #expect(frame[0] == 1)
        #expect(Array(frame[7..<11]) == [0, 10, 0, 10])
    }

    @Test("virtual hosts, users, queues and connections can be managed")
    func administration() async throws {
        let broker = try await RabbitMQBroker.shared()
        let host = try await broker.makeVirtualHost()
        try await broker.addUser(host, password: "secret")
        try await broker.setPermissions(user: host, virtualHost: host, configure: "^$")
        #expect(try await broker.queues(virtualHost: host) == [:])
        try await broker.evaluate(
            """
            rabbit_amqqueue:declare(rabbit_misc:r(<<"\(host)">>, queue, <<"주문">>), true, false, [], none, <<"test">>)
            """)
        #expect(try await broker.rabbitmqctl("list_permissions", "-p", host).contains("^$"))
        #expect(try await broker.rabbitmqctl("list_queues", "-q", "-p", host).contains("0"))
        try await broker.deleteVirtualHost(host)
        await #expect(throws: SupportError.self) {
            try await broker.rabbitmqctl("list_permissions", "-p", host)
        }
        #expect(try await broker.evaluate("rabbit_vhost:list_names()").contains(host) == false)
    }

    @Test("queue counts are those of the broker, and a deleted queue is gone")
    func queues() async throws {
        let broker = try await RabbitMQBroker.shared()
        let host = try await broker.makeVirtualHost()
        try await broker.evaluate(
            """
            rabbit_amqqueue:declare(rabbit_misc:r(<<"\(host)">>, queue, <<"a">>), true, false, [], none, <<"test">>)
            """)
        #expect(try await broker.queue("a", virtualHost: host) == QueueState(ready: 0, unacknowledged: 0, consumers: 0))
        try await broker.deleteQueue("a", virtualHost: host)
        #expect(try await broker.queue("a", virtualHost: host) == nil)
    }

    @Test("a broker is killed, started again with its data, stopped, and leaves neither process nor folder")
    func restart() async throws {
        let broker = try await RabbitMQBroker.start()
        let folder = broker.folder.path
        try await broker.makeVirtualHost("kept")
        let first = broker.processes
        try await broker.kill()
        #expect(!broker.isRunning)
        #expect(throws: (any Error).self) { try greet(broker.port) }
        try await broker.startAgain()
        #expect(try greet(broker.port)[0] == 1)
        #expect(try await broker.evaluate("rabbit_vhost:list_names()").contains("kept"))
        try await broker.stop()
        #expect(broker.log.contains("stopped"))
        let second = broker.processes
        try await broker.dispose()
        for pid in first + second { #expect(Glibc.kill(pid, 0) != 0) }
        #expect(!FileManager.default.fileExists(atPath: folder))
    }

    @Test("the memory alarm is raised and cleared")
    func alarm() async throws {
        let broker = try await RabbitMQBroker.start()
        try await broker.setMemoryAlarm(true)
        #expect(try await broker.evaluate("rabbit_alarm:get_alarms()").contains("memory"))
        try await broker.setMemoryAlarm(false)
        #expect(try await broker.evaluate("rabbit_alarm:get_alarms()") == "")
        try await broker.dispose()
    }

    private func greet(_ port: UInt16) throws -> [UInt8] {
        let socket = try TestSocket(port: port)
        defer { socket.close() }
        try socket.write([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1])
        var bytes: [UInt8] = []
        while bytes.count < 11 { bytes += try socket.read() }
        return bytes
    }
}
