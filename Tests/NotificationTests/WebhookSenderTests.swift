import Delivery
import Foundation
import Notifications
import SQLite
import Service
import Support
import Synchronized
import Testing

@Suite("Webhooks: sending", .timeLimit(.minutes(1)))
struct WebhookSenderTests {
    private func url(_ receiver: HTTPReceiver) -> String { "http://127.0.0.1:\(receiver.port)/hook?key=k" }

    @Test("a notification is a signed request, and OpenSSL's program finds the same signature")
    func signed() async throws {
        try await SenderFixture.with { fixture in
            let receiver = try HTTPReceiver()
            let customer = try await fixture.customer(url(receiver))
            try await fixture.withSender { sender in
                try await fixture.notify(7, customer: customer.id, sender)
                let delivery = try #require(try await fixture.settled(customer.id).first)
                #expect(delivery.state == .delivered)
                #expect(delivery.id == "m-7-1")
            }
            let request = try #require(receiver.received.first)
            #expect(receiver.received.count == 1)
            #expect("\(request.method) \(request.target)" == "POST /hook?key=k")
            #expect(request.body == SenderFixture.body(order: 7, customer: customer.id))
            #expect(request.fields["host"] == "127.0.0.1:\(receiver.port)")
            #expect(request.fields["content-type"] == "application/json")
            #expect(request.fields["webhook-id"] == "m-7-1")
            let time = try #require(request.fields["webhook-timestamp"])
            #expect(abs((Int(time) ?? 0) - Int(Date().timeIntervalSince1970)) < 60)

            let key = try #require(Data(base64Encoded: String(customer.secret.text.dropFirst(6))))
            let script = """
                openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | openssl base64 -A
                """
            let expected = try ChildProcess.run(
                "/bin/sh", ["-c", script],
                environment: [
                    "PATH": "/usr/bin:/bin", "KEY": key.map { String(format: "%02x", $0) }.joined(),
                ], input: "m-7-1.\(time).\(request.text)")
            #expect(request.fields["webhook-signature"] == "v1,\(expected)")
        }
    }

    static let huge =
        Array("HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n".utf8)
        + [UInt8](repeating: 0x61, count: 10_485_760)

    /// What a receiver does, and what the customer is told of it.
    static let failures: [(String, HTTPReceiver.Answer, String)] = [
        ("an error", .reply(500, body: "secret of the inside"), "answered 500"),
        ("not found", .reply(404), "answered 404"),
        ("silence", .silence, "no answer in time"),
        ("no word", .end, "the connection ended before the response did"),
        ("garbage", .octets(Array("\u{0}\u{1}garbage\r\n\r\n".utf8)), "this is not HTTP/1.1"),
        ("ten megabytes", .octets(huge), "the response's body is longer than 65536 octets"),
    ]

    @Test("a receiver that fails is tried again, then given up, and the customer sees why", arguments: failures.indices)
    func failing(index: Int) async throws {
        let (_, answer, error) = Self.failures[index]
        try await SenderFixture.with { fixture in
            let receiver = try HTTPReceiver { _ in answer }
            let customer = try await fixture.customer(url(receiver)).id
            try await fixture.withSender { sender in
                try await fixture.notify(1, customer: customer, sender)
                let delivery = try #require(try await fixture.settled(customer).first)
                #expect(delivery.state == .givenUp)
                #expect(delivery.attempts == 3)
                #expect(delivery.lastError == error)
            }
            #expect(receiver.received.count == 3)
            #expect(Set(receiver.received.map { $0.fields["webhook-id"] }) == ["m-1-1"])
            let metrics = String(decoding: fixture.metrics.render(), as: UTF8.self)
            #expect(metrics.contains("webhook_given_up_total 1\n"))
            #expect(metrics.contains("webhook_requests_total{outcome=\"failed\"} 3\n"))
        }
    }

    @Test("a redirect is not followed")
    func redirect() async throws {
        try await SenderFixture.with { fixture in
            let target = try HTTPReceiver()
            let location = "http://127.0.0.1:\(target.port)/"
            let receiver = try HTTPReceiver { _ in .reply(307, fields: ["Location": location]) }
            let customer = try await fixture.customer(url(receiver)).id
            try await fixture.withSender { sender in
                try await fixture.notify(1, customer: customer, sender)
                let delivery = try #require(try await fixture.settled(customer).first)
                #expect(delivery.lastError == "answered 307, and redirects are not followed")
            }
            #expect(target.connections == 0)
        }
    }

    @Test("a receiver that comes back gets what it missed")
    func recovery() async throws {
        try await SenderFixture.with { fixture in
            let receiver = try HTTPReceiver { $0.number < 3 ? .reply(503) : .reply(200) }
            let customer = try await fixture.customer(url(receiver)).id
            try await fixture.withSender { sender in
                try await fixture.notify(1, customer: customer, sender)
                let delivery = try #require(try await fixture.settled(customer).first)
                #expect(delivery.state == .delivered)
                #expect(delivery.attempts == 3)
                #expect(delivery.lastError == nil)
            }
        }
    }

    @Test("an address inside the network gets no connection, by whatever name", arguments: ["127.0.0.1", "localhost"])
    func privateAddress(host: String) async throws {
        try await SenderFixture.with { fixture in
            let receiver = try HTTPReceiver()
            let customer = try await fixture.customer("http://\(host):\(receiver.port)/").id
            try await fixture.withSender(allowsPrivate: false) { sender in
                try await fixture.notify(1, customer: customer, sender)
                let delivery = try #require(try await fixture.settled(customer).first)
                #expect(delivery.state == .givenUp)
                #expect(
                    delivery.lastError
                        == "no address of \(host) may be connected to: it must be one of the public Internet")
            }
            #expect(receiver.connections == 0)
        }
    }

    @Test("a customer gets one request at a time, a host a few, and nobody waits for a receiver that is dead")
    func bounds() async throws {
        try await SenderFixture.with { fixture in
            let open = Lock((now: 0, most: 0))
            let receiver = try HTTPReceiver { _ in
                open.withLock {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
                Thread.sleep(forTimeInterval: 0.005)
                open.withLock { $0.now -= 1 }
                return .reply(200)
            }
            let dead = try HTTPReceiver { _ in .silence }
            var bounds = SenderFixture.bounds
            bounds.calls = 6
            bounds.callsPerHost = 3
            bounds.timeout = .seconds(5)
            var customers: [Int] = []
            for _ in 0..<2 { customers.append(try await fixture.customer("http://localhost:\(dead.port)/").id) }
            for _ in 0..<6 { customers.append(try await fixture.customer(url(receiver)).id) }
            for order in 0..<80 { try await fixture.notify(order, customer: customers[order % 8]) }
            try await fixture.withSender(bounds) { _ in
                for customer in customers.dropFirst(2) {
                    let deliveries = try await fixture.settled(customer)
                    #expect(deliveries.count == 10 && deliveries.allSatisfy { $0.state == .delivered })
                }
                #expect(dead.received.count == 2)
            }
            #expect(open.withLock { $0.most } == 3)
            #expect(Set(receiver.received.map { $0.fields["webhook-id"] }).count == 60)
            #expect(receiver.received.count == 60)
        }
    }

    @Test("two instances send each notification once between them")
    func instances() async throws {
        try await SenderFixture.with { fixture in
            let receiver = try HTTPReceiver()
            var customers: [Int] = []
            for _ in 0..<10 { customers.append(try await fixture.customer(url(receiver)).id) }
            try await fixture.withSender { first in
                try await fixture.withSender { second in
                    for order in 0..<200 {
                        try await fixture.notify(order, customer: customers[order % 10])
                        first.wake()
                        second.wake()
                    }
                    for customer in customers {
                        #expect(try await fixture.settled(customer).allSatisfy { $0.state == .delivered })
                    }
                }
            }
            #expect(receiver.received.count == 200)
            for customer in customers.indices {
                let orders = receiver.received.compactMap { request -> Int? in
                    let order = (try? JSONValue(parsing: request.body))?["order_id"].int ?? -1
                    return order % 10 == customer ? order : nil
                }
                #expect(orders == Array(stride(from: customer, to: 200, by: 10)))
            }
        }
    }

    @Test("what is under way at the end is sent again at the next start, at once")
    func restart() async throws {
        try await SenderFixture.with { fixture in
            let receiver = try HTTPReceiver { $0.number == 1 ? .silence : .reply(200) }
            let customer = try await fixture.customer(url(receiver)).id
            var bounds = SenderFixture.bounds
            bounds.timeout = .seconds(30)
            try await fixture.withSender(bounds) { sender in
                try await fixture.notify(1, customer: customer, sender)
                try await eventually { receiver.received.count == 1 }
                await sender.stop(within: .milliseconds(10))
            }
            #expect(try await fixture.deliveries(customer).map(\.attempts) == [0])
            try await fixture.withSender(bounds) { _ in
                let states = try await fixture.settled(customer).map(\.state)
                #expect(states == [.delivered])
            }
            #expect(receiver.received.map { $0.fields["webhook-id"] } == ["m-1-1", "m-1-1"])
        }
    }
}
