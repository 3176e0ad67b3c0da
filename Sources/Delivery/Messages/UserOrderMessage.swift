/// The message on `delivery.queue`: `{"user_order_id":1}` and nothing else.
package struct UserOrderMessage: Equatable, Sendable, Decodable {
    package static let type = "UserOrderMessage"

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

    /// - Throws: `DecodingError`
    package static func read(_ octets: [UInt8]) throws -> UserOrderMessage {
        try plain(octets) ?? JSON.decode(UserOrderMessage.self, octets)
    }

    /// Nil unless `octets` are of the form of `octets`.
    static func plain(_ octets: [UInt8]) -> UserOrderMessage? {
        var plain = PlainOctets(octets)
        guard plain.skip("{\"user_order_id\":"), let id = plain.number(), plain.skip("}"), plain.isAtEnd else {
            return nil
        }
        return UserOrderMessage(orderID: id)
    }
}
