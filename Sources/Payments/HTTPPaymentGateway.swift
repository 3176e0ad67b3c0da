import Delivery
import EventLoop
import HTTP
import HTTPWire

/// A payment gateway that is spoken to over HTTP. See Docs/API.md for the protocol.
package struct HTTPPaymentGateway: PaymentGateway {
    /// A path may stand in front of `/payments`.
    private let base: String
    private let client: HTTPClient
    private let deadline: Duration

    /// - Parameters:
    ///   - url: without a slash at its end.
    ///   - deadline: of each call, from the resolution of the name to the last octet.
    package init(_ url: String, on loop: EventLoop, deadline: Duration) {
        base = url
        self.deadline = deadline
        // A call that waits for a connection would look like a slow gateway, and open the circuit breaker.
        var connections = HTTPClient.Connections()
        connections.perOrigin = GatewayGuard.mostOfCustomers + GatewayGuard.mostOfWorker
        var client = HTTPClient(on: loop, connections: connections)
        client.limits.body = 64 * 1024
        self.client = client
    }

    package func approve(order: Int, amount: Int) async throws -> PaymentDecision {
        let reply = try await call(
            .post, "/payments", order, body: JSON.encode(ApprovalRequest(orderID: order, amount: amount)))
        switch reply.status {
        case .ok, .created:
            let payment = try decode(reply)
            guard payment.status == .approved, let id = payment.id, payment.amount ?? amount == amount else {
                throw strange(reply)
            }
            return .approved(paymentID: id)
        case Self.paymentRequired:
            return .declined(reason: Self.shown((try? decode(reply))?.reason ?? "no reason given"))
        case .conflict: return .refused
        default: throw strange(reply)
        }
    }

    package func cancel(order: Int) async throws -> GatewayPayment? {
        let reply = try await call(.post, "/payments/\(order)/cancel", order, body: Array("{}".utf8))
        guard reply.status == .ok || reply.status == .created else { throw strange(reply) }
        let payment = try decode(reply)
        guard payment.status == .cancelled else { throw strange(reply) }
        return payment.id == nil ? nil : payment.known
    }

    package func payment(order: Int) async throws -> GatewayPayment? {
        let reply = try await call(.get, "/payments/\(order)", order, body: nil)
        switch reply.status {
        case .ok: return try decode(reply).known
        case .notFound: return nil
        default: throw strange(reply)
        }
    }

    // MARK: - The wire

    private static let paymentRequired = HTTPStatus(402)

    private struct ApprovalRequest: Encodable {
        let orderID: Int
        /// Won.
        let amount: Int
        let currency = "KRW"

        enum CodingKeys: String, CodingKey {
            case amount, currency
            case orderID = "order_id"
        }
    }

    private struct Reply: Decodable {
        let id: String?
        let status: GatewayPayment.Status
        let reason: String?
        let amount: Int?

        enum CodingKeys: String, CodingKey {
            case status, reason, amount
            case id = "payment_id"
        }

        var known: GatewayPayment { GatewayPayment(status: status, paymentID: id, amount: amount ?? 0) }
    }

    private func call(
        _ method: HTTPMethod, _ path: String, _ order: Int, body: [UInt8]?
    ) async throws -> HTTPClient.Response {
        guard let url = HTTPURL(base + path) else {
            throw PaymentGatewayError(.failure, "PAYMENT_URL is no address of a gateway")
        }
        var fields = HeaderFields([("Accept", "application/json")])
        if body != nil {
            fields.append("Content-Type", "application/json")
            fields.append("Idempotency-Key", "\(order)")
        }
        do {
            // The gateway knows a call again by its key.
            return try await client.send(
                .init(method, url, fields: fields, body: body, isRepeatable: true), within: deadline)
        } catch let error as HTTPError {
            throw PaymentGatewayError(error.status == .gatewayTimeout ? .timeout : .failure, error.message)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw PaymentGatewayError(.unreachable, "\(error)")
        }
    }

    private func decode(_ reply: HTTPClient.Response) throws -> Reply {
        do { return try JSON.decode(Reply.self, reply.body) } catch { throw strange(reply) }
    }

    private func strange(_ reply: HTTPClient.Response) -> PaymentGatewayError {
        let text = Self.shown(String(decoding: reply.body.prefix(200), as: UTF8.self))
        return PaymentGatewayError(.failure, "the gateway answered \(reply.status.code) \(text)")
    }

    /// The gateway's own words, on one line and short, for logs, the database and the customer.
    private static func shown(_ text: String) -> String {
        text.unicodeScalars.prefix(200).map { $0.value < 0x20 || $0.value == 0x7F ? " " : String($0) }.joined()
    }
}
