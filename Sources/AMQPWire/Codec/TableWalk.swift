import Bytes

extension ArgumentReader {
    /// Checks a table as `table()` does and builds nothing: what passes here can be read later without an error.
    package mutating func skipTable(depth: Int = 1) throws(AMQPError) {
        var inner = ArgumentReader(try longStringBytes())
        while !inner.isAtEnd {
            _ = try inner.shortStringBytes()
            try inner.skipValue(depth: depth)
        }
    }

    private mutating func skipValue(depth: Int) throws(AMQPError) {
        let type = try octet()
        if depth == maximumTableDepth, isNest(type) {
            _ = try longStringBytes()
            return
        }
        switch type {
        case UInt8(ascii: "t"), UInt8(ascii: "b"), UInt8(ascii: "B"): _ = try bytes(1)
        case UInt8(ascii: "s"), UInt8(ascii: "u"): _ = try bytes(2)
        case UInt8(ascii: "I"), UInt8(ascii: "i"), UInt8(ascii: "f"): _ = try bytes(4)
        case UInt8(ascii: "D"): _ = try bytes(5)
        case UInt8(ascii: "l"), UInt8(ascii: "L"), UInt8(ascii: "d"), UInt8(ascii: "T"): _ = try bytes(8)
        case UInt8(ascii: "S"), UInt8(ascii: "x"): _ = try longStringBytes()
        case UInt8(ascii: "F"): try skipTable(depth: depth + 1)
        case UInt8(ascii: "A"):
            var inner = ArgumentReader(try longStringBytes())
            while !inner.isAtEnd { try inner.skipValue(depth: depth + 1) }
        case UInt8(ascii: "V"): break
        default: throw .syntax("unknown field type \(type)")
        }
    }
}
