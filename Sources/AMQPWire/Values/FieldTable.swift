/// Named values in the order in which they are sent. Names are at most 255 octets of UTF-8.
///
/// A peer may send a name twice; both are kept, and the subscript finds the first.
public struct FieldTable: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    /// All fields in their order.
    public private(set) var fields: [(name: String, value: FieldValue)]

    /// No fields.
    public init() { fields = [] }

    /// These fields, in this order.
    public init(_ fields: [(String, FieldValue)]) {
        self.fields = fields.map { (name: $0.0, value: $0.1) }
    }

    public init(dictionaryLiteral elements: (String, FieldValue)...) { self.init(elements) }

    /// Whether there is no field.
    public var isEmpty: Bool { fields.isEmpty }
    /// The number of fields.
    public var count: Int { fields.count }

    /// The first value of that name; setting replaces it where it stands, or appends; nil removes every one.
    public subscript(name: String) -> FieldValue? {
        get { fields.first { $0.name == name }?.value }
        set {
            guard let newValue else {
                fields.removeAll { $0.name == name }
                return
            }
            if let index = fields.firstIndex(where: { $0.name == name }) {
                fields[index].value = newValue
            } else {
                fields.append((name, newValue))
            }
        }
    }

    /// Adds a field at the end, without a search.
    public mutating func append(_ name: String, _ value: FieldValue) { fields.append((name, value)) }

    public static func == (left: FieldTable, right: FieldTable) -> Bool {
        left.fields.elementsEqual(right.fields) { $0.name == $1.name && $0.value == $1.value }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(fields.count)
        for field in fields {
            hasher.combine(field.name)
            hasher.combine(field.value)
        }
    }
}

extension FieldTable: Sequence {
    public func makeIterator() -> IndexingIterator<[(name: String, value: FieldValue)]> { fields.makeIterator() }
}
