import Delivery
import HTTP
import HTTPWire
import Payments
import SQLite
import Service
import Web

/// Paying orders, for the customer who waits for it.
struct PaymentRoutes: Sendable {
    let database: Database
    /// Nil without a gateway: then every order is paid when it is placed.
    let processor: PaymentProcessor?
    let log: Logger

    func add(to router: inout Router) {
        router.on(.post, "/api/user-order/{id}/pay") { request in try await pay(request) }
    }

    /// Tries to pay an order that was just stored.
    /// - Returns: the order as it is then: 201 when it is paid, 202 when it is not yet.
    func reply(to placed: Orders.Placed) async throws -> Response {
        guard let processor else { return try Envelope.reply(placed.order, status: .created) }
        let id = placed.order.id
        if placed.isNew { await attempt(id, with: processor) }
        return try await database.read { db in
            let entry = try Orders.find(id, customer: placed.order.customerID, in: db)
            return try Envelope.reply(
                PaidOrder(order: entry.order, payment: entry.payment),
                status: entry.order.isPending ? .accepted : .created)
        }
    }

    private func pay(_ request: Request) async throws -> Response {
        let credential = request.customerCredential
        let id = Result { try request.id(orThrow: .orderNotFound) }
        let hasGateway = processor != nil
        let (order, customer) = try await database.read { db in
            let customer = try Accounts.customer(credential, in: db)
            let entry = try Orders.find(try id.get(), customer: customer.id, in: db)
            guard entry.order.isPending else {
                throw DeliveryError.stale(.pay, entry.order.status)
            }
            guard hasGateway else { throw DeliveryError.orderStatus("there is no payment gateway now") }
            return (entry.order.id, customer.id)
        }
        if let processor { await attempt(order, with: processor) }
        return try await database.read { db in
            let entry = try Orders.find(order, customer: customer, in: db)
            return try Envelope.reply(entry, status: entry.order.isPending ? .accepted : .ok)
        }
    }

    /// The order is stored: whatever goes wrong here, the customer is told so, and the worker pays it later.
    private func attempt(_ order: Int, with processor: PaymentProcessor) async {
        do {
            try await processor.pay(order)
        } catch {
            log.warning(
                "a payment waits for the worker",
                ["order_id": .number(order), "error": LogValue("\(error)")])
        }
    }

    /// An order with its payment, which stands beside the order's own fields.
    private struct PaidOrder: Encodable {
        let order: Order
        let payment: OrderPayment.View?

        private enum CodingKeys: String, CodingKey { case payment }

        func encode(to encoder: any Encoder) throws {
            try order.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encodeIfPresent(payment, forKey: .payment)
        }
    }
}

extension Order {
    /// Not paid, and not at its end.
    fileprivate var isPending: Bool { status == .registered || status == .paymentPending }
}
