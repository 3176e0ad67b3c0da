import FoundationEssentials
import Glibc

/// The one place where values become JSON octets and octets become values.
package enum JSON {
    private static let decoder = JSONDecoder()

    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return [UInt8](try encoder.encode(value))
    }

    /// The same octets, at a fraction of the cost. It throws nothing, and is called as the other one is.
    package static func encode(_ value: some JSONWritable) throws -> [UInt8] {
        JSONWriter.octets(of: value)
    }

    /// - Throws: `DecodingError`, or what the type itself throws. UTF-8 only (RFC 8259, section 8.1).
    package static func decode<Value: Decodable>(_: Value.Type = Value.self, _ octets: [UInt8]) throws -> Value {
        // The decoder would take UTF-16 and UTF-32 too, and no JSON in UTF-8 holds this octet.
        guard !hasZero(octets) else {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "not JSON in UTF-8"))
        }
        return try decoder.decode(Value.self, from: Data(octets))
    }

    private static func hasZero(_ octets: [UInt8]) -> Bool {
        octets.withUnsafeBytes { octets in
            guard let start = octets.baseAddress else { return false }
            return memchr(start, 0, octets.count) != nil
        }
    }
}

/// A whole number in a request. The decoder refuses one that does not fit without telling where it stands; this tells.
struct WholeNumber: Decodable {
    let value: Int

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            value = try container.decode(Int.self)
        } catch let error as DecodingError {
            throw error
        } catch {
            throw DecodingError.typeMismatch(
                Int.self, .init(codingPath: decoder.codingPath, debugDescription: "not a whole number of 64 bits"))
        }
    }
}
