extension OutboxMessage {
    /// The order that the message is about, read from its body.
    package var orderID: Int? { (try? JSON.decode(AnyOrder.self, body))?.id }

    private struct AnyOrder: Decodable {
        let id: Int

        private enum CodingKeys: String, CodingKey {
            case announced = "user_order_id"
            case changed = "order_id"
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            id =
                try container.decodeIfPresent(Int.self, forKey: .announced)
                ?? container.decode(Int.self, forKey: .changed)
        }
    }
    /// Empty without one.
    package var traceID: String { TraceParent.traceID(of: traceParent) }
}

/// The message on `delivery.queue`: `{"user_order_id":1}` and nothing else.
package struct UserOrderMessage: Equatable, Sendable, Decodable {
    package let orderID: Int

    package init(orderID: Int) { self.orderID = orderID }

    /// The exact octets that the contract names.
    package var octets: [UInt8] { Array("{\"user_order_id\":\(orderID)}".utf8) }

    private enum CodingKeys: String, CodingKey {
        case snake = "user_order_id"
        case camel = "userOrderId"
    }

    /// Reads `user_order_id`, or the Spring original's `userOrderId`.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        orderID = try container.decodeIfPresent(Int.self, forKey: .snake) ?? container.decode(Int.self, forKey: .camel)
    }
}
