import Support

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
