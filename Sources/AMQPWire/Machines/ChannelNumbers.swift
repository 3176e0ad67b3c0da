/// Hands out channel numbers from 1 to the maximum that was agreed. A number comes back only after close-ok.
package struct ChannelNumbers: Sendable {
    package let maximum: UInt16
    private var fresh: UInt32 = 1
    private var released: [UInt16] = []
    private var used: Set<UInt16> = []

    package init(maximum: UInt16) { self.maximum = maximum }

    package var inUse: Int { used.count }

    /// A number that nobody uses; throws when there is none.
    package mutating func take() throws(AMQPError) -> UInt16 {
        if let number = released.popLast() {
            used.insert(number)
            return number
        }
        guard fresh <= UInt32(maximum) else {
            throw AMQPError(.channelsExhausted, "all \(maximum) channels of the connection are in use")
        }
        let number = UInt16(fresh)
        fresh += 1
        used.insert(number)
        return number
    }

    /// Gives a number back; one that is not taken is left alone.
    package mutating func release(_ number: UInt16) {
        if used.remove(number) != nil { released.append(number) }
    }
}
