import FoundationEssentials

/// The one place where values become JSON octets and octets become values.
package enum JSON {
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return [UInt8](try encoder.encode(value))
    }

    package static func decode<Value: Decodable>(_: Value.Type = Value.self, _ octets: [UInt8]) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(octets))
    }
}
