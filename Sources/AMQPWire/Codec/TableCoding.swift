import Bytes

// A table is its length in octets (u32), then for each field a short string (the name), one octet (the type), the value.
// An array is its length in octets, not in elements, then for each element the type and the value.

/// How deep tables and arrays may be nested. RabbitMQ's own headers (x-death) need three levels. It passes on messages whose
/// headers are nested deeper: what lies deeper is read as `void`, since an error would end the connection of whoever
/// consumes them, again and again.
package let maximumTableDepth = 32

extension ArgumentReader {
    package mutating func table() throws(AMQPError) -> FieldTable { try table(depth: 1) }

    /// The fields up to the end: AMQPLAIN's response is a table without its length.
    package mutating func fields(depth: Int) throws(AMQPError) -> FieldTable {
        var table = FieldTable()
        while !isAtEnd {
            let name = try shortString()
            table.append(name, try value(depth: depth))
        }
        return table
    }

    private mutating func table(depth: Int) throws(AMQPError) -> FieldTable {
        var inner = ArgumentReader(try longStringBytes())
        return try inner.fields(depth: depth)
    }

    private mutating func array(depth: Int) throws(AMQPError) -> [FieldValue] {
        var inner = ArgumentReader(try longStringBytes())
        var values: [FieldValue] = []
        while !inner.isAtEnd { values.append(try inner.value(depth: depth)) }
        return values
    }

    /// Whether a value of this type holds others.
    func isNest(_ type: UInt8) -> Bool { type == UInt8(ascii: "F") || type == UInt8(ascii: "A") }

    private mutating func value(depth: Int) throws(AMQPError) -> FieldValue {
        let type = try octet()
        if depth == maximumTableDepth, isNest(type) {
            _ = try longStringBytes()
            return .void
        }
        switch type {
        case UInt8(ascii: "t"): return .bool(try octet() != 0)
        case UInt8(ascii: "b"): return .int8(try integer())
        case UInt8(ascii: "B"): return .uint8(try octet())
        case UInt8(ascii: "s"): return .int16(try integer())
        case UInt8(ascii: "u"): return .uint16(try integer())
        case UInt8(ascii: "I"): return .int32(try integer())
        case UInt8(ascii: "i"): return .uint32(try integer())
        case UInt8(ascii: "l"), UInt8(ascii: "L"): return .int64(try integer())
        case UInt8(ascii: "f"): return .float(Float(bitPattern: try integer()))
        case UInt8(ascii: "d"): return .double(Double(bitPattern: try integer()))
        case UInt8(ascii: "D"):
            let scale = try octet()
            return .decimal(scale: scale, value: try integer())
        case UInt8(ascii: "S"):
            let octets = try longStringBytes()
            guard let text = String(validating: octets, as: UTF8.self) else { return .octetString([UInt8](octets)) }
            return .string(text)
        case UInt8(ascii: "x"): return .octets(try longString())
        case UInt8(ascii: "A"): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "T"): return .timestamp(try longLong())
        case UInt8(ascii: "F"): return .table(try table(depth: depth + 1))
        case UInt8(ascii: "V"): return .void
        default: throw .syntax("unknown field type \(type)")
        }
    }
}

extension ByteBuffer {
    package mutating func append(table: FieldTable) throws(AMQPError) {
        try appendTable(table, depth: 1)
    }

    /// A table without its length.
    package mutating func append(fieldsOf table: FieldTable, depth: Int = 1) throws(AMQPError) {
        for field in table.fields {
            try append(shortString: field.name, "a table's field name")
            try append(value: field.value, depth: depth)
        }
    }

    private mutating func appendTable(_ table: FieldTable, depth: Int) throws(AMQPError) {
        guard depth <= maximumTableDepth else {
            throw .argument("tables may be nested \(maximumTableDepth) deep")
        }
        let start = count
        append(integer: UInt32(0))
        try append(fieldsOf: table, depth: depth)
        try patchLength(at: start)
    }

    private mutating func patchLength(at start: Int) throws(AMQPError) {
        let length = count - start - 4
        guard length <= Int(Int32.max) else { throw .argument("a table or array of \(length) octets") }
        set(integer: UInt32(truncatingIfNeeded: length), at: start)
    }

    private mutating func append(value: FieldValue, depth: Int) throws(AMQPError) {
        switch value {
        case .bool(let value): append(UInt8(ascii: "t"), UInt8(value ? 1 : 0))
        case .int8(let value): append(UInt8(ascii: "b"), value)
        case .uint8(let value): append(UInt8(ascii: "B"), value)
        case .int16(let value): append(UInt8(ascii: "s"), value)
        case .uint16(let value): append(UInt8(ascii: "u"), value)
        case .int32(let value): append(UInt8(ascii: "I"), value)
        case .uint32(let value): append(UInt8(ascii: "i"), value)
        case .int64(let value): append(UInt8(ascii: "l"), value)
        case .float(let value): append(UInt8(ascii: "f"), value.bitPattern)
        case .double(let value): append(UInt8(ascii: "d"), value.bitPattern)
        case .decimal(let scale, let value):
            append(UInt8(ascii: "D"), scale)
            append(integer: value)
        case .string(let text):
            append(UInt8(ascii: "S"), UInt32(clamping: text.utf8.count))
            append(utf8: text)
        case .octetString(let octets):
            append(UInt8(ascii: "S"))
            try append(longString: octets)
        case .octets(let octets):
            append(UInt8(ascii: "x"))
            try append(longString: octets)
        case .array(let values):
            append(UInt8(ascii: "A"))
            guard depth < maximumTableDepth else {
                throw .argument("arrays may be nested \(maximumTableDepth) deep")
            }
            let start = count
            append(integer: UInt32(0))
            for value in values { try append(value: value, depth: depth + 1) }
            try patchLength(at: start)
        case .timestamp(let seconds): append(UInt8(ascii: "T"), seconds)
        case .table(let table):
            append(UInt8(ascii: "F"))
            try appendTable(table, depth: depth + 1)
        case .void: append(UInt8(ascii: "V"))
        }
    }

    private mutating func append(_ type: UInt8, _ value: some FixedWidthInteger) {
        append(type)
        append(integer: value)
    }
}
