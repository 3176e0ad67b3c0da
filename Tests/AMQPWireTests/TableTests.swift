import AMQPWire
import Bytes
import Testing

@Suite("Field tables")
struct TableTests {
    /// Type and value as RabbitMQ writes them.
    static let values: [(FieldValue, String)] = [
        (.bool(true), "'t' 01"), (.bool(false), "'t' 00"), (.int8(-2), "'b' FE"), (.uint8(254), "'B' FE"),
        (.int16(-2), "'s' FFFE"), (.uint16(65534), "'u' FFFE"), (.int32(-2), "'I' FFFFFFFE"),
        (.uint32(4_294_967_294), "'i' FFFFFFFE"), (.int64(-2), "'l' FFFFFFFFFFFFFFFE"),
        (.float(1.5), "'f' 3FC00000"), (.double(-2.5), "'d' C004000000000000"),
        (.decimal(scale: 2, value: 12345), "'D' 02 00003039"), (.string("é"), "'S' 00000002 C3A9"),
        (.octetString([0xFF, 0x00]), "'S' 00000002 FF00"), (.octets([1, 2, 3]), "'x' 00000003 010203"),
        (.array([.bool(true), .void]), "'A' 00000003 't' 01 'V'"),
        (.timestamp(1_700_000_000), "'T' 000000006553F100"), (.table(["a": .void]), "'F' 00000003 01'a' 'V'"),
        (.void, "'V'"),
    ]

    @Test("behaviour 7: every field type has RabbitMQ's octets, both ways", arguments: values)
    func fieldTypes(_ value: FieldValue, _ text: String) throws {
        let field = octets(text)
        let table: FieldTable = ["k": value]
        let expected = octets("000000") + [UInt8(field.count + 2)] + octets("01'k'") + field
        #expect(try encoded { try $0.append(table: table) } == expected)
        #expect(try read(expected) { try $0.table() } == table)
        try read(expected) { reader in
            try reader.skipTable()
            #expect(reader.isAtEnd)
        }
    }

    @Test("L is read as a 64-bit integer, and any non-zero octet as true")
    func otherForms() throws {
        #expect(try read(octets("0000000B 01'k' 'L' FFFFFFFFFFFFFFFF")) { try $0.table() } == ["k": .int64(-1)])
        #expect(try read(octets("00000004 01'k' 't' 07")) { try $0.table() } == ["k": .bool(true)])
    }

    @Test("order and repeated names are kept")
    func order() throws {
        let wire = octets("0000000B 01'b' 't' 01  01'a' 'V'  01'b' 't' 00")
        let table = try read(wire) { try $0.table() }
        #expect(table.fields.map(\.name) == ["b", "a", "b"])
        #expect(table["b"] == .bool(true))
        #expect(try encoded { try $0.append(table: table) } == wire)
    }

    @Test(
        "behaviour 6: bad tables are refused",
        arguments: [
            "00000005 01'k' 't'", "FFFFFFFF 01'k' 't' 01", "80000000", "00000003 05'k' 't'", "00000003 01'k' 'z'",
            "00000007 01'k' 'S' 7FFFFFFF", "00000008 01'k' 'A' FFFFFFFF 00", "0000", "00000006 01'k' 'F' 00000009",
            "00000004 01'k' 'A' 00",
        ])
    func bad(_ text: String) {
        #expect(throws: AMQPError.self) { try read(octets(text)) { try $0.table() } }
        #expect(throws: AMQPError.self) { try read(octets(text)) { try $0.skipTable() } }
    }

    @Test(
        "behaviour 6: nesting is limited in writing; what is nested deeper is read as void, and cuts nobody off",
        arguments: ["F", "A"])
    func depth(_ kind: String) throws {
        func nested(_ levels: Int) -> FieldTable {
            var value = FieldValue.void
            for _ in 0..<levels { value = kind == "F" ? .table(["k": value]) : .array([value]) }
            return ["k": value]
        }
        let deepest = nested(maximumTableDepth - 1)
        let wire = try encoded { try $0.append(table: deepest) }
        #expect(try read(wire) { try $0.table() } == deepest)
        #expect(throws: AMQPError.self) { try encoded { try $0.append(table: nested(maximumTableDepth)) } }

        // One level more than the writer would make, up to a hundred thousand.
        for levels in [maximumTableDepth, 100_000] {
            var hostile: [UInt8] = []
            for level in 0..<levels {
                let left = UInt32(clamping: (levels - level - 1) * (kind == "F" ? 7 : 5))
                if kind == "F" || level == 0 { hostile += octets("01'k'") }
                hostile += octets(kind == "F" ? "'F'" : "'A'")
                hostile += withUnsafeBytes(of: left.bigEndian) { Array($0) }
            }
            let table = withUnsafeBytes(of: UInt32(hostile.count).bigEndian) { Array($0) } + hostile
            #expect(try read(table) { try $0.table() } == deepest)
            try read(table) { try $0.skipTable() }
        }
    }

    @Test("a field's name has at most 255 octets")
    func names() throws {
        let longest = String(repeating: "n", count: 255)
        #expect(try encoded { try $0.append(table: [longest: .void]) }.count == 4 + 256 + 1)
        #expect(throws: AMQPError.self) { try encoded { try $0.append(table: [longest + "n": .void]) } }
    }
}
