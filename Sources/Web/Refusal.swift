import Delivery
import HTTPWire
import SQLite

/// What a client is told when a request is not answered as asked.
package struct Refusal: Error, Sendable {
    package let status: HTTPStatus
    package let resultCode: Int
    package let description: String
    package let retryAfter: Int?

    package init(_ status: HTTPStatus, resultCode: Int? = nil, _ description: String, retryAfter: Int? = nil) {
        self.status = status
        self.resultCode = resultCode ?? Int(status.code)
        self.description = description
        self.retryAfter = retryAfter
    }

    /// - Returns: nil for an error that is a defect and no refusal.
    package init?(_ error: any Error) {
        switch error {
        case let error as Refusal: self = error
        case let error as DeliveryError:
            self.init(
                HTTPStatus(UInt16(clamping: error.status)), resultCode: error.resultCode, error.description,
                retryAfter: error.retryAfter)
        case let error as HTTPError: self.init(error.status, error.message)
        case let error as DecodingError: self.init(.badRequest, Self.describe(error))
        case let error as SQLiteError where error.isUnavailable:
            self.init(.serviceUnavailable, "the database cannot take this now, try again", retryAfter: 1)
        default: return nil
        }
    }

    /// Names the field, never the value.
    private static func describe(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context):
            "\(path(context.codingPath + [key])): missing"
        case .valueNotFound(_, let context):
            "\(path(context.codingPath)): must not be null"
        case .typeMismatch(let type, let context):
            "\(path(context.codingPath)): must be \(name(of: type))"
        case .dataCorrupted(let context):
            if context.debugDescription.hasPrefix("Number") {
                "\(path(context.codingPath)): a number that is not whole or out of range"
            } else if context.codingPath.isEmpty {
                "the body is not well-formed JSON"
            } else {
                "\(path(context.codingPath)): not an allowed value"
            }
        @unknown default:
            "the body cannot be read"
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        var text = ""
        for (index, key) in keys.enumerated() {
            if index == 0, key.stringValue == "body", keys.count > 1 { continue }
            if let number = key.intValue {
                text += "[\(number)]"
            } else {
                text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
        return text.isEmpty ? "the body" : text
    }

    private static func name(of type: any Any.Type) -> String {
        if type is any BinaryInteger.Type { return "a whole number" }
        if type is any BinaryFloatingPoint.Type { return "a number" }
        if type == String.self { return "a text" }
        if type == Bool.self { return "true or false" }
        let name = "\(type)"
        if name.hasPrefix("Array") { return "a list" }
        if name.hasPrefix("Dictionary") { return "an object" }
        return "of another type"
    }
}
