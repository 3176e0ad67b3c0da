import Delivery
import HTTP
import HTTPWire

extension Request {
    /// The body as JSON, bare or inside `{"body":…}`.
    /// - Throws: `Refusal` 415 for another content type; `DecodingError` or `DeliveryError`, which name the field.
    package func json<Value: Decodable>(_: Value.Type = Value.self) throws -> Value {
        if header("content-type") != nil, !hasContentType("application/json") {
            throw Refusal(.unsupportedMediaType, "the body must be application/json")
        }
        guard bodyCount > 0 else { throw Refusal(.badRequest, "the body is empty, JSON is needed") }
        return try RequestBody.decode(Value.self, body)
    }

    /// The customer's access token: `authorization-token: T` or `Authorization: Bearer T`.
    package var accessToken: String? {
        if let token = header("authorization-token") { return token.isEmpty ? nil : token }
        guard let value = header("authorization") else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }

    /// A whole number in the path.
    /// - Throws: `missing` when it is none: what does not exist has no other name.
    package func id(_ name: String = "id", orThrow missing: DeliveryError) throws(DeliveryError) -> Int {
        guard let text = parameter(name), let id = Int(decimal: text), id > 0 else { throw missing }
        return id
    }

    /// A whole number in the query.
    package func number(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = try query(name) else { return nil }
        guard let number = Int(decimal: text), range.contains(number) else {
            throw DeliveryError.invalid(
                name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// `?limit=&before=`.
    package func page(limit: Int, most: Int) throws -> Orders.Page {
        Orders.Page(before: try number("before", in: 1...Int.max), limit: try number("limit", in: 1...most) ?? limit)
    }

    /// The context that goes on with this request's trace (W3C Trace Context): the same trace, a span of its own.
    package var traceParent: String {
        var generator = SystemRandomNumberGenerator()
        let span = TraceID(high: 0, low: generator.next() | 1).description.suffix(16)
        return "00-\(traceID)-\(span)-01"
    }
}

extension Int {
    /// Digits as this program writes them, with no sign before a positive number and no leading zeros: an id has one spelling.
    package init?(decimal text: String) {
        guard let number = Int(text), String(number) == text else { return nil }
        self = number
    }
}

/// The body of a request.
package enum RequestBody {
    /// A value, bare or inside `{"body":…}`.
    package static func decode<Value: Decodable>(_: Value.Type = Value.self, _ octets: [UInt8]) throws -> Value {
        if isBare(octets) { return try JSON.decode(Value.self, octets) }
        return try JSON.decode(Enveloped<Value>.self, octets).value
    }

    /// Whether this can only be an object without a member `body`: looking for one costs the decoder a table of all members.
    /// No spelling of that key has neither these letters nor a backslash.
    private static func isBare(_ octets: [UInt8]) -> Bool {
        guard octets.first == UInt8(ascii: "{") else { return false }
        for (index, octet) in octets.enumerated() {
            if octet == UInt8(ascii: "\\") { return false }
            if octet == UInt8(ascii: "\""), octets[index...].starts(with: "\"body\"".utf8) { return false }
        }
        return true
    }
}

private struct Enveloped<Value: Decodable>: Decodable {
    let value: Value

    private enum CodingKeys: String, CodingKey { case body }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        value = container.contains(.body) ? try container.decode(Value.self, forKey: .body) : try Value(from: decoder)
    }
}
