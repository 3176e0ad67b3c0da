import Delivery
import EventLoop
import Foundation
import Payments
import Support
import Testing

/// The client of the gateway against a peer that answers whatever the test says, byte for byte.
@Suite("The client of the payment gateway", .timeLimit(.minutes(1)))
struct HTTPPaymentGatewayTests {
    private func with<Value>(
        reply: String?, _ body: (HTTPPaymentGateway) async throws -> Value
    ) async throws -> (result: Result<Value, any Error>, request: String) {
        let seen = Guarded("")
        let listener = try TestListener { socket in
            var text = ""
            // Of a request without a body the head is all.
            while !text.hasSuffix("}"), !(text.hasPrefix("GET") && text.hasSuffix("\r\n\r\n")) {
                let more = try socket.read()
                if more.isEmpty { return }
                text += String(decoding: more, as: UTF8.self)
            }
            let request = text
            seen.update { $0 = request }
            if let reply { try socket.write(Array(reply.utf8)) } else { _ = try socket.read() }
        }
        defer { listener.close() }
        let group = try EventLoopGroup(count: 1)
        defer { group.stop() }
        let gateway = HTTPPaymentGateway(
            "http://127.0.0.1:\(listener.port)/v1", on: group.first, deadline: .milliseconds(500))
        let result: Result<Value, any Error>
        do { result = .success(try await body(gateway)) } catch { result = .failure(error) }
        return (result, seen.read { $0 })
    }

    private static func reply(_ status: String, _ body: String) -> String {
        "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test(
        "each answer of the protocol means one thing",
        arguments: [
            (
                reply("201 Created", #"{"payment_id":"p-1","status":"APPROVED"}"#),
                PaymentDecision.approved(paymentID: "p-1")
            ),
            (
                reply("200 OK", #"{"payment_id":"p-1","status":"APPROVED","amount":8000,"x":1}"#),
                .approved(paymentID: "p-1")
            ),
            (
                reply("402 Payment Required", #"{"status":"DECLINED","reason":"no\nmoney"}"#),
                .declined(reason: "no money")
            ),
            (reply("402 Payment Required", ""), .declined(reason: "no reason given")),
            (reply("409 Conflict", "{}"), .refused),
        ])
    func decisions(_ reply: String, _ decision: PaymentDecision) async throws {
        let (result, request) = try await with(reply: reply) { try await $0.approve(order: 7, amount: 8000) }
        #expect(try result.get() == decision)
        #expect(request.hasPrefix("POST /v1/payments HTTP/1.1\r\n"))
        #expect(request.contains("\r\nIdempotency-Key: 7\r\n"))
    }

    @Test(
        "an answer that means neither yes nor no leaves the outcome unknown",
        arguments: [
            (reply("500 Internal Server Error", "{}"), PaymentGatewayError.Code.failure),
            (reply("201 Created", #"{"status":"APPROVED"}"#), .failure),
            (reply("201 Created", #"{"payment_id":"p","status":"DECLINED"}"#), .failure),
            (reply("201 Created", #"{"payment_id":"p","status":"APPROVED","amount":7999}"#), .failure),
            (reply("201 Created", "[" + String(repeating: "[", count: 5000)), .failure),
            (reply("302 Found", ""), .failure), ("nonsense\r\n\r\n", .failure),
            ("HTTP/1.1 201 Created\r\nContent-Length: 999999999\r\n\r\n", .failure), (nil, .timeout),
        ] as [(String?, PaymentGatewayError.Code)])
    func unknown(_ reply: String?, _ code: PaymentGatewayError.Code) async throws {
        let (result, _) = try await with(reply: reply) { try await $0.approve(order: 7, amount: 8000) }
        let error = #expect(throws: PaymentGatewayError.self) { try result.get() }
        #expect(error?.code == code, "\(error?.description ?? "")")
        #expect((error?.description.utf8.count ?? 0) < 400)
    }

    @Test("a gateway that nobody can reach is an unknown outcome")
    func unreachable() async throws {
        let port = try FreePort.next()
        let group = try EventLoopGroup(count: 1)
        defer { group.stop() }
        let gateway = HTTPPaymentGateway("http://127.0.0.1:\(port)", on: group.first, deadline: .seconds(1))
        let error = await #expect(throws: PaymentGatewayError.self) { try await gateway.cancel(order: 7) }
        #expect(error?.code == .unreachable)
    }

    @Test("a payment that is not known is none, and a cancellation says what was given back")
    func asking() async throws {
        let missing = try await with(reply: Self.reply("404 Not Found", "")) { try await $0.payment(order: 7) }
        #expect(try missing.result.get() == nil)
        #expect(missing.request.hasPrefix("GET /v1/payments/7 HTTP/1.1\r\n"))
        let known = #"{"payment_id":"p-1","status":"CANCELLED","amount":8000}"#
        let returned = try await with(reply: Self.reply("200 OK", known)) { try await $0.cancel(order: 7) }
        #expect(try returned.result.get() == GatewayPayment(status: .cancelled, paymentID: "p-1", amount: 8000))
        #expect(returned.request.hasPrefix("POST /v1/payments/7/cancel HTTP/1.1\r\n"))
        let tombstone = #"{"status":"CANCELLED"}"#
        let nothing = try await with(reply: Self.reply("200 OK", tombstone)) { try await $0.cancel(order: 7) }
        #expect(try nothing.result.get() == nil)
    }

    @Test("as many calls as are let through are on their way at once")
    func atOnce() async throws {
        let count = GatewayGuard.mostOfCustomers + GatewayGuard.mostOfWorker
        let come = Guarded(0)
        // It answers the first one when the last one has come.
        let receiver = try HTTPReceiver { _ in
            come.update { $0 += 1 }
            _ = come.wait(until: Date(timeIntervalSinceNow: 20)) { $0 >= count ? $0 : nil }
            return .reply(201, body: #"{"payment_id":"p-1","status":"APPROVED"}"#)
        }
        let group = try EventLoopGroup(count: 1)
        defer { group.stop() }
        let gateway = HTTPPaymentGateway(
            "http://127.0.0.1:\(receiver.port)", on: group.first, deadline: .seconds(10))
        try await withThrowingTaskGroup(of: PaymentDecision.self) { calls in
            for order in 1...count { calls.addTask { try await gateway.approve(order: order, amount: 8000) } }
            for try await decision in calls { #expect(decision == .approved(paymentID: "p-1")) }
        }
    }

    @Test("a call that meets the end of a used connection is made again, since the gateway knows its key")
    func usedConnection() async throws {
        let receiver = try HTTPReceiver { request in
            request.number == 2 ? .end : .reply(201, body: #"{"payment_id":"p-1","status":"APPROVED"}"#)
        }
        let group = try EventLoopGroup(count: 1)
        defer { group.stop() }
        let gateway = HTTPPaymentGateway(
            "http://127.0.0.1:\(receiver.port)", on: group.first, deadline: .seconds(10))
        for order in 1...2 {
            #expect(try await gateway.approve(order: order, amount: 8000) == .approved(paymentID: "p-1"))
        }
        #expect(receiver.received.map { $0.fields["idempotency-key"] } == ["1", "2", "2"])
        #expect(receiver.connections == 2)
    }
}
