/// A message of `order.events`, read.
package enum OrderMessage: Equatable, Sendable {
    case completed(OrderCompletedMessage)
    case status(OrderStatusMessage)

    /// Longer ones are not parsed: a snapshot with a hundred items stays far below.
    private static let longest = 256 * 1024

    /// - Parameter type: the message's property of that name.
    /// - Throws: `DecodingError`, or `UnknownMessage` for a type that this version does not know.
    package init(type: String?, body: [UInt8]) throws {
        guard body.count <= Self.longest else { throw UnknownMessage("it has \(body.count) octets") }
        switch type {
        case OrderCompletedMessage.type: self = .completed(try .read(body))
        case OrderStatusMessage.type: self = .status(try JSON.decode(OrderStatusMessage.self, body))
        default:
            let name = type.map { String(String.UnicodeScalarView($0.unicodeScalars.prefix(100))) } ?? "none"
            throw UnknownMessage("its type is \(name)")
        }
    }

    package var orderID: Int {
        switch self {
        case .completed(let message): message.orderID
        case .status(let message): message.orderID
        }
    }

    package struct UnknownMessage: Error, CustomStringConvertible {
        package let description: String
        init(_ description: String) { self.description = description }
    }
}
