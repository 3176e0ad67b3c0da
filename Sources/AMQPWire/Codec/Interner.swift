/// Gives the same `String` for the same octets, so that the exchange, key and consumer tag of each delivery are not
/// allocated again. It holds a fixed number of strings; a newcomer displaces the one in its place.
package struct Interner: Sendable {
    private var slots: [String]
    private static let count = 128

    package init() { slots = Array(repeating: "", count: Self.count) }

    package mutating func string(_ octets: UnsafeRawBufferPointer) -> String {
        // Up to 15 octets a String holds in place.
        if octets.count <= 15 { return String(decoding: octets, as: UTF8.self) }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for octet in octets { hash = (hash ^ UInt64(octet)) &* 0x100_0000_01b3 }
        let index = Int(truncatingIfNeeded: (hash ^ (hash >> 29)) & UInt64(Self.count - 1))
        if slots[index].utf8.elementsEqual(octets) { return slots[index] }
        let string = String(decoding: octets, as: UTF8.self)
        slots[index] = string
        return string
    }
}
