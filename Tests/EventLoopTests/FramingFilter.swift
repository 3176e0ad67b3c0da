import Bytes
import EventLoop
import Glibc

/// A filter that behaves as TLS does, without the cryptography: a greeting of each side comes first; then what is sent
/// goes in frames of a length (two octets) and that many octets, inverted; a frame of no octets is the goodbye.
///
/// The length 0xFFFF is an error, which is answered by `sorry`.
final class FramingFilter: StreamFilter {
    static let greeting = Array("hello".utf8)
    static let goodbye: [UInt8] = [0, 0]
    static let wrong: [UInt8] = [0xFF, 0xFF]
    static let sorry = Array("sorry".utf8)

    private(set) var isEstablished = false
    private(set) var hasEnded = false
    private var input: [UInt8] = []

    /// What `octets` look like in one frame.
    static func frame(_ octets: [UInt8]) -> [UInt8] {
        [UInt8(octets.count >> 8), UInt8(octets.count & 0xFF)] + octets.map { ~$0 }
    }

    func start(_ wire: inout ByteBuffer) { wire.append(Self.greeting) }

    func receive(
        _ octets: UnsafeRawBufferPointer, plain: inout ByteBuffer, wire: inout ByteBuffer
    ) throws(SystemError) {
        input += octets
        if !isEstablished {
            guard input.count >= Self.greeting.count else { return }
            isEstablished = true
            input.removeFirst(Self.greeting.count)
        }
        var position = 0
        defer { input.removeFirst(position) }
        while !hasEnded, input.count - position >= 2 {
            let size = Int(input[position]) << 8 | Int(input[position + 1])
            if size == 0xFFFF {
                wire.append(Self.sorry)
                throw SystemError("filter", code: EPROTO)
            }
            guard input.count - position >= 2 + size else { return }
            let payload = input[position + 2..<position + 2 + size]
            position += 2 + size
            if size == 0 { hasEnded = true }
            plain.append(payload.map { ~$0 })
        }
    }

    func send(_ plain: UnsafeRawBufferPointer, wire: inout ByteBuffer) -> Int {
        var position = 0
        while position < plain.count {
            let piece = plain[position..<min(plain.count, position + 0xFFFE)]
            wire.append(Self.frame(Array(piece)))
            position += piece.count
        }
        return plain.count
    }

    func finish(_ wire: inout ByteBuffer) { wire.append(Self.goodbye) }

    func peerDidEnd() throws(SystemError) { throw SystemError("filter", code: ECONNABORTED) }
}
