import Bytes
import Testing

@Suite("Octets")
struct ByteBufferTests {
    @Test("integers are written in network order and read back")
    func integers() throws {
        var buffer = ByteBuffer()
        buffer.append(integer: UInt16(0x0102))
        buffer.append(integer: Int64(-2))
        let written = buffer.array
        #expect(written == [1, 2, 255, 255, 255, 255, 255, 255, 255, 254])
        try buffer.withBytes { bytes in
            var reader = ByteReader(bytes)
            let first = try reader.read(UInt16.self)
            let second = try reader.read(Int64.self)
            #expect(first == 0x0102)
            #expect(second == -2)
            #expect(reader.isAtEnd)
            #expect(throws: EndOfBytes.self) { _ = try reader.read(UInt8.self) }
        }
    }

    @Test("a negative or too long slice is an error, not a trap")
    func slices() {
        let octets: [UInt8] = [1, 2, 3]
        octets.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            #expect(throws: EndOfBytes.self) { _ = try reader.readBytes(4) }
            #expect(throws: EndOfBytes.self) { _ = try reader.readBytes(-1) }
            #expect(throws: EndOfBytes.self) { try reader.skip(Int.max) }
            #expect(reader.remaining == 3)
        }
    }

    @Test("what is consumed at the front makes room at the end, in order")
    func queue() {
        var buffer = ByteBuffer(capacity: 64)
        var expected: [UInt8] = []
        var next: UInt8 = 0
        for round in 0..<500 {
            for _ in 0..<(round % 41) {
                buffer.append(next)
                expected.append(next)
                next &+= 1
            }
            let gone = min(round % 37, buffer.count)
            buffer.consume(gone)
            expected.removeFirst(gone)
            let left = buffer.array
            #expect(left == expected)
        }
    }

    @Test("decimal digits", arguments: [0, 7, 10, 1041, -5, Int.max, Int.min])
    func decimal(value: Int) {
        var buffer = ByteBuffer()
        buffer.append(decimal: value)
        let digits = String(decoding: buffer.array, as: UTF8.self)
        #expect(digits == String(value))
    }

    @Test("a length is patched after its content was written")
    func patch() {
        var buffer = ByteBuffer()
        buffer.append(9)
        buffer.consume(1)
        buffer.append(integer: UInt32(0))
        buffer.append(utf8: "abc")
        buffer.set(integer: UInt32(3), at: 0)
        let octets = buffer.array
        #expect(octets == [0, 0, 0, 3, 97, 98, 99])
        buffer.truncate(to: 4)
        let left = buffer.count
        #expect(left == 4)
        buffer.release()
        let empty = buffer.isEmpty
        #expect(empty)
    }
}
