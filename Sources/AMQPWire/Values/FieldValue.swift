/// A value in a field table or array, with RabbitMQ's types (rabbitmq.com/amqp-0-9-1-errata, section 3).
public enum FieldValue: Hashable, Sendable {
    /// `t`
    case bool(Bool)
    /// `b`
    case int8(Int8)
    /// `B`
    case uint8(UInt8)
    /// `s`
    case int16(Int16)
    /// `u`
    case uint16(UInt16)
    /// `I`
    case int32(Int32)
    /// `i`
    case uint32(UInt32)
    /// `l`, and `L` when read
    case int64(Int64)
    /// `f`
    case float(Float)
    /// `d`
    case double(Double)
    /// `D`: `value` divided by ten to the power of `scale`
    case decimal(scale: UInt8, value: Int32)
    /// `S` that holds UTF-8
    case string(String)
    /// `S` that does not hold UTF-8
    case octetString([UInt8])
    /// `x`
    case octets([UInt8])
    /// `A`
    case array([FieldValue])
    /// `T`: seconds since 1970
    case timestamp(UInt64)
    /// `F`
    case table(FieldTable)
    /// `V`
    case void
}

extension FieldValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    /// An integer literal is sent as a 64-bit integer.
    public init(integerLiteral value: Int64) { self = .int64(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(arrayLiteral elements: FieldValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, FieldValue)...) { self = .table(FieldTable(elements)) }
    public init(nilLiteral: ()) { self = .void }
}

extension FieldValue {
    /// The number, whichever integer type carries it.
    public var integer: Int64? {
        switch self {
        case .int8(let value): Int64(value)
        case .uint8(let value): Int64(value)
        case .int16(let value): Int64(value)
        case .uint16(let value): Int64(value)
        case .int32(let value): Int64(value)
        case .uint32(let value): Int64(value)
        case .int64(let value): value
        default: nil
        }
    }

    /// The text, if it is one.
    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The truth value, if it is one.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The table, if it is one.
    public var table: FieldTable? {
        if case .table(let value) = self { value } else { nil }
    }

    /// The elements, if it is an array.
    public var array: [FieldValue]? {
        if case .array(let value) = self { value } else { nil }
    }
}
