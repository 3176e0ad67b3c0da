/// The flags and properties of a message as they arrived, checked. Few octets are held in place: most messages have a
/// handful of short properties, and an array would be one more object for each.
package struct PropertyOctets: Sendable {
    private static let room = 48

    private var inPlace = InlineArray<48, UInt8>(repeating: 0)
    private var elsewhere: [UInt8]?
    package let count: Int

    /// What is no more than the flags, none of which is set, counts as nothing.
    package init(_ octets: UnsafeRawBufferPointer) {
        count = octets.count > 2 ? octets.count : 0
        if count > Self.room {
            elsewhere = [UInt8](octets)
        } else {
            for index in 0..<count { inPlace[index] = octets[index] }
        }
    }

    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        if let elsewhere { return elsewhere.withUnsafeBytes(body) }
        return inPlace.span.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
}

extension BasicProperties {
    package init(_ octets: borrowing PropertyOctets) {
        self = octets.withBytes { $0.isEmpty ? BasicProperties() : BasicProperties(checked: $0) }
    }
}
