/// A message's body: its number, and octets that follow from it, so that a damaged one is noticed.
enum SoakMessage {
    static func body(_ id: Int) -> [UInt8] {
        var generator = SplitMix64(seed: UInt64(id))
        // Most are small; some need several frames.
        let size =
            switch Int.random(in: 0..<500, using: &generator) {
            case 0: Int.random(in: 130_000...300_000, using: &generator)
            case 1..<25: Int.random(in: 4000...20_000, using: &generator)
            default: Int.random(in: 8...400, using: &generator)
            }
        var body = [UInt8](repeating: UInt8(truncatingIfNeeded: id), count: size)
        for index in 0..<8 { body[index] = UInt8(truncatingIfNeeded: id >> (56 - 8 * index)) }
        var index = 8
        while index < size {
            body[index] = UInt8(truncatingIfNeeded: index)
            index += 97
        }
        return body
    }

    /// The number of an undamaged message.
    static func id(_ body: [UInt8]) -> Int? {
        guard body.count >= 8 else { return nil }
        let id = body[..<8].reduce(0) { $0 << 8 | Int($1) }
        return id >= 0 && body == Self.body(id) ? id : nil
    }
}

/// A small generator of random numbers with a seed (Steele, Lea, Flood 2014).
struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
