/// Reads octets of exactly the form in which this program itself writes its smallest messages, which are most of all that it
/// reads. Whatever else is allowed is left to the JSON decoder: every function says no at the first octet that differs.
struct PlainOctets {
    private let octets: [UInt8]
    private var place = 0

    init(_ octets: [UInt8]) { self.octets = octets }

    var isAtEnd: Bool { place == octets.count }

    mutating func skip(_ literal: StaticString) -> Bool {
        let count = literal.utf8CodeUnitCount
        guard octets.count - place >= count else { return false }
        let start = literal.utf8Start
        for index in 0..<count where octets[place + index] != start[index] { return false }
        place += count
        return true
    }

    /// A whole number from 0 to 10^18 - 1 without leading zeros.
    mutating func number() -> Int? {
        let start = place
        var value = 0
        while place < octets.count, case let digit = octets[place] &- UInt8(ascii: "0"), digit < 10 {
            guard place - start < 18 else { return nil }
            value = value * 10 + Int(digit)
            place += 1
        }
        guard place > start, octets[start] != UInt8(ascii: "0") || place == start + 1 else { return nil }
        return value
    }

    /// Printable ASCII that needs no escape, up to the next quotation mark, which is taken too.
    mutating func text() -> String? {
        let start = place
        while place < octets.count {
            let octet = octets[place]
            if octet == UInt8(ascii: "\"") {
                defer { place += 1 }
                return String(unsafeUninitializedCapacity: place - start) { buffer in
                    for index in 0..<(place - start) { buffer[index] = octets[start + index] }
                    return place - start
                }
            }
            guard (0x20..<0x7F).contains(octet), octet != UInt8(ascii: "\\") else { return nil }
            place += 1
        }
        return nil
    }
}
