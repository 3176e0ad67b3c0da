/// Something that takes octets from outside and must stand them all.
package struct FuzzTarget: Sendable {
    package let name: String
    /// Octets that make sense in one input.
    package let maximumLength: Int
    /// Says what is wrong, nil if nothing is; a trap is a finding too.
    package let run: @Sendable (UnsafeRawBufferPointer) -> String?

    package static let all = [
        FuzzTarget(name: "frames", maximumLength: 1024, run: fuzzFrames),
        FuzzTarget(name: "codec", maximumLength: 1024, run: fuzzCodec),
        FuzzTarget(name: "uri", maximumLength: 256, run: fuzzURI),
        FuzzTarget(name: "machines", maximumLength: 1024, run: fuzzMachines),
        FuzzTarget(name: "client", maximumLength: 4096, run: fuzzClient),
        FuzzTarget(name: "requests", maximumLength: 1024, run: fuzzRequests),
        FuzzTarget(name: "responses", maximumLength: 1024, run: fuzzResponses),
        FuzzTarget(name: "documents", maximumLength: 512, run: fuzzDocuments),
    ]
}

/// An input read as a list of choices; after its end every choice is zero.
struct Choices {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    var isAtEnd: Bool { position >= bytes.count }
    var remaining: Int { bytes.count - position }

    mutating func octet() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func bool() -> Bool { octet() & 1 != 0 }
    mutating func short() -> UInt16 { UInt16(octet()) << 8 | UInt16(octet()) }
    mutating func long() -> UInt32 { UInt32(short()) << 16 | UInt32(short()) }
    mutating func longLong() -> UInt64 { UInt64(long()) << 32 | UInt64(long()) }

    /// From 0 to `count - 1`; `count` is at least one.
    mutating func below(_ count: Int) -> Int { Int(octet()) % count }

    mutating func octets(_ count: Int) -> ArraySlice<UInt8> {
        let taken = bytes[position..<min(bytes.count, position + count)]
        position += taken.count
        return taken
    }

    /// The length of a body: every small one, and some above each frame size that the broker agrees to.
    mutating func bodySize() -> Int {
        let octet = Int(octet())
        return octet < 200 ? octet : (octet - 199) * 2500
    }

    mutating func text() -> String { String(decoding: octets(Int(octet() & 15)), as: UTF8.self) }
}
