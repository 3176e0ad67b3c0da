/// Header fields to be sent, in order. Names are compared without regard to case.
package struct HeaderFields: Sendable {
    package typealias Field = (name: String, value: String)

    package private(set) var fields: [Field]

    package init(_ fields: [Field] = []) { self.fields = fields }

    package var isEmpty: Bool { fields.isEmpty }

    package mutating func append(_ name: String, _ value: String) { fields.append((name, value)) }

    /// Replaces all fields of this name.
    package mutating func set(_ name: String, _ value: String) {
        remove(name)
        append(name, value)
    }

    package mutating func remove(_ name: String) { fields.removeAll { HeaderFields.same($0.name, name) } }

    /// The first value of this name.
    package subscript(name: String) -> String? { fields.first { HeaderFields.same($0.name, name) }?.value }

    package func values(_ name: String) -> [String] {
        fields.filter { HeaderFields.same($0.name, name) }.map(\.value)
    }

    private static func same(_ one: String, _ other: String) -> Bool {
        one.utf8.count == other.utf8.count
            && one.utf8.elementsEqual(other.utf8) { $0.asciiLowercased == $1.asciiLowercased }
    }

    /// A token as name, no control character in the value: nothing that could end the line (RFC 9110 section 5.5).
    package static func isValid(name: String, value: String) -> Bool {
        guard !name.isEmpty, name.utf8.allSatisfy({ $0.isTokenCharacter }) else { return false }
        return value.utf8.allSatisfy { $0.isFieldCharacter }
    }
}

extension HeaderFields: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { (name: $0.0, value: $0.1) }
    }
}
